"""Digests and analyses as pages for a chat, before any dialect."""

from __future__ import annotations

from dataclasses import replace

from analyzers.model import Digest, Edition, Entry, GroupKind, Repository
from analyzers.text import clean_line
from formatters.detail import Part, detail
from formatters.digest import Line, Section, outline
from formatters.model import Block, Commits, Page, Points, Prominence, Prose, Row, Small, Title
from formatters.text import Words

TO_COME = "⏳"
"""Before the headline of a commit that a model has yet to analyse."""


def digest_page(
    digest: Digest, words: Words, delivered: str | None = None, *, is_final: bool = False
) -> Page:
    """A digest: what the day was about, one line a commit, how complete it is.

    Args:
        digest: what to show.
        words: the catalogue of its readers.
        delivered: the id under which it is delivered to a chat.
        is_final: whether no analysis that is missing will come any more.
    """
    told = outline(digest, words)
    blocks: list[Block] = [Title(told.title), Small(told.stats)]
    # One block for both: too many remarks are then cut themselves, and not what stands below.
    if said := [*told.remarks, *filter(None, [words("sentence-separator").join(told.overview)])]:
        blocks.append(Prose("\n".join(said)))
    is_repaired = isinstance(digest.span, Edition) and not is_final
    blocks.extend(_commits(section, is_repaired=is_repaired) for section in told.sections)
    missing = sum(entry.analysis.is_provisional for entry in digest.entries) if is_repaired else 0
    to_come = words("complete-to-come", mark=TO_COME, n=missing) if missing else ""
    blocks.append(Small(" · ".join(filter(None, (told.completeness, to_come)))))
    return Page(tuple(blocks), digest=delivered)


def quiet_page(digest: Digest, words: Words) -> Page:
    """A scheduled digest that shows no commit, in a line; what is left out is counted."""
    told = outline(digest, words)
    if digest.left_out:
        said = words("quiet-left-out", title=told.title, completeness=told.completeness)
    else:
        said = words("quiet", title=told.title, branch=clean_line(digest.branch))
    return Page((Prose(said),))


def stopped_page(repository: str, reason: str, words: Words) -> Page:
    """Why no digests of a repository come any more, and how they come again.

    Args:
        repository: as it was subscribed.
        reason: the error, in the same words.
        words: the catalogue of the readers.
    """
    name = clean_line(repository)
    said = words("stopped-how", command=f"`/subscribe {name}`")
    return Page((Title(words("stopped", repository=name)), Prose(reason), Prose(said)))


def marked_reverted(page: Page, sha: str, by: str, words: Words) -> Page:
    """A digest whose readers are told that a commit was reverted later; the same page if the commit
    is not in it or was marked before.

    The mark stands before the headline, and before what one line says in place of a folded group,
    so that it is seen wherever these are shown and however short they are cut.

    Args:
        page: the digest as it is shown.
        sha: the full name of the commit.
        by: the full name of the commit that reverts it.
        words: the catalogue of the readers.
    """

    def marked(block: Block) -> Block:
        if not isinstance(block, Commits):
            return block
        rows = tuple(_reverted(row, by, words) if row.sha == sha else row for row in block.rows)
        changed = [row for row, before in zip(rows, block.rows, strict=True) if row != before]
        for row in changed:
            told = words("row-reverted", by=by[:7], headline=str(row.number))
            block = replace(block, rows=rows, gist=f"{told} · {block.gist}")
        return block

    return replace(page, blocks=tuple(marked(block) for block in page.blocks))


def _reverted(row: Row, by: str, words: Words) -> Row:
    if row.reverted:
        return row
    headline = words("row-reverted", by=by[:7], headline=row.headline)
    return replace(row, headline=headline, reverted=by)


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


def _commits(section: Section, *, is_repaired: bool) -> Commits:
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
            headline=_headline(line, is_repaired=is_repaired),
            tags=line.tags,
            branch=line.entry.branch,
        )
        for line in section.lines
    )
    return Commits(section.title, group.importance, prominence, rows, section.gist)


def _headline(line: Line, *, is_repaired: bool) -> str:
    provisional = is_repaired and line.entry.analysis.is_provisional
    return f"{TO_COME} {line.headline}" if provisional else line.headline


def _items(part: Part, words: Words) -> tuple[str, ...]:
    risks = (
        f"{severity} — {risk.text}"
        + (f" ({words('label-path', path=f'`{risk.place}`')})" if risk.path else "")
        for severity, risk in part.risks
    )
    return (*part.items, *risks)
