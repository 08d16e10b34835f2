"""Which definitions a line of a patch stands in: those above it that are indented less."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzers.rules.languages import Language

HUNK = re.compile(r"@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@ ?(.*)")
"""A hunk's header: its first lines before and after, and what git takes for its section's title."""

CLOSING = ("}", ")", "]", "{", "#")
"""What starts lines that stand at the margin and yet end no definition."""

_FUNCTION = re.compile(r"\b(?:def|fn|func|fun|function)\b")


@dataclass(frozen=True, slots=True)
class Scope:
    """A definition that the lines below it may belong to."""

    name: str
    line: str
    indent: int
    is_function: bool


class Scopes:
    """The definitions around the line that was read last, the innermost last."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self.around: list[Scope] = []

    def enter(self, heading: str) -> str | None:
        """Start a hunk: nothing is known but its heading. The name that this defines, or None."""
        self.around.clear()
        return self.read(heading, is_comment=False)

    def read(self, text: str, *, is_comment: bool) -> str | None:
        """Go on to the next line, without its sign. The name that it defines, or None.

        `is_comment` is for blank lines too: they say nothing of where they stand.
        """
        name = self._language.defines(text)
        if not name and (is_comment or text.startswith(CLOSING)):
            return None
        indent = len(text) - len(text.lstrip())
        while self.around and self.around[-1].indent >= indent:
            self.around.pop()
        if name:
            self.around.append(Scope(name, text, indent, bool(_FUNCTION.search(text))))
        return name
