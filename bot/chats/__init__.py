"""The platforms that the bot talks on: one adapter each, an implementation of
`bot.conversation.Chat`."""
