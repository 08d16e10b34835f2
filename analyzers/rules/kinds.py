"""What a commit does: its title's word for it, corrected by the files that it touches."""

from __future__ import annotations

import re

from analyzers.model import FileRole, Kind
from analyzers.rules.alarms import speaks_of_security
from analyzers.rules.dependencies import moves_named, moves_only
from analyzers.rules.evidence import Evidence
from analyzers.rules.failures import speeds_up, tells_of_failure
from analyzers.rules.marks import reverted
from analyzers.rules.reading import ReadFile, Reading
from analyzers.rules.symbols import Symbols
from analyzers.rules.words import CHINESE, LEADING, SPEED, pattern_of, word_set

_SMALL = 30
"""Added source lines up to which a commit that adds a check is taken for a repair."""

MAX_KINDS = 3
"""A commit with more kinds says nothing by them."""

_SNAPSHOT = re.compile(r"(?:^|/)__snapshots__/|\.snap$")
_SHIPPED = (FileRole.SOURCE, FileRole.BUILD, FileRole.CONFIG, FileRole.ASSET, FileRole.VENDORED)
_OF_ROLE = {
    FileRole.DOCS: Kind.DOCS,
    FileRole.TEST: Kind.TEST,
    FileRole.CI: Kind.CI,
    FileRole.BUILD: Kind.BUILD,
    FileRole.LOCK: Kind.DEPENDENCIES,
    FileRole.VENDORED: Kind.DEPENDENCIES,
}
_PLACES = (Kind.CI, Kind.TEST, Kind.DOCS, Kind.BUILD)
_OUTWEIGH_CHORE = (Kind.FIX, Kind.FEATURE, Kind.PERFORMANCE)
_SAYING_LITTLE = (Kind.FEATURE, Kind.REFACTOR)
_PLAIN = word_set(
    "add adds added implement implements introduce introduces support supports remove removes drop "
    "drops rename renames move moves delete extract split rework rewrite refactor deprecate migrate"
)
"""Verbs that mean what they say, whatever the body tells of."""
_STYLING = pattern_of(
    r"(?:brace|code|coding|import|indent\w*) (?:style|standards?|order|ation)",
    r"(?:whitespaces?|indentation|gofmt|rustfmt|clang-format|prettier|checkpatch|black|isort)",
    r"(?:sort|order|organi[sz]e) (?:the )?imports?",
)
_ON_DOCUMENTS = pattern_of(r"(?:docstrings?|javadocs?|doc comments?|comments?)", others=("注释",))
_MERGE = re.compile(
    r"merge(?:d|s)? (?:branch|branches|pull|pr|mr|request|remote|tag|commit|master|main|upstream"
    r"|origin|develop|changes|from|in|into|'|`|[#!]\d|\S+ into )|合并(?:分支|请求)?",
    re.IGNORECASE,
)
_VERSION = r"v?\d+\.\d+(?:\.\d+)?\S{0,20}"
_RELEASE = re.compile(
    rf"{_VERSION}(?: release)?$|[\w-]+ v?\d+\.\d+\.\d+\S{{0,20}}$"
    rf"|(?:release|releasing|cut|publish|tag|version)[: ]{{1,2}}(?:\S{{1,40}} )?{_VERSION}$"
    rf"|(?:bump|update|set|increase|increment)\w* (?:to|{_VERSION} to) {_VERSION}$"
    r"|(?:bump|update|set|increase|increment)\w* (?:[\w-]+ ){0,2}version(?: numbers?)?"
    rf"(?:$| (?:to|for|from|->|=) ?{_VERSION})"
    rf"|prepare (?:for )?(?:the )?(?:next )?(?:release|{_VERSION})|start (?:next|new) development"
    r"|发布.{0,20}v?\d|发布(?:新)?版本|版本(?:号)?(?:更新|升级)",
    re.IGNORECASE,
)
_REVERT = re.compile(
    r"(?:partial(?:ly)? )?(?:revert|reapply|reland|back ?out|roll ?back)\b|回滚|回退|撤销|还原",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\s(?:and|&|\+)\s|[,;，；、]\s?|以及|并且?")
_REPAIRING_WORDS = word_set("update improve clarify correct fix reword rewrite")
_REPAIRS = word_set("typo typos bugfix hotfix fix fixes fixed")
_REARRANGES = word_set("refactor refactoring cleanup")
_ADDS = word_set("support supports adds")
_REDUCES = re.compile(
    r"(?:improv|reduc|avoid|minimi[sz]|cut|lower|speed|cach|batch|reus|shrink)\w*|make\b",
    re.IGNORECASE,
)
_BUG = re.compile(
    r"\b(?:bug|regression|incorrect(?:ly)?|wrong(?:ly)?|broken|mistake(?:nly)?|failing)\b|错误|异常|失败|报错",
    re.IGNORECASE,
)
_REPORTED = re.compile(r"\b(?:fixes|closes|resolves|fix|bug)\b[ :]{1,2}\S{0,80}#\d", re.IGNORECASE)


def kinds_of(reading: Reading, symbols: Symbols, evidence: Evidence) -> tuple[Kind, ...]:
    """The kinds of a commit, the principal one first; at least one, at most `MAX_KINDS`."""
    if reading.commit.is_merge or (_MERGE.match(reading.raw_title) and not reading.files):
        return (Kind.MERGE,)
    told = _told(reading)
    if Kind.REVERT in told:
        return (Kind.REVERT,)
    if reading.files and not reading.of_role(*_SHIPPED) and not reading.commit.files_omitted:
        kinds = _kinds_of_unshipped(reading, told)
    elif _is_comments_only(reading):
        kinds = [Kind.DOCS]
    elif moves_only(reading) and Kind.RELEASE not in told:
        kinds = [kind for kind in told if kind in (Kind.SECURITY, Kind.FIX)] + [Kind.DEPENDENCIES]
    else:
        kinds = _by_changes(reading, told, symbols, evidence)
    return tuple(dict.fromkeys(kinds))[:MAX_KINDS]


def is_told(reading: Reading, kind: Kind) -> bool:
    """Whether the title itself says that the commit is of this kind."""
    return kind in _told(reading)


def _by_changes(
    reading: Reading, told: list[Kind], symbols: Symbols, evidence: Evidence
) -> list[Kind]:
    """The kinds of what ships: those that the title tells; where its verb alone tells one that says
    little ("make", "create"), or nothing does, what the body and the changed lines tell."""
    if reading.only(FileRole.ASSET) and told[:1] in ([], [Kind.REFACTOR]):
        return [Kind.CHORE]
    if reading.only(FileRole.BUILD, FileRole.LOCK) and (not told or told[0] in _SAYING_LITTLE):
        return [Kind.BUILD, *told]
    if not told:
        return [_guess(reading, symbols, evidence)]
    is_vague = told[0] in _SAYING_LITTLE and not reading.title.types
    if is_vague and reading.title.words[:1] and reading.title.words[0] not in _PLAIN:
        if speeds_up(reading.body):
            return [Kind.PERFORMANCE, *told]
        if tells_of_failure(reading.body) or _mends(reading, symbols, evidence):
            return [Kind.FIX, *told]
    elif told[0] is Kind.CHORE and _mends(reading, symbols, evidence):
        return [Kind.FIX, *told]
    return told


def _mends(reading: Reading, symbols: Symbols, evidence: Evidence) -> bool:
    """Whether a small change adds a check or a protection and nothing new."""
    small = sum(file.change.additions for file in reading.of_role(FileRole.SOURCE)) <= _SMALL
    return small and bool(evidence.guard or evidence.protection) and not symbols.added


def _told(reading: Reading) -> list[Kind]:
    """The kinds that the title tells, whatever the files say."""
    title = reading.title
    if _REVERT.match(title.text) or (reverted(reading) and "revert" in reading.raw_title.lower()):
        return [Kind.REVERT]
    told = list(title.types)
    if speaks_of_security(title.text):
        told.insert(0, Kind.SECURITY)
    if _RELEASE.match(title.text) and not {Kind.FIX, Kind.FEATURE} & set(told):
        told.insert(0, Kind.RELEASE)
    elif moves_named(reading):
        told = [kind for kind in told if kind not in (Kind.CHORE, Kind.BUILD)]
        told.append(Kind.DEPENDENCIES)
    worded = _from_words(title.text, title.words)
    further = _in_further_clauses(title.text)
    specific = [kind for kind in told if kind is not Kind.CHORE]
    if specific and worded is Kind.FIX and specific[0] in _PLACES:
        return [*specific, worded]
    if specific or worded not in _OUTWEIGH_CHORE:
        return [*(specific or told or ([worded] if worded else [])), *further]
    return [worded, *told, *further]


def _from_words(text: str, words: tuple[str, ...]) -> Kind | None:
    """The kind that the words of a title tell without any convention."""
    first = words[0] if words else ""
    if first == "don't" or words[:2] == ("do", "not"):
        return Kind.FIX
    if _STYLING.search(text):
        return Kind.STYLE
    if first == "reword" or (first in _REPAIRING_WORDS and _ON_DOCUMENTS.search(text)):
        return Kind.DOCS
    fast = SPEED.search(text)
    if fast and (_REDUCES.match(first) or fast.start() == 0 or "optimi" in fast.group().lower()):
        return Kind.PERFORMANCE
    if first in LEADING:
        return LEADING[first]
    if chinese := _from_chinese(text.lower()):
        return chinese
    if not _REPAIRS.isdisjoint(words):
        return Kind.FIX
    if not _REARRANGES.isdisjoint(words):
        return Kind.REFACTOR
    if fast:
        return Kind.PERFORMANCE
    return None if _ADDS.isdisjoint(words) else Kind.FEATURE


def _from_chinese(text: str) -> Kind | None:
    told = [(kind, phrase) for kind, phrases in CHINESE for phrase in phrases if phrase in text]
    at_start = [kind for kind, phrase in told if text.startswith(phrase)]
    return next(iter((*at_start, *(kind for kind, _ in told))), None)


def _in_further_clauses(text: str) -> list[Kind]:
    """What the title does besides: "Fix x and add y"."""
    kinds = []
    for clause in _CLAUSE.split(text)[1:4]:
        first = clause.split(maxsplit=1)[0].lower() if clause.strip() else ""
        if first in LEADING and LEADING[first] is not Kind.REVERT:
            kinds.append(LEADING[first])
    return kinds


def _kinds_of_unshipped(reading: Reading, told: list[Kind]) -> list[Kind]:
    """The kinds where nothing that users run changed: the files outweigh the title."""
    lines: dict[Kind, int] = {}
    for file in reading.files:
        kind = _OF_ROLE.get(file.role, Kind.CHORE)
        if _SNAPSHOT.search(file.change.path):
            kind = Kind.TEST
        lines[kind] = lines.get(kind, 0) + file.size + 1
    by_files = sorted(lines, key=lambda kind: (-lines[kind], kind))
    if len(by_files) > 1 and Kind.DEPENDENCIES in by_files:
        by_files.remove(Kind.DEPENDENCIES)
    says_little = (FileRole.DOCS, FileRole.TEST)  # a chapter or a test of security repairs nothing
    leading = [
        kind
        for kind in told
        if kind is Kind.DEPENDENCIES or (kind is Kind.SECURITY and not reading.only(*says_little))
    ]
    declared = [kind for kind in told if kind in lines or kind in (Kind.RELEASE, Kind.STYLE)]
    fixes = [kind for kind in told if kind is Kind.FIX]
    return [*leading, *declared, *by_files[: 1 if declared else 2], *fixes]


def _is_comments_only(reading: Reading) -> bool:
    source = reading.of_role(FileRole.SOURCE)
    return (
        bool(source)
        and reading.only(FileRole.SOURCE, FileRole.DOCS)
        and all(changes_comments_only(file) for file in source)
    )


def changes_comments_only(file: ReadFile) -> bool:
    """Whether every changed line of a file is blank or a comment."""
    changed = [text for _, text in file.changed()]
    return file.whole and bool(changed) and all(file.is_comment(text) for text in changed)


def _guess(reading: Reading, symbols: Symbols, evidence: Evidence) -> Kind:
    """The kind of a commit whose title tells none, from its body and its changes."""
    if _BUG.search(reading.title.text) or _REPORTED.search(reading.body[:4000]):
        return Kind.FIX
    if speeds_up(reading.body):
        return Kind.PERFORMANCE
    if tells_of_failure(reading.body) or _mends(reading, symbols, evidence):
        return Kind.FIX
    if reading.of_role(FileRole.SOURCE):
        behaves_anew = bool(symbols.added) or bool(reading.of_role(FileRole.TEST))
        return Kind.FEATURE if behaves_anew and not symbols.removed else Kind.REFACTOR
    if reading.only(FileRole.BUILD, FileRole.LOCK, FileRole.DOCS, FileRole.TEST):
        return Kind.BUILD
    return Kind.CHORE
