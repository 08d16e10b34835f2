"""How models and titles write prose: names of the code stand between backticks."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = re.compile(r"(?<!`)`(?=\S)([^`\n]+)(?<=\S)`(?!`)")


def code_spans(text: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a text in order, each with whether it is code; code has lost its backticks."""
    for position, piece in enumerate(_CODE.split(text)):  # text and code by turns, text first
        if piece:
            yield piece, position % 2 == 1
