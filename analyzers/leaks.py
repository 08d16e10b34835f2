"""Whether a reply gives away what a model was told. Pure.

It is asked of texts after they were read from their JSON, whose escapes could hide anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from analyzers.errors import ModelError
from analyzers.model import RulesReason

RUN = 8
"""Words in a row that nobody writes like the instructions by chance."""

_WORD = re.compile(r"[^\W_]+")


def refuse_leaks(texts: Iterable[str], instructions: str, mark: str) -> None:
    """Refuse a reply that quotes the instructions or the line around what strangers wrote.

    A commit that quotes the same words itself is refused too: rules tell it.

    Raises:
        ModelError: it does.
    """
    said = "\n".join(texts)  # a few words in each would be no run of any
    if mark in said or not _runs(instructions).isdisjoint(_runs_of(said)):
        raise ModelError(RulesReason.INVALID_REPLY, detail="the reply quotes its instructions")


@lru_cache(maxsize=8)
def _runs(instructions: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_runs_of(instructions))


def _runs_of(text: str) -> Iterable[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return zip(*(words[start:] for start in range(RUN)), strict=False)
