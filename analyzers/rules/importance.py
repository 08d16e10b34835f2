"""How important a commit is by the rules: grounds, a floor and a ceiling.

A fix of a security hole, a crash, a hang or lost data, a revert and a breaking change are never
low; a change that ships nothing (documentation, tests, style, generated files) is never high.
Where both hold, the files decide: nothing that ships can neither break nor repair a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.model import Facts, FileRole, Importance, Kind, Reason, ReasonCode, Verdict
from analyzers.rules.alarms import Alarm, find_advisory, find_alarm
from analyzers.rules.bodies import prose
from analyzers.rules.dependencies import is_major
from analyzers.rules.evidence import Evidence, risky_workflow
from analyzers.rules.kinds import changes_comments_only, is_told
from analyzers.rules.marks import is_typo
from analyzers.rules.reading import ReadFile, Reading
from analyzers.rules.secrets import is_grave, told
from analyzers.rules.words import pattern_of

LARGE = 600
"""Changed source lines from which a commit is large: more than a person reviews in an hour."""

SMALL = 10
"""Changed source lines up to which a commit is small."""

SMALL_BY_WORD = 60
"""Changed source lines up to which an author is believed who calls a commit tiny."""

_NOTICEABLE = 60
"""Changed source lines from which a rearrangement is worth a look."""

_HIGH, _MEDIUM, _LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_QUIET = (Kind.DOCS, Kind.TEST, Kind.CI, Kind.STYLE, Kind.RELEASE, Kind.REVERT, Kind.MERGE)
_CLAIMS_NOTHING_NEW = (*_QUIET, Kind.REFACTOR, Kind.CHORE, Kind.BUILD)
_MOVING = (Kind.DEPENDENCIES, Kind.SECURITY, Kind.FIX)
_ALARMS = (
    (Alarm.DATA_LOSS, ReasonCode.DATA_LOSS_FIX, _HIGH),
    (Alarm.CRASH, ReasonCode.CRASH_FIX, _MEDIUM),
    (Alarm.HANG, ReasonCode.HANG_FIX, _MEDIUM),
)
_SCHEMA = re.compile(
    r"(?:^|/)(?:migrations?|migrate|alembic/versions)/.+\.(?:sql|py|rb|php|js|ts|go|cs)$|(?:^|/)db/schema\.rb$"
    r"|\.proto$|\.prisma$|\.graphqls?$|(?:^|/)(?:openapi|swagger)[^/]*\.(?:ya?ml|json)$"
)
_FOR_TOOLS = pattern_of(
    r"(?:typos?|spelling|misspell\w*|wording|grammar|pre-commit)",
    r"(?:lint\w*|clippy|rustfmt|ruff|mypy|pyright|flake8|compiler warnings?)",
    r"type (?:hints?|annotations?)",
    others=("错别字", "拼写", "笔误"),
)
_LAYOUT = re.compile(r"[\s,()\\]+")


@dataclass(frozen=True, slots=True)
class _Ground:
    """One reason with what it asks for."""

    reason: Reason
    importance: Importance
    floor: Importance = _LOW


def judge(reading: Reading, kinds: tuple[Kind, ...], facts: Facts, evidence: Evidence) -> Verdict:
    """The verdict on a commit of these kinds with these facts."""
    if kinds[0] is Kind.MERGE:
        return Verdict(_LOW, _LOW, _MEDIUM, (Reason(ReasonCode.MERGE),))
    only = _only_ground(reading, kinds)
    grounds = [*_grave_grounds(reading, kinds, facts), *([only] if only else [])]
    if not only:
        grounds += _ordinary_grounds(reading, kinds, facts)
        grounds += _shown_grounds(reading, kinds, evidence)
    elif risk := risky_workflow(reading):
        grounds.append(_Ground(Reason(ReasonCode.SENSITIVE_CHANGE, risk), _MEDIUM))
    exempt = only and only.reason.code is ReasonCode.CI_ONLY and Kind.SECURITY in kinds
    ceiling = _MEDIUM if only and not exempt else _HIGH
    floor = _lower(max((g.floor for g in grounds), key=_rank), ceiling)
    importance = _lower(max((g.importance for g in grounds), key=_rank), ceiling)
    ranked = sorted(grounds, key=lambda ground: -ground.importance.rank)
    reasons = tuple(dict.fromkeys(ground.reason for ground in ranked))
    return Verdict(importance, floor, ceiling, reasons)


def _rank(importance: Importance) -> int:
    return importance.rank


def _lower(one: Importance, other: Importance) -> Importance:
    return min(one, other, key=_rank)


def _grave_grounds(reading: Reading, kinds: tuple[Kind, ...], facts: Facts) -> Iterator[_Ground]:
    """What no reader may miss."""
    for mark in facts.breaking:
        yield _Ground(Reason(ReasonCode.BREAKING_MARK, mark), _HIGH, _HIGH)
    if grave := [secret for secret in facts.secrets if is_grave(secret)]:
        places = ", ".join(told(secret) for secret in grave[:3])
        yield _Ground(Reason(ReasonCode.SECRET_COMMITTED, places), _MEDIUM, _MEDIUM)
    if kinds[0] is Kind.REVERT:
        yield _Ground(Reason(ReasonCode.REVERT, facts.reverts or ""), _MEDIUM, _MEDIUM)
    if kinds[0] not in _QUIET or Kind.SECURITY in kinds:
        yield from _security(reading, kinds)
    if kinds[0] not in (*_QUIET, Kind.FEATURE, Kind.DEPENDENCIES) and not is_typo(
        reading.title.text
    ):
        yield from _alarms(reading, kinds)
    if facts.public_removed:
        names = ", ".join(facts.public_removed[:3])
        yield _Ground(Reason(ReasonCode.PUBLIC_REMOVED, names), _MEDIUM, _MEDIUM)


def _security(reading: Reading, kinds: tuple[Kind, ...]) -> Iterator[_Ground]:
    repairs = Kind.FIX in kinds or Kind.SECURITY in kinds or Kind.DEPENDENCIES in kinds
    number = find_advisory(reading.title.text) or (find_advisory(reading.body) if repairs else None)
    if number:
        yield _Ground(Reason(ReasonCode.SECURITY_FIX, number), _HIGH, _HIGH)
    elif Kind.SECURITY in kinds:
        yield _Ground(Reason(ReasonCode.SECURITY_FIX, reading.title.text), _HIGH, _MEDIUM)
    elif repairs and (words := find_alarm(_remedied(reading, kinds), Alarm.SECURITY)):
        yield _Ground(Reason(ReasonCode.SECURITY_FIX, words), _HIGH, _MEDIUM)


def _alarms(reading: Reading, kinds: tuple[Kind, ...]) -> Iterator[_Ground]:
    """Crashes and their like: high in the title, medium where only the body speaks of them."""
    for alarm, code, floor in _ALARMS:
        if words := find_alarm(_remedied(reading, kinds), alarm):
            yield _Ground(Reason(code, words), _HIGH, floor)
        elif Kind.FIX in kinds and (words := find_alarm(prose(reading.body)[:6], alarm)):
            yield _Ground(Reason(code, words), _MEDIUM, _MEDIUM)


def _remedied(reading: Reading, kinds: tuple[Kind, ...]) -> list[str]:
    """The title, with the remedy that a declared type stands for (`fix: crash on start`)."""
    text = reading.title.text
    return [text, f"fix {text}"] if {Kind.FIX, Kind.SECURITY} & set(kinds) else [text]


def _only_ground(reading: Reading, kinds: tuple[Kind, ...]) -> _Ground | None:
    """Why a commit cannot be high, or None."""
    if not reading.files:
        commit = reading.commit
        empty = not (commit.files_omitted or commit.additions or commit.deletions)
        return _Ground(Reason(ReasonCode.NO_FILES), _LOW) if empty else None
    inert = (FileRole.DOCS, FileRole.TEST, FileRole.GENERATED)
    for code, roles in (
        (ReasonCode.DOCS_ONLY, (FileRole.DOCS,)),
        (ReasonCode.TESTS_ONLY, (FileRole.TEST,)),
        (ReasonCode.GENERATED_ONLY, (FileRole.GENERATED,)),
        (ReasonCode.CI_ONLY, (FileRole.CI,)),
        (ReasonCode.TESTS_ONLY, inert),
        (ReasonCode.CI_ONLY, (*inert, FileRole.CI)),
    ):
        if reading.only(*roles):
            return _Ground(Reason(code), _LOW)
    source = reading.of_role(FileRole.SOURCE)
    if not source or not reading.only(FileRole.SOURCE, *inert):
        return None
    if all(changes_comments_only(file) for file in source):
        return _Ground(Reason(ReasonCode.DOCS_ONLY), _LOW)
    told = {Kind.FIX, Kind.SECURITY, Kind.FEATURE, Kind.PERFORMANCE, Kind.REVERT} & set(kinds)
    if not told and all(_changes_layout_only(file) for file in source):
        return _Ground(Reason(ReasonCode.STYLE_ONLY), _LOW)
    return None


def _changes_layout_only(file: ReadFile) -> bool:
    """Whether removed and added lines hold the same text but for white space, commas,
    parentheses and the kind of quotes."""
    sides = {"+": "", "-": ""}
    for sign in sides:
        text = "".join(text for s, text in file.changed() if s == sign)
        sides[sign] = _LAYOUT.sub("", text).replace("'", '"')
    return file.whole and sides["+"] == sides["-"] != ""


def _ordinary_grounds(reading: Reading, kinds: tuple[Kind, ...], facts: Facts) -> Iterator[_Ground]:
    lines = reading.source_lines
    schema = next((f.change.path for f in reading.files if _SCHEMA.search(f.change.path)), None)
    if schema and lines:
        yield _Ground(Reason(ReasonCode.SCHEMA_CHANGE, schema), _MEDIUM)
    moves = facts.dependencies if reading.of_role(FileRole.BUILD) or kinds[0] in _MOVING else ()
    if major := next(filter(is_major, moves), None):
        evidence = f"{major.name} {major.before} → {major.after}"
        yield _Ground(Reason(ReasonCode.MAJOR_DEPENDENCY, evidence), _MEDIUM)
    if lines >= LARGE and kinds[0] not in _QUIET:
        large = _HIGH if kinds[0] is Kind.FEATURE or facts.public_removed else _MEDIUM
        yield _Ground(Reason(ReasonCode.LARGE_CHANGE), large)
    yield _principal_ground(reading, kinds)


def _shown_grounds(
    reading: Reading, kinds: tuple[Kind, ...], evidence: Evidence
) -> Iterator[_Ground]:
    """What the changed lines show, whatever the message calls them."""
    if kinds[0] in (Kind.STYLE, Kind.RELEASE, Kind.DEPENDENCIES) or _is_for_tools(reading):
        return
    for code, found in (
        (ReasonCode.INTERFACE_CHANGE, evidence.interface),
        (ReasonCode.SENSITIVE_CHANGE, evidence.sensitive),
        (ReasonCode.NEW_CHECK, evidence.guard),
    ):
        if found:
            yield _Ground(Reason(code, found), _MEDIUM)
    quiet = is_told(reading, kinds[0]) and kinds[0] in _CLAIMS_NOTHING_NEW
    if evidence.only_removes_calls or (evidence.behaves_differently and not quiet):
        yield _Ground(Reason(ReasonCode.SOURCE_CHANGE), _MEDIUM)


def _is_for_tools(reading: Reading) -> bool:
    """Whether a small change mends words or pleases a linter."""
    small = reading.shipped_lines <= SMALL_BY_WORD
    return small and bool(_FOR_TOOLS.search(reading.title.text))


def _principal_ground(reading: Reading, kinds: tuple[Kind, ...]) -> _Ground:
    """What the principal kind and the size alone make of a commit."""
    kind, lines, title = kinds[0], reading.shipped_lines, reading.title
    small = lines <= SMALL or (title.calls_itself_small and lines <= SMALL_BY_WORD)
    if kind in (Kind.FIX, Kind.SECURITY):
        if _is_for_tools(reading):
            return _Ground(Reason(ReasonCode.SMALL_CHANGE), _LOW)
        return _Ground(Reason(ReasonCode.FIX), _MEDIUM)
    if kind is Kind.RELEASE:
        return _Ground(Reason(ReasonCode.RELEASE), _MEDIUM)
    if kind is Kind.DEPENDENCIES:
        return _Ground(Reason(ReasonCode.DEPENDENCY_CHANGE), _LOW)
    if kind is Kind.STYLE:
        return _Ground(Reason(ReasonCode.STYLE_ONLY, title.text), _LOW)
    if small:
        return _Ground(Reason(ReasonCode.SMALL_CHANGE), _LOW)
    if kind is Kind.FEATURE:
        return _Ground(Reason(ReasonCode.FEATURE), _MEDIUM)
    if kind is Kind.PERFORMANCE:
        return _Ground(Reason(ReasonCode.PERFORMANCE), _MEDIUM)
    noticeable = lines >= _NOTICEABLE and kind in (Kind.REFACTOR, Kind.CHORE, Kind.BUILD)
    return _Ground(Reason(ReasonCode.SOURCE_CHANGE), _MEDIUM if noticeable else _LOW)
