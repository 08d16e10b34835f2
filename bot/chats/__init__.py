"""The platforms that the bot talks on: one adapter each, which implements `bot.conversation.Chat`."""
