"""The words of each language: one Fluent catalogue a language, complete in each.

A message is asked for by its name and variables, `words("commits", count=3)`; plural forms,
numbers and dates follow the language (Fluent and Babel know how). A language without a catalogue
reads English.
"""

from __future__ import annotations

from analyzers.errors import CommitcastError

LANGUAGES = ("en", "zh")
"""The languages that have a catalogue."""


class Words:
    """The catalogue of one language."""

    def __init__(self, language: str) -> None:
        raise NotImplementedError

    def __call__(self, message: str, /, **variables: str | int) -> str:
        """The text of a message. Raises KeyError for a message that is not in the catalogue."""
        raise NotImplementedError

    def error(self, error: CommitcastError) -> str:
        """What to tell people of an error: what happened and what to do."""
        return self(error.code, **error.details)


def words_for(language: str) -> Words:
    """The catalogue of a language (`en`, `zh`, `zh-CN`, ...); built once, English for unknown ones."""
    raise NotImplementedError
