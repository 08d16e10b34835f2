"""The commands: one grammar for all chats, answered without knowing a platform."""
