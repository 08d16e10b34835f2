"""Taking a commit's title apart: declared types, scopes, marks, and the words that remain."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from analyzers.model import Kind
from analyzers.rules.words import BREAKING_GITMOJI, CHINESE, FILLERS, GITMOJI, LEADING, SMALL, TYPES
from analyzers.text import clean_line, shorten

MAX_TITLE = 300
"""Characters of a title that are read and shown; longer ones are bodies without a line break."""

_PREFIXES = 8
"""Brackets, marks and types before the words; real titles carry up to four."""

_BRACKETS = re.compile(r"[\[【]([^\[\]【】]{1,60})[\]】][:：]?\s*")
_COLON = re.compile(r"([^:：\n]{1,60}?)\s?[:：](?![:/])\s*")
_HEAD = re.compile(r"([^()\[\]（）]{1,50}?)\s?(?:[(\[（]([^()\[\]（）]{1,60})[)\]）])?\s?(!?)$")
_SLASH = re.compile(r"([A-Za-z]{2,12})/(?=[A-Za-z][\w-]* )")
_NO_COLON = re.compile(r"([A-Za-z]{2,12})\(([^()]{1,60})\)(!?)\s+(?=\S)")
_SHORTCODE = re.compile(r":[a-z0-9_]{2,40}:")
_SCOPE_WORD = re.compile(r"[\w./@+*#&-]+$")
_SERIES = re.compile(r"(?:patch|part|step|pr|v)?\s*#?\d+(?:\s*(?:/|of)\s*[\dn]+)?$", re.IGNORECASE)
_TICKET = re.compile(r"(?:[A-Z][A-Z0-9]{1,9}-\d+|#\d+|(?:GH|gh)-\d+)$")
_REFERENCE_AT_END = re.compile(
    r"\s*(?:[(（](?:#|GH-|gh-|!)\d{1,9}[)）]|\[(?:skip ci|ci skip|no ci)\])$", re.IGNORECASE
)
_SCOPE_KINDS = {
    "deps": Kind.DEPENDENCIES,
    "depsdev": Kind.DEPENDENCIES,
    "dependencies": Kind.DEPENDENCIES,
    "release": Kind.RELEASE,
    "security": Kind.SECURITY,
    "docs": Kind.DOCS,
    "readme": Kind.DOCS,
    "test": Kind.TEST,
    "tests": Kind.TEST,
    "ci": Kind.CI,
    "lint": Kind.STYLE,
}
_VAGUE = frozenset({Kind.CHORE, Kind.BUILD, Kind.FIX})
_CHINESE_VERBS = tuple(phrase for _, phrases in CHINESE for phrase in phrases if len(phrase) > 1)
_IN_SENTENCES = frozenset({"a", "an", "the", "to", "of", "for", "in", "on", "with", "is", "are"})
"""Words that no name of a component has, but a sentence before a colon."""

_NO_SCOPES = frozenset(
    {"wip", "draft", "rfc", "rfr", "nfc", "autosync", "donotmerge", "cherrypick", "all", "*"}
)


@dataclass(frozen=True, slots=True)
class Title:
    """A title, taken apart."""

    text: str
    """The words without types, scopes, marks and trailing references; empty for an empty title."""
    types: tuple[Kind, ...] = ()
    """The kinds that prefixes declare, in their order."""
    scopes: tuple[str, ...] = ()
    """The parts of the repository that prefixes name, in their order, as they are written."""
    breaking: str = ""
    """The prefix that marks a breaking change (`feat(api)!:`, `[breaking]`), or empty."""
    calls_itself_small: bool = False
    """Whether it says "tiny", "minor" or the like."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words in lower case from the first one that says something, marks cut off."""
        words = [word.strip(".,;!?\"'`()").lower() for word in self.text.split()]
        start = 0
        while start < len(words) - 1 and (
            words[start] in FILLERS or _TICKET.match(words[start].upper())
        ):
            start += 1
        return tuple(words[start:])


def parse_title(line: str) -> Title:
    """Take a title apart; every text is one, whatever convention it follows or breaks."""
    whole = shorten(clean_line(line[: 4 * MAX_TITLE]), MAX_TITLE)
    rest = _without_references(whole)
    parts = _Parts()
    for _ in range(_PREFIXES):
        taken = next(filter(None, (take(rest, parts) for take in _TAKERS)), 0)
        if not taken or not (remaining := rest[taken:].strip()):
            break
        rest = remaining
    words = rest.lower().split()
    return Title(
        text=_capitalized(rest),
        types=tuple(dict.fromkeys(parts.types)),
        scopes=tuple(dict.fromkeys(parts.scopes)),
        breaking=parts.breaking,
        calls_itself_small=any(word in SMALL for word in words[:3]) or parts.small,
    )


class _Parts:
    """What prefixes have said so far."""

    def __init__(self) -> None:
        self.types: list[Kind] = []
        self.scopes: list[str] = []
        self.breaking = ""
        self.small = False

    def add_scopes(self, text: str) -> None:
        for scope in re.split(r"[,，;|]", text):
            name = scope.strip(" `'\"*")
            if name and not _SERIES.match(name) and not _TICKET.match(name):
                kind = _SCOPE_KINDS.get(_key(name))
                if kind and set(self.types) <= _VAGUE:
                    self.types.insert(0, kind)
                elif _key(name) not in _NO_SCOPES:
                    self.scopes.append(name)


def _take_mark(text: str, parts: _Parts) -> int:
    """The length of a leading gitmoji, written as a character or as `:name:`."""
    code = _SHORTCODE.match(text)
    if code:
        mark, length = code.group(), code.end()
    elif text and unicodedata.category(text[0]) in ("So", "Sm") and not text[0].isascii():
        mark, length = text[0], 1
        while length < len(text) and text[length] in "\ufe0e\ufe0f\u200d":
            length += 1
    else:
        return 0
    if mark in BREAKING_GITMOJI:
        parts.breaking = parts.breaking or mark
    elif mark in GITMOJI:
        parts.types.append(GITMOJI[mark])
    return length


def _take_brackets(text: str, parts: _Parts) -> int:
    """The length of a leading `[tag]`."""
    match = _BRACKETS.match(text)
    if not match:
        return 0
    tag = match.group(1).strip()
    if _key(tag) in ("breaking", "breakingchange", "breakingchanges", "不兼容"):
        parts.breaking = parts.breaking or match.group().strip()
    elif _key(tag) in TYPES:
        _declare(_key(tag), parts)
    else:
        parts.add_scopes(tag)
    return match.end()


def _take_colon(text: str, parts: _Parts) -> int:
    """The length of a leading `type(scope)!:`, `type:` or `scope:`."""
    match = _COLON.match(text)
    head = match and _HEAD.match(match.group(1).strip())
    if not match or not head:
        return 0
    name, scope, mark = head.group(1).strip(), head.group(2) or "", head.group(3)
    words = name.split()
    tight = match.end() == len(text) or not text[match.end() - 1].isspace()
    first = words[0].lower() if words else ""
    if _key(name) in TYPES:
        _declare(_key(name), parts)
    elif (
        len(words) == 2
        and first in TYPES
        and first != "security"
        and _SCOPE_WORD.match(words[1])
        and not tight
    ):
        parts.types.append(TYPES[first])
        if _key(words[1]) not in TYPES:
            parts.add_scopes(words[1])
    elif _looks_like_scope(words) and not (tight and match.group().strip()[-1] == ":"):
        parts.add_scopes(name)
    else:
        return 0
    parts.add_scopes(scope)
    if mark:
        parts.breaking = parts.breaking or match.group().strip()
    return match.end()


def _take_bare_type(text: str, parts: _Parts) -> int:
    """The length of a type that lacks its colon: `feat(scope) words`, `Feat/words` of a branch."""
    match = _NO_COLON.match(text) or _SLASH.match(text)
    if not match or _key(match.group(1)) not in TYPES:
        return 0
    _declare(_key(match.group(1)), parts)
    if match.re is _NO_COLON:
        parts.add_scopes(match.group(2))
        parts.breaking = parts.breaking or (match.group().strip() if match.group(3) else "")
    return match.end()


_TAKERS = (_take_mark, _take_brackets, _take_colon, _take_bare_type)


def _looks_like_scope(words: list[str]) -> bool:
    if not 1 <= len(words) <= 3 or words[0].lower() in {*LEADING, "merge", "bump"}:
        return False
    if words[0].startswith(_CHINESE_VERBS):
        return False
    if _IN_SENTENCES & {word.lower() for word in words}:
        return False
    return all(_SCOPE_WORD.match(word.rstrip(",")) for word in words)


def _declare(key: str, parts: _Parts) -> None:
    parts.types.append(TYPES[key])
    parts.small = parts.small or key in SMALL


def _key(text: str) -> str:
    """A type or tag for looking up: `Bug Fix`, `bug-fix` and `BugFix` are one."""
    return re.sub(r"[\s_-]", "", text).lower()


def _without_references(text: str) -> str:
    while match := _REFERENCE_AT_END.search(text):
        if not match.start():
            break
        text = text[: match.start()]
    return text


def _capitalized(text: str) -> str:
    """With a capital where a plain word begins, so that lists read evenly; names with digits,
    dots or capitals of their own keep their letters."""
    first, space, _ = text.partition(" ")
    is_plain = first.isascii() and first.isalpha() and first.islower()
    return text[0].upper() + text[1:] if space and is_plain else text
