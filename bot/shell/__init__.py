"""The commands of the shell: what `bot.cli` names, done."""
