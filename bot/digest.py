"""The flow: a span of a repository's history becomes a digest.

    source ──commits──▶ analyzer ──analyses──▶ arrange ──groups──▶ Digest

Commits are read as a stream and analysed by a bounded number of workers, so that neither patches
nor requests pile up. What was listed must come out: a digest with a commit missing is not made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from analyzers.errors import RevisionNotFound, SourceError
from analyzers.model import Analysis, Commit, Digest, Entry, Range, Span
from analyzers.overview import arrange
from analyzers.ports import Analyzer
from bot.ports import CommitSource
from bot.spans import day_of, selection

Progress = Callable[[int, int], None]
"""Told how many commits of how many are analysed."""

Analysed = tuple[Commit, Analysis]


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """What somebody wants to read."""

    span: Span | None
    """What to cover; None is the latest day that has a commit."""
    branch: str | None
    """Whose history; None is the default branch. A range names its own ends."""
    zone: str
    """The IANA zone that the latest day is told in."""
    language: str
    """What readers speak (BCP 47)."""


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
        SourceError: the repository did not give every commit of the span.
    """
    # The tip is looked up once and all is listed from it: a push meanwhile changes nothing.
    branch, head, span = await _pinned(source, request)
    shas = await source.list_shas(selection(span, head))
    analysed = await analyse_all(
        source.read(shas),
        analyzer,
        request.language,
        workers=workers,
        on_commit=lambda done: progress(done, len(shas)),
    )
    _require_each_once(shas, analysed)
    return Digest(
        repository=source.repository,
        branch=branch,
        span=span,
        head=head,
        language=request.language,
        groups=arrange(analysed),
        generated_at=now,
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


async def _pinned(source: CommitSource, request: DigestRequest) -> tuple[str, str, Span]:
    """What the end of the history is called, its commit, and what to cover."""
    span = request.span
    if isinstance(span, Range) and span.head != "HEAD":
        return span.head, await source.resolve(span.head), span
    tip = await source.head(request.branch)
    return tip.branch, tip.sha, span or day_of(tip.committed_at, request.zone)


def _require_each_once(shas: Sequence[str], analysed: Sequence[Analysed]) -> None:
    got = sorted(commit.sha for commit, _ in analysed)
    if got != sorted(shas):
        raise SourceError(
            "error-commits-missing",
            permanent=False,
            missing=len(set(shas) - set(got)),
            total=len(shas),
        )
