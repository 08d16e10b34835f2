"""`commitcast doctor`: what is wrong with what the bot needs, and what to do about it.

One module for each subject; `examination` runs them all at once.
"""
