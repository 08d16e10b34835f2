"""How good analyses are: held against commits that people have labelled."""

from __future__ import annotations

import asyncio
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzers.errors import InputError, ModelError
from analyzers.model import Analysis, Commit, FileChange, FileStatus, Importance, Kind
from analyzers.ports import Account, AnalysisRequest, Analyzer, ModelProfiles, Spending, Usage
from bot.access import TERMINAL
from bot.sources.commits import file_change, message, ordered, person
from formatters.text import Words

if TYPE_CHECKING:
    from analyzers.language_model import LanguageModel

_WHEN: Final = datetime(2026, 1, 6, 12, tzinfo=UTC)
_NEVER_LOW: Final = frozenset({"crash", "hang", "deadlock", "data-loss", "security", "breaking"})
_AT_ONCE: Final = 64

Trait = Literal[
    "crash",
    "hang",
    "deadlock",
    "data-loss",
    "security",
    "breaking",
    "docs-only",
    "tests-only",
    "bump",
    "revert",
    "perf",
    "merge",
]


class _Labelled(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelledFile(_Labelled):
    """A file of a labelled commit."""

    path: str
    status: FileStatus
    previous_path: str | None = None
    patch: str = ""
    """The hunks, from the first `@@` on; empty for a binary file or a mere rename."""


class Label(_Labelled):
    """A commit, and what a maintainer expects of its analysis: one TOML file."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    """The principal kinds that are right, the best first."""
    least: Importance
    """The lowest importance that is acceptable."""
    most: Importance
    """The highest."""
    traits: tuple[Trait, ...] = ()
    """What makes a wrong importance a serious one."""
    author: str = "Ada Example <ada@example.org>"
    message: str
    files: tuple[LabelledFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled commit by name."""

    name: str
    label: Label
    commit: Commit


@dataclass(frozen=True, slots=True)
class Finding:
    """What an analysis says that its label does not."""

    case: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Scores:
    """What an analyzer made of the labelled commits."""

    commits: int
    failures: tuple[Finding, ...]
    """Commits without an analysis, and why."""
    wrong_kinds: tuple[Finding, ...]
    too_low: tuple[Finding, ...]
    too_high: tuple[Finding, ...]
    grave: tuple[Finding, ...]
    """Dangerous commits that are rated low, and mere documentation that is rated high."""
    overruled: int
    """Proposals of the model outside the rules' floor and ceiling."""
    corrected: int
    """Replies that had to be asked for again."""
    ungrounded: int
    """Analyses of which sentences were withheld."""
    usage: Usage
    """The tokens of all requests together."""

    @property
    def right_kinds(self) -> float:
        """The share of commits whose principal kind is right."""
        analysed = self.commits - len(self.failures)
        return 1 - len(self.wrong_kinds) / analysed if analysed else 0.0


def load_cases(folder: Path) -> list[Case]:
    """Every labelled commit below a folder, by name.

    Raises:
        InputError: there is none, or one is no labelled commit.
    """
    paths = sorted(folder.rglob("*.toml"))
    if not paths:
        raise InputError("error-evaluation-empty", path=str(folder))
    return [_case(path) for path in paths]


def _case(path: Path) -> Case:
    try:
        label = Label.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
        raise InputError("error-evaluation-file", path=str(path), reason=str(exc)) from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise InputError("error-evaluation-file", path=str(path), reason=reason) from exc
    return Case(path.stem, label, _commit(path.stem, label))


def _commit(name: str, label: Label) -> Commit:
    files = ordered(_file(file) for file in label.files)
    sha = sha1(name.encode(), usedforsecurity=False).hexdigest()
    parents = 2 if "merge" in label.traits else 1
    author = person(*parseaddr(label.author))
    return Commit(
        sha=sha,
        parents=tuple(sha[n:] + sha[:n] for n in range(1, parents + 1)),
        author=author,
        committer=author,
        authored_at=_WHEN,
        committed_at=_WHEN,
        message=message(label.message),
        files=files,
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
    )


def _file(file: LabelledFile) -> FileChange:
    lines = file.patch.splitlines()
    return file_change(
        file.path,
        file.status,
        sum(line.startswith("+") for line in lines),
        sum(line.startswith("-") for line in lines),
        file.previous_path,
        file.patch.strip("\n"),
    )


@final
class Tally(Spending):
    """Adds up what requests take, and never has enough."""

    def __init__(self) -> None:
        self.usage = Usage(0)

    async def reserve(self, account: Account, tokens: int) -> None:
        """Anything goes."""

    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        """Add it."""
        del account, model, reserved  # the sum is all
        self.usage += usage


@final
class ForgetfulProfiles(ModelProfiles):
    """Remembers no server: an evaluation finds out by itself."""

    async def load(self, server: str, model: str) -> str | None:
        """Nothing."""

    async def save(self, server: str, model: str, profile: str) -> None:
        """Nowhere."""


async def evaluate(
    analyzer: Analyzer,
    cases: Sequence[Case],
    language: str,
    *,
    tally: Tally,
    models: Sequence[LanguageModel],
    progress: Callable[[int, int], None],
) -> Scores:
    """Analyse every labelled commit and compare.

    Args:
        analyzer: without a cache; may raise `ModelError`.
        cases: the labelled commits.
        language: to write in.
        tally: counts the analyzer's tokens.
        models: those that it asks.
        progress: told after each commit.
    """
    request = AnalysisRequest(language, Account(TERMINAL, "evaluation"))
    found: dict[str, Analysis] = {}
    failures: list[Finding] = []
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(case: Case) -> None:
        async with room:
            try:
                found[case.name] = await analyzer.analyze(case.commit, request)
            except ModelError as exc:
                failures.append(Finding(case.name, "", exc.reason.value))
        progress(len(found) + len(failures), len(cases))

    async with asyncio.TaskGroup() as group:
        for case in cases:
            group.create_task(one(case))
    judged = [(case, found[case.name]) for case in cases if case.name in found]
    return Scores(
        commits=len(cases),
        failures=tuple(failures),
        wrong_kinds=tuple(_wrong_kinds(judged)),
        too_low=tuple(_off(judged, lambda label, rank: rank < label.least.rank)),
        too_high=tuple(_off(judged, lambda label, rank: rank > label.most.rank)),
        grave=tuple(_off(judged, _is_grave)),
        overruled=sum(
            analysis.proposed not in (None, analysis.importance) for _, analysis in judged
        ),
        corrected=sum(model.corrected for model in models),
        ungrounded=sum(analysis.withheld > 0 for _, analysis in judged),
        usage=tally.usage,
    )


_Judged = Iterable[tuple[Case, Analysis]]


def _wrong_kinds(judged: _Judged) -> Iterable[Finding]:
    for case, analysis in judged:
        if analysis.kind not in case.label.kinds:
            yield Finding(case.name, "/".join(case.label.kinds), analysis.kind)


def _off(judged: _Judged, is_off: Callable[[Label, int], bool]) -> Iterable[Finding]:
    for case, analysis in judged:
        if is_off(case.label, analysis.importance.rank):
            expected = dict.fromkeys((case.label.least, case.label.most))
            yield Finding(case.name, "–".join(expected), analysis.importance)


def _is_grave(label: Label, rank: int) -> bool:
    if rank == Importance.LOW.rank and not _NEVER_LOW.isdisjoint(label.traits):
        return True
    return rank == Importance.HIGH.rank and "docs-only" in label.traits


def told(scores: Scores, words: Words) -> str:
    """The scores for reading, a line each; at the end what was wrong, case by case."""
    analysed = scores.commits - len(scores.failures)
    usage = scores.usage
    lines = [
        words("evaluation-kinds", n=analysed - len(scores.wrong_kinds), commits=analysed),
        words("evaluation-importance", low=len(scores.too_low), high=len(scores.too_high)),
        words("evaluation-grave", n=len(scores.grave)),
    ]
    if usage.sent:
        lines += [
            words("evaluation-overruled", n=scores.overruled),
            words("evaluation-corrected", n=scores.corrected),
            words("evaluation-ungrounded", n=scores.ungrounded),
            words(
                "evaluation-tokens",
                sent=words.number(usage.sent),
                received=words.number(usage.received),
                kept=words.number(usage.kept),
            ),
        ]
    reasons = Counter(finding.found for finding in scores.failures)
    lines += [
        words("evaluation-failed", n=n, reason=words(f"rules-reason-{reason}"))
        for reason, n in reasons.items()
    ]
    for title, findings in (
        ("evaluation-list-grave", scores.grave),
        ("evaluation-list-low", scores.too_low),
        ("evaluation-list-high", scores.too_high),
        ("evaluation-list-kinds", scores.wrong_kinds),
    ):
        if findings:
            lines += ["", words(title)]
            lines += [f"  {one.case}: {one.expected} ≠ {one.found}" for one in findings]
    return "\n".join(lines)
