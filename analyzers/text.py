"""Untrusted text, made harmless to look at. Escaping for a sink is the formatters' work."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that change the direction of writing
    "\u200b\u2060-\u2065\u180e\ufeff\u00ad"  # characters without a width (joiners are kept)
    "\ufff9-\ufffb"  # interlinear annotation
    "\U000e0000-\U000e007f"  # tag characters
    "\ud800-\udfff"  # lone surrogates, which no encoding can carry
    "]"
)


def clean(text: str) -> str:
    """Text without control, invisible and direction-changing characters, in Unicode form NFC.

    Line ends become `\\n`; tabs and line feeds stay. Zero-width joiners stay: Persian, Indic
    scripts and emoji are written with them.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSAFE.sub("", unified))


def clean_line(text: str) -> str:
    """Cleaned text on one line: every run of white space is one space."""
    return " ".join(clean(text).split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words if there are several, then an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head, space, _ = cut.rpartition(" ")
    return f"{head if space and len(head) > limit // 2 else cut}…"
