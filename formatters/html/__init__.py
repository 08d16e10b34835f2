"""A digest as one HTML file that needs nothing else: no file beside it, no network, no script.

Whatever is untrusted reaches the page through jinja2's escaping, as text or as the value of a
quoted attribute, and nowhere else. Should something slip through all the same, the page's own
policy lets a browser run and load nothing but the script and the style of this folder.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analyzers.model import Digest, Entry, Importance, Kind, Repository
from analyzers.text import clean_line
from formatters.counts import author_key
from formatters.detail import author_of, detail
from formatters.digest import outline, zone_of
from formatters.html.chart import Chart, chart, radius
from formatters.prose import code_spans
from formatters.text import Words

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def page(digest: Digest, words: Words) -> str:
    """A digest: every commit's line, and its whole analysis beneath it."""
    entries = digest.entries
    zone = zone_of(digest.span)
    drawing = chart(digest, zone, lambda day: _short_date(day, words))
    return _render(
        "digest.html.j2",
        words,
        script=_resource("page.js"),
        outline=outline(digest, words),
        details={
            entry.commit.sha: detail(entry, digest.repository, zone, words) for entry in entries
        },
        home=digest.repository.web_url,
        chart=drawing,
        chart_description=_described(drawing, words) if drawing else "",
        radius=radius,
        total=len(entries),
        authors=_authors(entries, words),
        author_key=author_key,
        importances=_choices(Importance, [e.analysis.importance for e in entries], words),
        kinds=_choices(Kind, [e.analysis.kind for e in entries], words),
        generated=words.instant(digest.generated_at, zone),
    )


def commit_page(entry: Entry, repository: Repository, zone: str, words: Words) -> str:
    """One commit's whole analysis, with instants in the IANA zone `zone`."""
    return _render(
        "commit.html.j2",
        words,
        script="",
        repository=clean_line(repository.name),
        home=repository.web_url,
        detail=detail(entry, repository, zone, words),
    )


def _render(template: str, words: Words, *, script: str, **values: object) -> str:
    from markupsafe import Markup

    style = _resource("page.css")
    allowed = [f"style-src {_hash(style)}", *([f"script-src {_hash(script)}"] if script else [])]
    return (
        _environment()
        .get_template(template)
        .render(
            words=words,
            language=words.language,
            policy="; ".join(
                ["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"]
            ),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            **values,
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_resource),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": _code, "web_address": _web_address}
    return environment


@cache
def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression that allows exactly this inline text (CSP Level 3, section 2.3.1)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _code(text: str) -> Markup:
    """Escaped text; what stands between backticks, as models and titles write names, is code."""
    from markupsafe import Markup, escape

    code = Markup("<code>{}</code>")
    return Markup("").join(
        code.format(piece) if is_code else escape(piece) for piece, is_code in code_spans(text)
    )


def _web_address(url: str | None) -> str | None:
    """The address if a browser should follow it; a remote may well be `ssh:` or a folder."""
    return url if url and urlsplit(url).scheme in {"http", "https"} else None


def _choices(
    members: type[StrEnum], found: Iterable[StrEnum], words: Words
) -> list[tuple[str, str, int]]:
    """What a filter offers: the members that occur, each with its word and how often."""
    counts = Counter(found)
    name = members.__name__.lower()
    return [(m.value, words(f"{name}-{m}"), counts[m]) for m in members if counts[m]]


def _authors(entries: Iterable[Entry], words: Words) -> list[tuple[str, str, int]]:
    """What the filter of authors offers: keys, names as first written, and how often."""
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for entry in entries:
        key = author_key(entry.commit.author)
        names.setdefault(key, author_of(entry.commit, words))
        counts[key] += 1
    return [(key, names[key], n) for key, n in counts.most_common()]


def _described(drawing: Chart, words: Words) -> str:
    """The chart in words."""
    return words(
        "page-chart-description",
        kinds=words.listed(words(f"count-{lane.kind}", n=lane.count) for lane in drawing.lanes),
    )


def _short_date(day: date, words: Words) -> str:
    from babel.dates import format_date

    return format_date(day, words("page-pattern-day"), locale=words.language)
