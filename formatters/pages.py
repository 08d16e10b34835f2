"""Digests and analyses as pages for a chat, before any dialect."""

from __future__ import annotations

from dataclasses import replace

from analyzers.model import Digest, Entry, GroupKind, Repository
from analyzers.text import clean_line
from formatters.detail import Part, detail
from formatters.digest import Section, outline
from formatters.model import Block, Commits, Page, Points, Prominence, Prose, Row, Small, Title
from formatters.text import Words


def digest_page(digest: Digest, words: Words, delivered: str | None = None) -> Page:
    """A digest: what the day was about, one line a commit, how complete it is.

    Args:
        digest: what to show.
        words: the catalogue of its readers.
        delivered: the id under which it is delivered to a chat.
    """
    told = outline(digest, words)
    blocks: list[Block] = [Title(told.title), Small(told.stats)]
    blocks.extend(Small(remark) for remark in told.remarks)
    if told.overview:
        blocks.append(Prose(words("sentence-separator").join(told.overview)))
    blocks.extend(_commits(section) for section in told.sections)
    blocks.append(Small(told.completeness))
    return Page(tuple(blocks), digest=delivered)


def quiet_page(digest: Digest, words: Words) -> Page:
    """A day without news, in a line, and how many commits were left out of it."""
    told = outline(digest, words)
    return Page((Prose(f"{told.title}: {told.completeness}"),))


def stopped_page(repository: str, reason: str, words: Words) -> Page:
    """Why no digests of a repository come any more, and how they come again.

    Args:
        repository: as it was subscribed.
        reason: the error, in the same words.
        words: the catalogue of the readers.
    """
    name = clean_line(repository)
    said = words("stopped", repository=name, reason=reason, command=f"`/subscribe {name}`")
    return Page((Prose(said),))


def marked_reverted(page: Page, sha: str, by: str, words: Words) -> Page:
    """A digest whose readers are told that a commit was reverted later; twice is as once.

    Args:
        page: the digest as it is shown.
        sha: the full name of the commit.
        by: the full name of the commit that reverts it.
        words: the catalogue of the readers.
    """
    mark = words("row-reverted", by=by[:7])

    def marked(row: Row) -> Row:
        if row.sha != sha or row.headline.startswith(mark):
            return row
        return replace(row, headline=f"{mark} {row.headline}")

    return replace(
        page,
        blocks=tuple(
            replace(block, rows=tuple(map(marked, block.rows)))
            if isinstance(block, Commits)
            else block
            for block in page.blocks
        ),
    )


def detail_page(entry: Entry, repository: Repository, zone: str, words: Words) -> Page:
    """One commit's full analysis, with instants in the IANA zone `zone`."""
    told = detail(entry, repository, zone, words)
    blocks: list[Block] = [
        Title(told.headline, entry.analysis.importance),
        Small(" · ".join(told.badges)),
        Small(told.byline, entry.commit.sha, told.url),
    ]
    if told.title and told.title != told.headline:
        blocks.append(Small(words("label-commit-title", title=told.title)))
    blocks.extend(Points(part.title, _items(part, words)) for part in told.parts)
    blocks.append(Small(" · ".join((clean_line(repository.name), *told.small_print))))
    return Page(tuple(blocks))


def _commits(section: Section) -> Commits:
    group = section.group
    prominence = Prominence.BRIEF
    if group.kind is GroupKind.ATTENTION:
        prominence = Prominence.FULL
    elif group.is_folded:
        prominence = Prominence.FOLDED
    rows = tuple(
        Row(
            number=line.entry.number,
            sha=line.entry.commit.sha,
            url=line.url,
            headline=line.headline,
            tags=line.tags,
            branch=line.entry.branch,
        )
        for line in section.lines
    )
    return Commits(section.title, group.importance, prominence, rows, section.gist)


def _items(part: Part, words: Words) -> tuple[str, ...]:
    risks = (
        f"{severity} — {risk.text}"
        + (f" ({words('label-path', path=f'`{risk.path}`')})" if risk.path else "")
        for severity, risk in part.risks
    )
    return (*part.items, *risks)
