"""Pieces of a text that go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Cut(NamedTuple):
    """From where to where, and what it is."""

    start: int
    end: int
    kind: str
    """What stands in its place, as `[secret:kind]`; nothing does if it is empty."""


def placeholder(kind: str) -> bytes:
    """What stands in the place of a secret."""
    return b"[secret:%s]" % kind.encode() if kind else b""


def cut_out(data: bytes, cuts: Iterable[Cut]) -> bytes:
    """The text without these pieces. Of pieces that overlap the first gives its name to all."""
    parts: list[bytes] = []
    copied = 0
    for start, end, kind in sorted(cuts, key=lambda cut: (cut.start, -cut.end)):
        if start >= copied:
            parts += (data[copied:start], placeholder(kind))
        copied = max(copied, end)
    return b"".join((*parts, data[copied:]))
