"""The commits of a digest: read as a stream, filtered, analysed, and every one accounted for.

Commits are analysed by a bounded number of workers, so that neither patches nor requests pile up.
Paths and authors are filtered before a commit costs an analysis, importance after.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass, replace

from analyzers.errors import RevisionNotFound, SourceError
from analyzers.model import Analysis, Commit, Entry, Group, LeftOut
from analyzers.ports import AnalysisRequest, Analyzer
from analyzers.text import clean_line
from bot.filters import left_out_read, left_out_unread
from bot.monitoring.logs import about
from bot.ports import CommitSource
from bot.subscriptions import Filters

Progress = Callable[[int, int], None]
"""Told how many commits of how many are analysed."""

Analysed = tuple[Commit, Analysis]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a repository, and how."""

    source: CommitSource
    """The repository."""
    analyzer: Analyzer
    """Asked about each commit; must not raise (see `analyzers.fallback`)."""
    request: AnalysisRequest
    """What is wanted of each analysis."""
    filters: Filters
    """Which commits are wanted."""
    workers: int
    """How many commits are analysed at once."""

    async def choose(
        self,
        found_on: Mapping[str, str],
        progress: Progress,
        known: MutableMapping[str, Analysed] | None = None,
    ) -> tuple[list[Analysed], dict[str, LeftOut]]:
        """The listed commits that are to be shown, and why the others are not.

        Args:
            found_on: the full names of the listed commits, each with its branch.
            progress: told after each commit.
            known: commits that were analysed for others just now, in this language; is added to.

        Raises:
            SourceError: the repository did not give every listed commit.
        """
        known = {} if known is None else known
        left_out: dict[str, LeftOut] = {}
        analysed = []
        for commit, analysis in [known[sha] for sha in found_on if sha in known]:
            if reason := await _left_out_unread(commit, self.filters):
                left_out[commit.sha] = reason
            else:
                analysed.append((commit, analysis))
        unread = tuple(sha for sha in found_on if sha not in known)
        read = await analyse_all(
            _wanted(self.source.read(unread), self.filters, left_out),
            self.analyzer,
            self.request,
            workers=self.workers,
            on_commit=lambda done: progress(done, len(unread) - len(left_out)),
        )
        known.update({commit.sha: (commit, analysis) for commit, analysis in read})
        shown = []
        for commit, analysis in [*analysed, *read]:
            if reason := left_out_read(analysis.importance, self.filters):
                left_out[commit.sha] = reason
            else:
                shown.append((commit, analysis))
        _require_each_once(found_on, [*(commit.sha for commit, _ in shown), *left_out])
        return shown, left_out


async def analyse_commit(
    source: CommitSource, analyzer: Analyzer, name: str, request: AnalysisRequest
) -> Entry:
    """Read and analyse the one commit of that name.

    Raises:
        RevisionNotFound: the repository has no such commit.
    """
    sha = await source.resolve(name)
    async with aclosing(source.read([sha])) as commits:
        async for commit in commits:
            with about(commit=commit.short_sha):
                analysis = await analyzer.analyze(commit, request)
            return Entry(1, commit.without_patches(), analysis)
    raise RevisionNotFound("error-revision-not-found", name=name)


async def analyse_all(
    commits: AsyncGenerator[Commit],
    analyzer: Analyzer,
    request: AnalysisRequest,
    *,
    workers: int,
    on_commit: Callable[[int], None],
) -> list[Analysed]:
    """Analyse a stream of commits, `workers` at a time; their patches are let go at once."""
    analysed: list[Analysed] = []
    waiting: asyncio.Queue[Commit | None] = asyncio.Queue(maxsize=workers)

    async def work() -> None:
        while (commit := await waiting.get()) is not None:
            with about(commit=commit.short_sha):
                analysis = await analyzer.analyze(commit, request)
            analysed.append((commit.without_patches(), analysis))
            on_commit(len(analysed))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
            async with aclosing(commits):
                async for commit in commits:
                    await waiting.put(commit)
            for _ in range(workers):
                await waiting.put(None)
    except ExceptionGroup as failed:
        # The group wraps what the source raised; callers know the error itself.
        raise failed.exceptions[0] from failed
    return analysed


def counted(reasons: Iterable[LeftOut]) -> tuple[tuple[LeftOut, int], ...]:
    """How often each reason is given, in the order of `LeftOut`."""
    counts = Counter(reasons)
    return tuple((reason, counts[reason]) for reason in LeftOut if counts[reason])


def with_branches(groups: Sequence[Group], found_on: Mapping[str, str]) -> tuple[Group, ...]:
    """The groups with each commit's branch, by the commits' full names; empty for no branch."""

    def named(entry: Entry) -> Entry:
        return replace(entry, branch=clean_line(found_on[entry.commit.sha]))

    return tuple(replace(group, entries=tuple(map(named, group.entries))) for group in groups)


async def _wanted(
    commits: AsyncGenerator[Commit], filters: Filters, left_out: dict[str, LeftOut]
) -> AsyncGenerator[Commit]:
    """The commits that are to be analysed; the others are noted."""
    async with aclosing(commits):
        async for commit in commits:
            if reason := await _left_out_unread(commit, filters):
                left_out[commit.sha] = reason
            else:
                yield commit


async def _left_out_unread(commit: Commit, filters: Filters) -> LeftOut | None:
    if filters.paths:  # thousands of files, each against every pattern
        return await asyncio.to_thread(left_out_unread, commit, filters)
    return left_out_unread(commit, filters)


def _require_each_once(listed: Collection[str], got: Sequence[str]) -> None:
    if sorted(got) != sorted(listed):
        raise SourceError(
            "error-commits-missing",
            permanent=False,
            missing=len(set(listed) - set(got)),
            total=len(listed),
        )
