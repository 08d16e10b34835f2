"""A commit becomes an analysis. Knows no chat, no forge, no clock and no settings."""
