"""Scheduled digests: due, made, sent and mended, each exactly once."""
