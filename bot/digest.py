"""The flow: a span of a repository's history becomes a digest.

    source ──commits──▶ filters ──▶ analyzer ──analyses──▶ filters ──▶ arrange ──groups──▶ Digest

What was listed must come out, shown or counted: a digest with a commit missing is not made. How
commits are read and analysed stands in `bot.analysing`; scheduled digests are made in
`bot.deliveries.editions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from analyzers.errors import InputError
from analyzers.grouping import arrange
from analyzers.model import Digest, LeftOut, Range
from analyzers.ports import Account, AnalysisRequest, Analyzer
from analyzers.text import clean_line
from bot.analysing import Progress, Reader, counted, with_branches
from bot.branches import tips_of
from bot.deliveries.news import landed_on
from bot.ports import CommitSource, Node
from bot.spans import AskedSpan, day_of, selection
from bot.subscriptions import EVERYTHING, Filters


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """What somebody wants to read."""

    span: AskedSpan | None
    """What to cover; None is the latest day that has a commit."""
    zone: str
    """The IANA zone that the latest day is told in."""
    language: str
    """What readers speak (BCP 47)."""
    filters: Filters = EVERYTHING
    """Whose history, and which commits of it. A range that names its own end has no branches."""
    most: int | None = None
    """Commits that it may cover; None is any number."""
    is_own: bool = False
    """Whether the forge itself has said that a range is the repository's."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a request comes to in the repository as it is now."""

    span: AskedSpan
    ends: tuple[tuple[str, str], ...]
    """What each end of the history is called, and its commit."""
    head: str
    """The newest of these commits."""


async def make_digest(
    source: CommitSource,
    analyzer: Analyzer,
    request: DigestRequest,
    *,
    account: Account,
    workers: int,
    now: datetime,
    progress: Progress,
) -> Digest:
    """Read, analyse and arrange every commit that is asked for.

    Args:
        source: the repository.
        analyzer: asked about each commit; must not raise (see `analyzers.fallback`).
        request: what to cover.
        account: whom a model's work is counted for.
        workers: how many commits are analysed at once.
        now: when this is, in UTC.
        progress: told after each commit.

    Raises:
        InputError: there are more commits than asked for at most.
        SourceError: the repository did not give every commit of the span.
    """
    # The tips are looked up once and all is listed from them: a push meanwhile changes nothing.
    scope = await _pinned(source, request)
    listed = await _listed(source, scope)
    if request.most is not None and len(listed) > request.most:
        raise InputError("error-too-many-commits", most=request.most)
    found_on = {node.sha: branch for node, branch in listed.items()}
    brought_in: set[str] = set()
    if request.filters.first_parent:
        brought_in = found_on.keys() - landed_on((sha for _, sha in scope.ends), list(listed))
        found_on = {sha: on for sha, on in found_on.items() if sha not in brought_in}
    reader = Reader(
        source, analyzer, AnalysisRequest(request.language, account), request.filters, workers
    )
    shown, left_out = await reader.choose(found_on, progress)
    groups = arrange(shown)
    return Digest(
        repository=source.repository,
        branch=", ".join(clean_line(name) for name, _ in scope.ends),
        span=scope.span,
        head=scope.head,
        language=request.language,
        groups=with_branches(groups, found_on) if len(scope.ends) > 1 else groups,
        generated_at=now,
        left_out=counted([*left_out.values(), *[LeftOut.BROUGHT_IN] * len(brought_in)]),
    )


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


async def _listed(source: CommitSource, scope: _Scope) -> dict[Node, str]:
    """Every commit that is covered, with the first branch that has it."""
    found_on: dict[Node, str] = {}
    for branch, end in scope.ends:
        for node in await source.list_nodes(selection(scope.span, end)):
            found_on.setdefault(node, branch)
    return found_on
