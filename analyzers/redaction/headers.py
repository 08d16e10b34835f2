"""Credentials in headers of requests and in addresses."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from analyzers.redaction.cuts import Cut
from analyzers.redaction.randomness import is_random, is_stand_in, is_well_known


def _name_and_password(value: bytes) -> bool:
    """Whether it is `name:password` in base64."""
    try:
        text = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    _, colon, password = text.partition(b":")
    return bool(colon) and text.isascii() and _password(password)


def _password(value: bytes) -> bool:
    return not is_well_known(value) and not is_stand_in(value)


def _token(value: bytes) -> bool:
    return is_random(value) and not is_stand_in(value)


_FORMS: Final = (
    (
        b"bearer ",
        re.compile(rb"bearer[ \t]++([A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE),
        _token,
        "authorization",
    ),
    (
        b"basic ",
        re.compile(rb"basic[ \t]++([A-Za-z0-9+/]{8,}={0,2})", re.IGNORECASE),
        _name_and_password,
        "authorization",
    ),
    (
        b"authorization",
        re.compile(
            rb"authorization\\{0,3}[\"'`]?[ \t]*+[:=,][ \t]*+\\{0,3}[\"'`]?"
            rb"(?:(?:token|api-?key|key|digest|hmac)[ \t=]++)?([A-Za-z0-9._~+/=:-]{16,})",
            re.IGNORECASE,
        ),
        _token,
        "authorization",
    ),
    (
        b"://",
        re.compile(
            rb"://[^\s/@:\"'`<>\\]{0,128}+:([^\s/\"'`<>]{1,256})@(?=[\w.\[%-])", re.IGNORECASE
        ),
        _password,
        "url-password",
    ),
)


def sent_secrets(data: bytes, folded: bytes) -> Iterator[Cut]:
    """The credentials that a text shows on their way.

    Args:
        data: the text.
        folded: the same in lower case.
    """
    for mark, pattern, is_secret, kind in _FORMS:
        at = folded.find(mark)
        while at >= 0:
            found = pattern.match(data, at)
            if found and is_secret(found[1]):
                yield Cut(*found.span(1), kind)
            at = folded.find(mark, found.end() if found else at + len(mark))
