"""The full report of a digest, and one commit's, in GitHub-flavoured Markdown.

Untrusted text passes `prose`, `escape` or `code` on its way into the report, whose only markup is
therefore our own. A commit's heading is its full object name: every renderer makes the same anchor
of it, and a reader can count that no commit is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from analyzers.model import Digest, Entry, Repository
from analyzers.text import clean_line, shorten
from formatters.detail import Detail, Part, author_of, detail
from formatters.digest import GLYPHS, Outline, Section, outline, zone_of
from formatters.prose import code_spans
from formatters.text import Words, local

MAX_CELL = 160
"""Characters of a headline in the table and in the contents; its own section has it whole."""

_ACTIVE = re.compile(
    r"""
    (?P<reference> @ (?=\S) | [\#!] (?=\d) | \bGH- (?=\d) | : (?=//) | \bwww (?=\.) )
    | (?P<entity> [&<>|] )
    | (?P<mark> [\\`*\[\]~$\#] | (?<!\w)_++ | _++ (?![^\W_]) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What means something wherever it stands. An underscore within a word means nothing."""

_OPENING = re.compile(r"\A(?:(?P<mark>[-+=:])|\d{1,9}(?=[.)]))")
"""What means something at the beginning of a line, besides what `_ACTIVE` finds everywhere."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}

_BREAK = "&#8203;"
"""A space without a width: renderers that look for mentions, references and addresses in the
finished text, after all escaping, find none where one stands in between."""


def report(digest: Digest, words: Words) -> str:
    """The full report: overview, contents, a table of all commits and every analysis."""
    page = outline(digest, words)
    remarks = map(escape, page.remarks)
    head = [f"# {escape(page.title)}", escape(page.stats), *remarks, escape(page.completeness)]
    if not page.sections:
        return _joined(head)
    if page.overview:
        head.append(f"## {words('report-overview')}")
        head.extend(escape(sentence) for sentence in page.overview)
    zone = zone_of(digest.span)
    blocks = [
        *head,
        f"## {words('report-contents')}",
        _contents(page),
        f"## {words('report-commits')}",
        _table(page, zone, words),
    ]
    for section in page.sections:
        blocks.append(f"## {_section_title(section)}")
        for line in section.lines:
            expanded = detail(line.entry, digest.repository, zone, words)
            blocks.append(f"### {line.entry.commit.sha}")
            blocks.append(f"**{line.entry.number}. {prose(expanded.headline)}**")
            blocks.extend(_analysis(expanded, words, level=4))
    return _joined([*blocks, "---", escape(page.completeness)])


def commit_report(entry: Entry, repository: Repository, zone: str, words: Words) -> str:
    """The full analysis of one commit, with instants in the IANA zone `zone`."""
    expanded = detail(entry, repository, zone, words)
    return _joined(
        [
            f"# {prose(expanded.headline)}",
            f"{escape(clean_line(repository.name))} · {code(entry.commit.sha)}",
            *_analysis(expanded, words, level=2),
        ]
    )


def escape(text: str) -> str:
    """Text for any place of the report, on one line, that means nothing to Markdown.

    It makes no heading, list, quote, code, emphasis, link, image, tag, entity, table cell, formula,
    footnote, mention, reference or address to click.
    """
    return _OPENING.sub(_closed, _ACTIVE.sub(_disarmed, " ".join(text.split())))


def prose(text: str) -> str:
    """Escaped text in which what stands between single backticks is shown as code."""
    shown = []
    for piece, is_code in code_spans(" ".join(text.split())):
        if is_code and "|" not in piece:  # which would end a table's cell even there
            shown.append(f"`{piece}`")
        else:
            shown.append(_ACTIVE.sub(_disarmed, f"`{piece}`" if is_code else piece))
    return _OPENING.sub(_closed, "".join(shown))


def code(text: str) -> str:
    """Text as code on one line; as escaped text where it could not be code."""
    line = " ".join(text.split())
    return f"`{line}`" if line and not set(line) & set("`|") else escape(line)


def _disarmed(found: re.Match[str]) -> str:
    text = found[0]
    if found["reference"]:
        return f"{text}{_BREAK}"
    if found["entity"]:
        return _ENTITIES[text]
    return "".join(f"\\{character}" for character in text)


def _closed(found: re.Match[str]) -> str:
    return f"\\{found[0]}" if found["mark"] else f"{found[0]}\\"


def _contents(page: Outline) -> str:
    """A list of all commits by their groups; a group leads to its first commit."""
    return "\n".join(row for section in page.sections for row in _contents_of(section))


def _contents_of(section: Section) -> Iterator[str]:
    yield f"- [{_section_title(section)}](#{section.lines[0].entry.commit.sha})"
    for line in section.lines:
        headline = prose(shorten(line.headline, MAX_CELL))
        yield f"  - [{line.entry.number}. {headline}](#{line.entry.commit.sha})"


def _section_title(section: Section) -> str:
    return f"{GLYPHS[section.group.importance]} {escape(section.title)}"


def _table(page: Outline, zone: str, words: Words) -> str:
    """Every commit, the newest first; its number leads to its analysis."""
    titles = ("time", "author", "commit", "change", "importance", "kind")
    columns = [words(f"column-{title}", zone=zone) for title in titles]
    lines = [line for section in page.sections for line in section.lines]
    lines.sort(key=lambda line: line.entry.commit.committed_at, reverse=True)
    rows = [["#", *columns], ["--:", *["---"] * len(columns)]]
    for line in lines:
        commit, analysis = line.entry.commit, line.entry.analysis
        importance = words(f"importance-{analysis.importance.value}")
        rows.append(
            [
                f"[{line.entry.number}](#{commit.sha})",
                f"{local(commit.committed_at, zone):%Y-%m-%d %H:%M}",
                escape(author_of(commit, words)),
                _link(code(commit.short_sha), line.url),
                prose(shorten(line.headline, MAX_CELL)),
                f"{GLYPHS[analysis.importance]} {importance}",
                words.listed(words(f"kind-{kind.value}") for kind in analysis.kinds),
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _analysis(expanded: Detail, words: Words, *, level: int) -> Iterator[str]:
    """What stands below a commit's heading; its parts have headings of the given level."""
    commit, importance = expanded.entry.commit, expanded.entry.analysis.importance
    yield f"{GLYPHS[importance]} {' · '.join(expanded.badges)}"
    yield f"{escape(expanded.byline)} · {_link(code(commit.short_sha), expanded.url)}"
    if expanded.title and expanded.title != expanded.headline:
        yield prose(words("label-commit-title", title=expanded.title))
    for part in expanded.parts:
        yield f"{'#' * level} {part.title}"
        yield _part(part, words)
    yield f"*{prose(' · '.join(expanded.small_print))}*"


def _part(part: Part, words: Words) -> str:
    rows = [_lines(item) for item in part.items]
    for severity, risk in part.risks:
        place = f" ({words('label-path', path=code(risk.place))})" if risk.path else ""
        rows.append(f"**{severity}** — {prose(risk.text)}{place}")
    if len(rows) == 1 and part.items:
        return rows[0]
    return "\n".join("- " + row.replace("\n", "\n  ") for row in rows)


def _lines(text: str) -> str:
    """Prose of several lines, each on a line of its own."""
    return "\\\n".join(prose(line) for line in text.splitlines() if line.strip())


def _link(label: str, url: str | None) -> str:
    """A link to a page of the commit's own forge, or the label alone."""
    return f"[{label}]({quote(url, safe=':/?#=&%@+,;~')})" if url else label


def _joined(blocks: list[str]) -> str:
    return "\n\n".join(filter(None, blocks)) + "\n"
