"""Which functions, classes, constants and options a commit adds, removes and changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from analyzers.model import FileRole
from analyzers.rules.languages import LANGUAGES, Language
from analyzers.rules.reading import ReadFile, Reading
from analyzers.rules.scopes import CLOSING, HUNK, Scopes
from analyzers.rules.words import word_set

MAX_SYMBOLS = 100
"""Names in each list: beyond, a list tells no more than its length."""

_INTERNAL = word_set(
    "internal _internal private impl detail details benchmark benchmarks bench benches scripts "
    "tools hack cmd main"
)
_HEADERS = frozenset({"h", "hh", "hpp", "cuh"})
_OPTION_HINTS = ('"--', "'--", "`--", "long", "flag", "Flags")
_OPTION = re.compile(r"[\"'`](--[a-z][\w-]{1,60})[\"'`= ]")
_DECLARES_OPTION = re.compile(
    r"add_argument|add_option|\boption\(|\.option|Option\(|flags?\.|Flags\(\)|Arg::new|@arg|#\[arg"
)
_DECLARED_LONG = re.compile(
    r"(?:\blong\s*=\s*|\blong\(|(?:flags?|Flags\(\))\.\w{2,20}\(&?[\w., &]{0,60})"
    r"\"([a-z][\w-]{1,60})\""
)


@dataclass(frozen=True, slots=True)
class Symbols:
    """The names, each list in the order of the commit."""

    added: tuple[str, ...] = ()
    """Names that appear."""
    removed: tuple[str, ...] = ()
    """Names that disappear and do not reappear elsewhere in the commit."""
    changed: tuple[str, ...] = ()
    """Names whose definition or body changed."""
    public_removed: tuple[str, ...] = ()
    """The removed ones that others could have used."""


@dataclass(slots=True)
class _Found:
    """Names met so far; dictionaries keep their order."""

    added: dict[str, None] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    public: dict[str, None] = field(default_factory=dict)
    touched: dict[str, None] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)


def symbols_of(reading: Reading) -> Symbols:
    """The symbols of all source files whose language is known."""
    found = _Found()
    for file in reading.of_role(FileRole.SOURCE):
        language = LANGUAGES.get(file.extension)
        if language and file.lines:
            _read_definitions(file, language, found)
            _read_options(file, found)
    removed = [n for n in found.removed if n not in found.added and n not in found.kept]
    added = [n for n in found.added if n not in found.removed and n not in found.kept]
    moved = [n for n in found.removed if n in found.added]
    gone = {*added, *removed}
    changed = dict.fromkeys(n for n in (*moved, *found.touched) if n not in gone)
    return Symbols(
        added=tuple(added[:MAX_SYMBOLS]),
        removed=tuple(removed[:MAX_SYMBOLS]),
        changed=tuple(changed)[:MAX_SYMBOLS],
        public_removed=tuple(n for n in removed if n in found.public)[:MAX_SYMBOLS],
    )


def _read_definitions(file: ReadFile, language: Language, found: _Found) -> None:
    """Follow the patch: what is indented deeper than a definition belongs to it."""
    scopes = Scopes(language)
    is_open = not _is_closed(file)
    for line in file.lines:
        sign, text = line[:1], line[1:]
        if hunk := HUNK.match(line):
            scopes.enter(hunk.group(3))
            continue
        is_comment = file.is_comment(text)
        name = scopes.read(text, is_comment=is_comment)
        if name:
            _record(sign, name, found)
            is_local = any(scope.is_function for scope in scopes.around[:-1])
            if sign == "-" and is_open and not is_local and language.is_public(text, name):
                found.public[name] = None
        elif scopes.around and sign in "+-" and not is_comment and not text.startswith(CLOSING):
            found.touched[scopes.around[-1].name] = None


def _record(sign: str, name: str, found: _Found) -> None:
    if sign == "+":
        found.added[name] = None
    elif sign == "-":
        found.removed[name] = None
    elif sign == " ":
        found.kept[name] = None


def _read_options(file: ReadFile, found: _Found) -> None:
    """Options of a command line, where they are declared: those that a script passes on do not
    count."""
    if not any(hint in (file.change.patch or "") for hint in _OPTION_HINTS):
        return
    before = ""
    for line in file.lines:
        sign, text = line[:1], line[1:]
        options = _DECLARED_LONG.findall(text)
        names = [f"--{name.lstrip('-')}" for name in options]
        if not names and (_DECLARES_OPTION.search(text) or _DECLARES_OPTION.search(before)):
            names = _OPTION.findall(text)
        for name in names:
            _record(sign, name, found)
            if sign == "-" and not _is_closed(file):
                found.public[name] = None
        before = text if text.rstrip().endswith(("(", ",")) and not names else ""


def _is_closed(file: ReadFile) -> bool:
    """Whether a file is not for others by its path."""
    *folders, name = file.change.path.split("/")
    hidden = name.startswith("_") and not name.startswith("__")
    if hidden or not _INTERNAL.isdisjoint(folders):
        return True
    if any(folder.startswith("_") for folder in folders):
        return True
    return LANGUAGES.get(file.extension) is LANGUAGES["c"] and file.extension not in _HEADERS
