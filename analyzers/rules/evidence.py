"""What changed lines show by themselves, whatever the message calls them.

Dangerous commits often have quiet titles ("reorder", "tidy rendering"). What is found here keeps a
commit from being taken for harmless; it proves nothing, and a model may still find it so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from analyzers.model import FileRole
from analyzers.rules.reading import ReadFile, Reading
from analyzers.text import shorten

_QUOTE = 80
"""Characters of a line that are shown as evidence."""

_MOST_LINES, _LONGEST_LINE = 1_500, 200
"""Lines of a commit, and characters of each, that are read for evidence: a larger one is important
enough by its size."""

_SENSITIVE = re.compile(
    # rights and untrusted input
    r"verif(?:y|ied|ication)|certificates?|(?:tls|ssl|hmac|csrf|cors|jwt|nonce|umask|chmod)\b"
    r"|timing_?safe|compare_?digest|constant_?time|passw(?:or)?d|secrets?\b|credential|permission"
    r"|\b0o?[0-7]{3}\b|authori[sz]|authenticat|is_?(?:admin|owner)|saniti[sz]|escape|innerhtml"
    r"|dangerously|\braw\b|pickle|\beval\(|\bexec\(|algorithms?\b|signatures?\b|allow_?list"
    r"|(?:un)?trusted|realpath|cookie|private_?(?:ip|net)"
    # threads and waiting
    r"|(?:un)?lock(?:ed|_guard|s)?!?\(?$|mutex|synchronized|atomic|notify|\bsignal\(|condvar"
    r"|\bchan\b|semaphore|timeout|deadline|\bawait\b|\bwait\(|barrier|volatile"
    # data that stays
    r"|f?sync\w*\(|flush|\bcommit\(|rollback|transaction|\brename\(|truncat|unlink|rmtree|\brm\b"
    r"|remove_all|delete_all|\bttl\b|expir|erase|backup|\bwal\b|journal|checksum|\bcrc|overwrit"
    r"|dirty|conflict|idempoten|rate_?limit|throttl|quota|retention|\blimit\("
    # memory
    r"|\bk?free\(|malloc|memcpy|memmove|strn?cpy|sizeof|overflow|\bunsafe\b|refcount|_(?:get|put)\("
    r"|stride|max_?depth|weak(?:ref|value|map|ptr)|evict|unwrap\(|\bhead\b"
)
"""Words of code in lower case, with the bracket that may follow."""

_PROTECTIVE = re.compile(
    r"(?:un)?lock(?:_guard|s)?!?\(?$|mutex|synchronized|atomic|transaction\b|f?sync\(|fsync|timeout"
    r"|deadline|saniti[sz]e|escape|verify|timing_?safe|compare_?digest|constant_?time|csrf"
    r"|idempoten|algorithms?\b|\b0o?[64]00\b|realpath|max_?depth|\blimit\b|weak|quote|allow_?list"
    r"|is_?private|checked_|saturating_|try_from|gsub\("
)
_WORD = re.compile(r"[A-Za-z0-9_]{2,60}!?\(?")
_BUILT_QUERY = re.compile(
    r"\b(?:select|insert into|update|delete from)\b.{0,150}?"
    r"(?:%s|%d|\{\w|\$\{|[\"'] ?(?:\+|\.|\|\|) ?\w)",
    re.IGNORECASE,
)
_TOLD = re.compile(r"\"(?:[^\"\\]|\\.){0,400}\"|'(?:[^'\\]|\\.){0,400}'|`[^`]{0,400}`")
_BEHAVIOUR = re.compile(
    r"\b(?:if|else|elif|elsif|unless|while|for|switch|case|match|when|return|throw|raise|break"
    r"|continue|try|catch|except|rescue|finally|await|defer|yield|guard|goto|true|false|null|nil"
    r"|none|nullptr|undefined|not|and|or|\d[\d_.]*)\b|[=!<>]=|&&|\|\||<(?=\s)|>(?=\s)|\?\?|\?\.",
    re.IGNORECASE,
)
_CALL = re.compile(r"\b([A-Za-z_]\w{1,60})[!?]?(?=\()")
_LOGGING = re.compile(r"log|warn|info|debug|print|trace|echo|assert|expect|describe", re.IGNORECASE)
_GUARD = re.compile(
    r"^\s*(?:\}\s*)?(?:if|unless|guard|when|case)\b.{0,120}?(?:[=!]=|<=?|>=?|\bnot\b|!\w|\bnull\b"
    r"|\bnil\b|\bnone\b|\bundefined\b|empty|missing|exists|isnull|\bin\b|is_none|let some)",
    re.IGNORECASE,
)
_EXIT = re.compile(
    r"\b(?:return|throw|raise|continue|break|error|abort|die|exit|goto|bail|ensure)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"([A-Za-z_]\w{0,60})\s?(?:<[^<>]{0,60}>)?$")
_DEFINES = re.compile(
    r"^\s*(?:export|public|protected|internal|open|override|static|async|pub|extern|virtual|final"
    r"|abstract|inline|const|def|fn|func|function|fun|sub|proc|int|void|bool|char|struct|unsigned"
    r"|double|float|long|auto|\w+\s*\*)\b"
)
_PRIVATE = re.compile(r"\b(?:private|static (?:int|void|bool)|local)\b|\b_\w+\s*\(")
_HEADER = re.compile(r"(?:^|/)include/|\.(?:h|hh|hpp|hxx|pyi|d\.ts|proto|thrift|fbs|avsc)$")
_OPENNESS = re.compile(r"^\s*(?:@\w+\s+)*(public|open|export|pub)\b")
_VERSION_CONSTANT = re.compile(r"\b\w*version\w*\b\s*[:=]\s*\d+", re.IGNORECASE)
_UNTRUSTED_IN_WORKFLOW = re.compile(
    r"\$\{\{[^}]{0,60}github\.(?:event|head_ref)|pull_request_target|permissions?:|write-all"
    r"|persist-credentials|secrets\.",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the changed lines of a commit show; every text is a quotation, empty for nothing."""

    guard: str = ""
    """A condition that is checked anew before going on."""
    sensitive: str = ""
    """A word in code where mistakes cost most: rights, locks, what is kept, memory."""
    protection: str = ""
    """A word for a lock, a check or a limit that is there now and was not before."""
    interface: str = ""
    """A definition that callers or stored data meet, other than before."""
    behaves_differently: bool = False
    """Whether conditions, numbers or calls differ at all."""
    only_removes_calls: bool = False
    """Whether nothing but calls went away: what they did is not done any more."""


def evidence_of(reading: Reading) -> Evidence:
    """Read the changed lines of what ships."""
    source = _bounded(reading.of_role(FileRole.SOURCE))
    removed = [line for file in source for line in _code(file, "-")]
    added = [line for file in source for line in _code(file, "+")]
    if (
        added
        and Counter(map(str.strip, removed)) == Counter(map(str.strip, added))
        and all(_is_import(line) for line in added)
    ):
        return Evidence()
    if _is_renaming(removed, added):
        return Evidence(interface=_first(_interfaces(source)))
    return Evidence(
        guard=_first(_guards(source)),
        sensitive=_first(_sensitive(removed, added)) or _first(_sensitive(*_settings(reading))),
        protection=_protection(removed, added),
        interface=_first(_interfaces(source)),
        only_removes_calls=not added
        and bool(_calls(removed))
        and not any(_DEFINES.match(line) for line in removed),
        behaves_differently=_behaviour(removed) != _behaviour(added)
        or _calls(removed) != _calls(added),
    )


def risky_workflow(reading: Reading) -> str:
    """A changed line of a workflow that decides what strangers may run there, or empty."""
    lines = (text for file in reading.of_role(FileRole.CI) for _, text in file.changed())
    return _first(line for line in lines if _UNTRUSTED_IN_WORKFLOW.search(line))


def _settings(reading: Reading) -> tuple[list[str], list[str]]:
    """The removed and added lines of configuration that ships."""
    files = _bounded(reading.of_role(FileRole.CONFIG))
    removed, added = ([line for file in files for line in _code(file, sign)] for sign in "-+")
    return removed, added


def _first(lines: Iterable[str]) -> str:
    return shorten(next(iter(lines), "").strip(), _QUOTE)


def _bounded(files: Iterable[ReadFile]) -> list[ReadFile]:
    """The first files whose lines together are no more than are read."""
    read: list[ReadFile] = []
    left = _MOST_LINES
    for file in files:
        read.append(replace(file, lines=file.lines[:left]))
        left = max(left - len(file.lines), 0)
    return read


def _changed(file: ReadFile) -> Iterator[tuple[str, str]]:
    """The changed lines that are code, each with its sign."""
    changed = ((sign, text[:_LONGEST_LINE]) for sign, text in file.changed())
    return ((sign, text) for sign, text in changed if not file.is_comment(text))


def _code(file: ReadFile, sign: str) -> Iterator[str]:
    return (text for s, text in _changed(file) if s == sign)


def _is_import(line: str) -> bool:
    return bool(
        re.match(r"\s*(?:import|from|use|using|#include|require|package)\b|\s*[\"'(){},]", line)
    )


def _is_renaming(removed: list[str], added: list[str]) -> bool:
    """Whether the added lines are the removed ones with some names replaced throughout."""
    if not removed or len(removed) != len(added):
        return False
    names: dict[str, str] = {}
    for before, after in zip(removed, added, strict=True):
        old, new = (re.findall(r"\w+|[^\w\s]", line) for line in (before, after))
        if len(old) != len(new):
            return False
        for one, other in zip(old, new, strict=True):
            if one != other and not (one[0].isalpha() or one[0] == "_"):
                return False
            if names.setdefault(one, other) != other or (
                _BEHAVIOUR.fullmatch(one) and one != other
            ):
                return False
    return len(set(names.values())) == len(names) and any(a != b for a, b in names.items())


def _behaviour(lines: Iterable[str]) -> Counter[str]:
    return Counter(
        token.lower() for line in lines for token in _BEHAVIOUR.findall(_TOLD.sub('""', line))
    )


def _calls(lines: Iterable[str]) -> Counter[str]:
    names = (name for line in lines for name in _CALL.findall(_TOLD.sub('""', line)))
    return Counter(name for name in names if not _LOGGING.search(name))


def _guards(files: Iterable[ReadFile]) -> Iterator[str]:
    """Added conditions that are followed at once by an added way out."""
    for file in files:
        pending, age = "", 0
        for line in file.lines:
            if line[:1] != "+":
                pending = pending if line[:1] == " " and age < 1 else ""
                age += 1
                continue
            text = line[1:_LONGEST_LINE]
            if pending and age < 4 and _EXIT.search(text):
                yield pending
            age += 1
            if _GUARD.search(text):
                pending, age = text, 0
                if _EXIT.search(text):
                    yield text


def _words(lines: Iterable[str]) -> dict[str, None]:
    """The different words of code in lower case, those of prose in quotations left out."""
    return dict.fromkeys(
        word
        for line in lines
        if not _is_import(line)
        for word in _WORD.findall(_without_prose(line).lower())
    )


def _sensitive(removed: Iterable[str], added: Iterable[str]) -> Iterator[str]:
    before, after = Counter(map(str.strip, removed)), Counter(map(str.strip, added))
    yield from (found.group() for line in before - after if (found := _BUILT_QUERY.search(line)))
    # What stands on both sides has been moved, and runs in another order.
    for lines in (after - before, before - after, after & before):
        yield from (word.rstrip("(!") for word in _words(lines) if _SENSITIVE.search(word))


def _protection(removed: Iterable[str], added: Iterable[str]) -> str:
    before = {found.group() for word in _words(removed) if (found := _PROTECTIVE.search(word))}
    new = (found.group() for word in _words(added) if (found := _PROTECTIVE.search(word)))
    return next((word.rstrip("(") for word in new if word not in before), "")


def _without_prose(line: str) -> str:
    """A line without quotations that hold several words."""
    return _TOLD.sub(lambda found: '""' if found.group().count(" ") > 1 else found.group(), line)


def _defined(line: str) -> str:
    """The name of the function that a line defines, or empty."""
    head, bracket, _ = line.partition("(")
    if head.strip() == "func":  # Go names the receiver first
        head, bracket, _ = line.partition(")")[2].partition("(")
        found = bracket and _NAME.search(head)
    else:
        found = bracket and _DEFINES.match(line) and _NAME.search(head)
    return found[1] if found else ""


def _interfaces(files: Iterable[ReadFile]) -> Iterator[str]:
    for file in files:
        sides: dict[str, dict[str, str]] = {"-": {}, "+": {}}
        open_lines: dict[str, list[str]] = {"-": [], "+": []}
        for sign, text in _changed(file):
            if _HEADER.search(file.change.path) and sign == "-":
                yield text
            if _VERSION_CONSTANT.search(text) and sign == "-":
                yield text
            if (name := _defined(text)) and not _PRIVATE.search(text):
                sides[sign][name] = " ".join(text.split()).rstrip("{ ")
            if _OPENNESS.match(text):
                open_lines[sign].append(" ".join(text.split()))
        yield from (line for line in open_lines["-"] if line not in open_lines["+"])
        for name, before in sides["-"].items():
            after = sides["+"].get(name)
            if before and after is not None and after != before:
                yield before
