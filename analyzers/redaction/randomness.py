"""Whether a value was drawn by a machine or made hard to guess, or is only a name."""

from __future__ import annotations

import re
from typing import Final

_READ: Final = 200
"""Characters of a value that tell."""

_PIECE: Final = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_CHANGE: Final = re.compile(rb"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])")
_VOWEL: Final = re.compile(rb"[aeiouyAEIOUY]")
_CLUSTER: Final = re.compile(rb"[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{5}")
_HEX: Final = re.compile(rb"[0-9a-fA-F]+")
_STAND_IN: Final = re.compile(
    rb"\[secret:|^x+$|x{5}|\*{3}|\.{3}|#{4}|_{4}|0{8}|1{8}|\xe2\x80\xa6"  # nothing, or ours
    rb"|^[$<{%\[]|\$[{(]|\{\{|#\{|%\(\w+\)s|%s"  # a reference
    rb"|example|change.?(?:me|it)|placeholder|redacted|replace|insert|dummy|sample|foobar"
    rb"|(?:^|[^a-z0-9])(?:your|fake|mock|todo)(?:$|[^a-z0-9])|(?:secret|token|key|password).?here|not.?a.?(?:real|secret)",
    re.IGNORECASE,
)

_WELL_KNOWN: Final = frozenset(
    b"password passwd passw0rd pass pwd pw p secret token key root admin administrator guest user"
    b" username login toor default none null nil true false undefined empty app api db x y z"
    b" postgres postgresql mysql mariadb mongo mongodb redis rabbitmq minio docker"
    b" 123456 12345678 qwerty letmein test testing tests test123 testpass testpassword foo bar"
    b" baz mypassword mypass mysecret mytoken".split()
)


def is_well_known(value: bytes) -> bool:
    """Whether everybody would try it first: it is nobody's secret."""
    return value.lower() in _WELL_KNOWN


def is_stand_in(value: bytes) -> bool:
    """Whether it says that it stands for another value, or where that is."""
    return _STAND_IN.search(value, 0, _READ) is not None


def is_random(value: bytes) -> bool:
    """Whether letters and digits are mixed as they are in no name, path or version.

    Of drawn text of 20 characters about 99 % is taken for it (of 32, all), of the names in program
    text about 1 %.
    """
    value = value[:_READ]
    length, changes = len(value), len(_CHANGE.findall(value))
    if _HEX.fullmatch(value):
        return changes >= max(3, length // 10)
    found = pieces(value)
    if changes + len(found) < 3:
        return False
    told = sum(len(piece) for piece in found if _is_word(piece))
    many = len(found) >= 0.27 * length or changes >= max(4, length // 8)
    return many or (told <= 0.45 * length and changes > 0)


def pieces(name: bytes) -> list[bytes]:
    """The words and numbers of a name in any style."""
    found: list[bytes] = _PIECE.findall(name)
    return found


def _is_word(piece: bytes) -> bool:
    return len(piece) > 2 and bool(_VOWEL.search(piece)) and not _CLUSTER.search(piece)
