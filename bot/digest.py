"""The flow: a span of a repository's history becomes a digest.

    source ──commits──▶ filters ──▶ analyzer ──analyses──▶ filters ──▶ arrange ──groups──▶ Digest

Commits are read as a stream and analysed by a bounded number of workers, so that neither patches
nor requests pile up. Paths and authors are filtered before a commit costs an analysis, importance
after. What was listed must come out, shown or counted: a digest with a commit missing is not made.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from analyzers.errors import InputError, RevisionNotFound, SourceError
from analyzers.model import Analysis, Commit, Digest, Entry, Group, LeftOut, Range, Span
from analyzers.overview import arrange
from analyzers.ports import Analyzer
from analyzers.text import clean_line
from bot.branches import tips_of
from bot.filters import left_out_read, left_out_unread
from bot.ports import CommitSource
from bot.spans import day_of, selection
from bot.subscriptions import EVERYTHING, Filters

Progress = Callable[[int, int], None]
"""Told how many commits of how many are analysed."""

Analysed = tuple[Commit, Analysis]


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """What somebody wants to read."""

    span: Span | None
    """What to cover; None is the latest day that has a commit."""
    zone: str
    """The IANA zone that the latest day is told in."""
    language: str
    """What readers speak (BCP 47)."""
    filters: Filters = EVERYTHING
    """Whose history, and which commits of it. A range that names its own end has no branches."""
    most: int | None = None
    """Commits that it may cover; None is any number."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a request comes to in the repository as it is now."""

    span: Span
    ends: tuple[tuple[str, str], ...]
    """What each end of the history is called, and its commit."""
    head: str
    """The newest of these commits."""


async def make_digest(
    source: CommitSource,
    analyzer: Analyzer,
    request: DigestRequest,
    *,
    workers: int,
    now: datetime,
    progress: Progress,
) -> Digest:
    """Read, analyse and arrange every commit that is asked for.

    Args:
        source: the repository.
        analyzer: asked about each commit; must not raise (see `analyzers.fallback`).
        request: what to cover.
        workers: how many commits are analysed at once.
        now: when this is, in UTC.
        progress: told after each commit.

    Raises:
        InputError: there are more commits than asked for at most.
        SourceError: the repository did not give every commit of the span.
    """
    # The tips are looked up once and all is listed from them: a push meanwhile changes nothing.
    scope = await _pinned(source, request)
    found_on = await _listed(source, scope)
    if request.most is not None and len(found_on) > request.most:
        raise InputError("error-too-many-commits", most=request.most)
    left_out: list[tuple[str, LeftOut]] = []
    analysed = await analyse_all(
        _wanted(source.read(tuple(found_on)), request.filters, left_out),
        analyzer,
        request.language,
        workers=workers,
        on_commit=lambda done: progress(done, len(found_on) - len(left_out)),
    )
    shown = []
    for commit, analysis in analysed:
        if reason := left_out_read(analysis.importance, request.filters):
            left_out.append((commit.sha, reason))
        else:
            shown.append((commit, analysis))
    _require_each_once(found_on, [*(c.sha for c, _ in shown), *(sha for sha, _ in left_out)])
    groups = arrange(shown)
    counts = Counter(reason for _, reason in left_out)
    return Digest(
        repository=source.repository,
        branch=", ".join(clean_line(name) for name, _ in scope.ends),
        span=scope.span,
        head=scope.head,
        language=request.language,
        groups=with_branches(groups, found_on) if len(scope.ends) > 1 else groups,
        generated_at=now,
        left_out=tuple((reason, counts[reason]) for reason in LeftOut if counts[reason]),
    )


async def analyse_commit(
    source: CommitSource, analyzer: Analyzer, name: str, language: str
) -> Entry:
    """Read and analyse the one commit of that name.

    Raises:
        RevisionNotFound: the repository has no such commit.
    """
    sha = await source.resolve(name)
    async with aclosing(source.read([sha])) as commits:
        async for commit in commits:
            analysis = await analyzer.analyze(commit, language)
            return Entry(1, commit.without_patches(), analysis)
    raise RevisionNotFound("error-revision-not-found", name=name)


async def analyse_all(
    commits: AsyncGenerator[Commit],
    analyzer: Analyzer,
    language: str,
    *,
    workers: int,
    on_commit: Callable[[int], None],
) -> list[Analysed]:
    """Analyse a stream of commits, `workers` at a time; their patches are let go at once."""
    analysed: list[Analysed] = []
    waiting: asyncio.Queue[Commit | None] = asyncio.Queue(maxsize=workers)

    async def work() -> None:
        while (commit := await waiting.get()) is not None:
            analysis = await analyzer.analyze(commit, language)
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


async def _pinned(source: CommitSource, request: DigestRequest) -> _Scope:
    span = request.span
    if isinstance(span, Range) and span.head != "HEAD":
        sha = await source.resolve(span.head)
        return _Scope(span, ((span.head, sha),), sha)
    tips = await tips_of(source, request.filters.branches)
    newest = max(tips, key=lambda tip: tip.committed_at)
    return _Scope(
        span or day_of(newest.committed_at, request.zone),
        tuple((tip.branch, tip.sha) for tip in tips),
        newest.sha,
    )


async def _listed(source: CommitSource, scope: _Scope) -> dict[str, str]:
    """Every commit that is covered, with the first branch that has it."""
    found_on: dict[str, str] = {}
    for branch, end in scope.ends:
        for sha in await source.list_shas(selection(scope.span, end)):
            found_on.setdefault(sha, branch)
    return found_on


async def _wanted(
    commits: AsyncGenerator[Commit], filters: Filters, left_out: list[tuple[str, LeftOut]]
) -> AsyncGenerator[Commit]:
    """The commits that are to be analysed; the others are noted."""
    async with aclosing(commits):
        async for commit in commits:
            if filters.paths:  # thousands of files, each against every pattern
                reason = await asyncio.to_thread(left_out_unread, commit, filters)
            else:
                reason = left_out_unread(commit, filters)
            if reason:
                left_out.append((commit.sha, reason))
            else:
                yield commit


def with_branches(groups: Sequence[Group], found_on: Mapping[str, str]) -> tuple[Group, ...]:
    """The groups with each commit's branch, by the commits' full names; empty for no branch."""

    def named(entry: Entry) -> Entry:
        return replace(entry, branch=clean_line(found_on[entry.commit.sha]))

    return tuple(replace(group, entries=tuple(map(named, group.entries))) for group in groups)


def _require_each_once(listed: Collection[str], got: Sequence[str]) -> None:
    if sorted(got) != sorted(listed):
        raise SourceError(
            "error-commits-missing",
            permanent=False,
            missing=len(set(listed) - set(got)),
            total=len(listed),
        )
