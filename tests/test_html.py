"""The HTML page, read back with a parser: nothing in it that we did not put there."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.model import (
    Analysis,
    Commit,
    Digest,
    Entry,
    GroupKind,
    Importance,
    Kind,
    Person,
    Repository,
)
from formatters.detail import detail
from formatters.digest import outline, zone_of
from formatters.html import commit_page, page
from formatters.text import LANGUAGES, words_for
from tests.digests import (
    HOSTILE_TEXTS,
    LOCAL,
    TUESDAY,
    WIDGET,
    a_busy_day,
    a_digest,
    a_group,
    an_entry,
    analyses,
    commits,
    digests,
    model_analysis,
    rules_analysis,
    shas,
    texts,
)
from tests.growth import grows_no_faster_than_its_material

EN = words_for("en")
VOID = {"meta", "input", "circle", "line"}
"""Elements that we write without an end."""

OURS = {
    "a": {"href", "rel", "tabindex"},
    "article": {"class"},
    "bdi": {"class"},
    "body": set(),
    "button": {"type", "id", "hidden"},
    "circle": {"class", "cx", "cy", "r"},
    "code": {"dir"},
    "desc": {"id"},
    "details": {"class", "data-importance", "data-kind", "data-author"},
    "div": {"class", "id", "role", "aria-label", "hidden"},
    "fieldset": set(),
    "figcaption": set(),
    "figure": {"class", "id"},
    "footer": {"class"},
    "g": {"class"},
    "h1": {"dir"},
    "h2": {"dir"},
    "h3": {"dir"},
    "h4": set(),
    "head": set(),
    "header": {"class"},
    "html": {"lang"},
    "input": {
        "id", "type", "name", "value", "autocomplete", "autocapitalize", "spellcheck",
        "enterkeyhint", "aria-keyshortcuts", "placeholder",
    },
    "label": {"class", "for"},
    "legend": set(),
    "li": {"dir"},
    "line": {"class", "x1", "x2", "y1", "y2"},
    "main": set(),
    "meta": {"charset", "http-equiv", "name", "content"},
    "option": {"value"},
    "output": {"id", "role", "aria-live", "data-words"},
    "p": {"class", "dir", "id", "hidden"},
    "script": set(),
    "section": {"class"},
    "select": {"id"},
    "span": {"class", "dir", "aria-hidden"},
    "style": set(),
    "summary": set(),
    "svg": {"class", "width", "height", "role", "aria-labelledby"},
    "text": {"x", "y"},
    "title": {"id"},
    "ul": {"class", "aria-hidden"},
}  # fmt: skip
"""Every element of the pages, with every attribute that it may have."""

CLASSES = {
    "actions", "alone", "analysis", "author", "badge", "badges", "bottom", "byline", "chart",
    "chip", "commit", "completeness", "count", "dot", "filters", "fold", "gist", "group",
    "hidden", "lane", "lanes", "legend", "mark", "nothing", "number", "overview", "plot",
    "remark", "risks", "rows", "search", "small", "stats", "tag", "tick", "time", "title", "top",
    "when",
    *Importance, *GroupKind, *(f"k-{kind}" for kind in Kind),
}  # fmt: skip

IDS = {
    "author", "chart", "chart-description", "chart-title", "collapse", "expand", "filters",
    "nothing", "reset", "shown", "text",
}  # fmt: skip


@dataclass
class Element:
    """One element with what stands in it."""

    name: str
    attributes: dict[str, str]
    content: list[Element | str] = field(default_factory=list)

    @property
    def children(self) -> list[Element]:
        return [part for part in self.content if isinstance(part, Element)]

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.content)


class Page(HTMLParser):
    """A parsed page; parsing fails where an element is left open or closed twice."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.comments: list[str] = []
        self._open: list[Element] = []
        self.feed(source)
        self.close()
        assert not self._open, [element.name for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        if self._open:
            self._open[-1].content.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].content.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def named(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    def classed(self, name: str) -> list[Element]:
        return [e for e in self.elements if name in e.attributes.get("class", "").split()]

    def by_id(self, name: str) -> Element:
        (found,) = [e for e in self.elements if e.attributes.get("id") == name]
        return found

    @property
    def ids(self) -> list[str]:
        return [e.attributes["id"] for e in self.elements if "id" in e.attributes]

    @property
    def policy(self) -> dict[str, str]:
        (meta,) = [e for e in self.elements if "http-equiv" in e.attributes]
        directives = (part.split(maxsplit=1) for part in meta.attributes["content"].split(";"))
        return dict(directives)


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def resource(name: str) -> str:
    return files("formatters.html").joinpath(name).read_text(encoding="utf-8")


def assert_ours_alone(read: Page, wanted: list[str], repository: Repository) -> None:
    """No element, attribute, class, id, script or link but ours."""
    assert not read.comments
    for element in read.elements:
        assert element.attributes.keys() <= OURS[element.name], element
        assert set(element.attributes.get("class", "").split()) <= CLASSES, element
    assert Counter(name for name in read.ids if name not in IDS) == Counter(wanted)
    assert set(Counter(read.ids).values()) <= {1}
    pages = {repository.web_url, *(repository.commit_url(sha) for sha in wanted)}
    for link in read.named("a"):
        href = link.attributes["href"]
        assert href in pages or href.removeprefix("#") in wanted, href
        assert href.startswith("#") or link.attributes["rel"] == "noopener noreferrer"
    assert [style.text for style in read.named("style")] == [resource("page.css")]
    assert {script.text for script in read.named("script")} <= {resource("page.js")}
    assert read.policy["default-src"] == "'none'"
    assert read.policy["style-src"] == hash_of(resource("page.css"))


def squeezed(text: str) -> str:
    """Text without white space and backticks, which the page may show in another way."""
    return re.sub(r"[\s`]+", "", text)


def assert_told(read: Page, entry: Entry, digest: Digest) -> None:
    """The whole analysis stands beneath its commit, whatever runs in the browser."""
    words = words_for(digest.language)
    expected = detail(entry, digest.repository, zone_of(digest.span), words)
    shown = squeezed(read.by_id(entry.commit.sha).text)
    for part in expected.parts:
        for text in (part.title, *part.items):
            assert squeezed(text) in shown
        for severity, risk in part.risks:
            assert squeezed(f"{severity}{risk.text}{risk.path or ''}") in shown
    for text in (*expected.badges, *expected.small_print, entry.commit.sha):
        assert squeezed(text) in shown


# --- untrusted text ----------------------------------------------------------------------------


@given(digests(max_commits=40))
def test_a_page_holds_every_commit_once_and_nothing_that_is_not_ours(digest: Digest) -> None:
    """Invariants 1, 3 and 7."""
    words = words_for(digest.language)
    read = Page(page(digest, words))
    assert_ours_alone(read, list(shas(digest)), digest.repository)
    assert read.policy["script-src"] == hash_of(resource("page.js"))
    assert read.named("html")[0].attributes == {"lang": digest.language}
    expected = outline(digest, words)
    assert squeezed(expected.completeness) in squeezed(read.classed("completeness")[0].text)
    assert [squeezed(p.text) for p in read.classed("remark")] == list(
        map(squeezed, expected.remarks)
    )
    rows = read.classed("commit")
    lines = [line for section in expected.sections for line in section.lines]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert squeezed(f"{line.entry.number}") in squeezed(row.text)
        assert squeezed(line.headline) in squeezed(row.text)
    for entry in digest.entries[:3]:
        assert_told(read, entry, digest)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_hostile_text_in_every_place_is_shown_and_does_nothing(text: str) -> None:
    """Invariant 7."""
    analysis = replace(
        model_analysis(text),
        summary=(text,) * 2, scope=(text,), architecture=text, security=text, advice=(text,),
        analyzer=text,
    )  # fmt: skip
    entries = [an_entry(number, analysis, message=text) for number in (1, 2)]
    digest = a_digest(
        a_group(*entries, kind=GroupKind.ALIKE, name=text),
        repository=replace(WIDGET, name=text),
        branch=text,
    )
    read = Page(page(digest, EN))
    assert_ours_alone(read, list(shas(digest)), digest.repository)
    assert_told(read, entries[0], digest)


@settings(max_examples=100)
@given(commits(), analyses(), texts(), st.sampled_from(LANGUAGES))
def test_a_page_of_one_commit_is_ours_alone_and_runs_nothing(
    commit: Commit, analysis: Analysis, name: str, language: str
) -> None:
    """Invariant 7."""
    entry = Entry(1, commit, analysis)
    repository = replace(WIDGET, name=name)
    read = Page(commit_page(entry, repository, "Asia/Shanghai", words_for(language)))
    assert_ours_alone(read, [commit.sha], repository)
    assert not read.named("script")
    assert "script-src" not in read.policy
    digest = replace(
        a_digest(a_group(entry), span=replace(TUESDAY, zone="Asia/Shanghai")), language=language
    )
    assert_told(read, entry, digest)


def test_only_what_a_browser_should_follow_is_a_link() -> None:
    """Invariant 7: a remote may be a folder or an address of another kind."""
    for url in (None, "javascript:alert(1)", "ssh://forge.example/acme/widget", "/srv/widget"):
        digest = replace(a_busy_day(9), repository=replace(LOCAL, web_url=url))
        hrefs = {link.attributes["href"] for link in Page(page(digest, EN)).named("a")}
        assert hrefs == {f"#{sha}" for sha in shas(digest)}
        text = commit_page(digest.entries[0], digest.repository, "UTC", EN)
        assert not Page(text).named("a")


def test_the_script_and_the_style_reach_for_nothing() -> None:
    """A page opened from a mail asks nobody for anything."""
    for name in ("page.js", "page.css"):
        found = re.findall(
            r"https?:|//\w|url\(|@import|fetch|XMLHttp|import\(|eval|innerHTML|Storage|cookie",
            re.sub(r"^\s*(//.*|/\*.*\*/)$", "", resource(name), flags=re.MULTILINE),
        )
        assert not found, (name, found)


# --- what it says ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_of_the_page_is_in_its_language(language: str) -> None:
    words = words_for(language)
    read = Page(page(replace(a_busy_day(), language=language), words))
    assert read.named("html")[0].attributes["lang"] == language
    assert read.named("h1")[0].text == "acme/widget"
    assert read.by_id("expand").text == {"en": "Expand all", "zh": "全部展开"}[language]
    assert read.by_id("shown").attributes["data-words"] == {
        "en": "Showing {shown} of 45",
        "zh": "显示 {shown} / 45",
    }[language]  # fmt: skip
    if language == "zh":
        english = re.findall(r">([A-Z][a-z]+(?: [a-z]+)+)<", page(a_digest(), words))
        assert not english


def test_sections_come_in_the_order_of_reading_and_folded_ones_open() -> None:
    read = Page(page(a_busy_day(), EN))
    titles = [element.text for element in read.named("h2")]
    assert titles == [section.title for section in outline(a_busy_day(), EN).sections]
    folds = read.classed("fold")
    assert len(folds) == 4
    assert all(fold.name == "details" for fold in folds)


def test_filters_offer_what_there_is_and_count_it() -> None:
    ada, bob = (replace(an_entry().commit.author, name=name) for name in ("Ada", "Bob & Co"))
    fix = rules_analysis("Fix it", kinds=(Kind.FIX, Kind.TEST), importance=Importance.HIGH)
    digest = a_digest(
        a_group(an_entry(1, fix, author=ada), an_entry(2, author=ada), an_entry(3, author=bob))
    )
    read = Page(page(digest, EN))
    options = [(o.attributes["value"], o.text) for o in read.named("option")]
    assert options == [("", "Everyone"), ("ada", "Ada (2)"), ("bob & co", "Bob & Co (1)")]
    boxes = [(e.attributes["name"], e.attributes["value"]) for e in read.named("input")[1:]]
    assert boxes == [
        ("importance", "high"), ("importance", "medium"), ("kind", "fix"), ("kind", "feature"),
    ]  # fmt: skip
    assert read.classed("chip")[0].text.split() == ["high", "1"]
    assert [row.attributes["data-author"] for row in read.classed("commit")] == [
        "ada", "ada", "bob & co",
    ]  # fmt: skip


def test_the_filter_offers_as_many_authors_as_are_counted() -> None:
    people = [Person("Ada", "a"), Person("ada", "b"), Person("", "c"), Person("", "d")]
    entries = [an_entry(n, author=author) for n, author in enumerate(people, start=1)]
    read = Page(page(a_digest(a_group(*entries)), EN))
    assert [o.text for o in read.named("option")[1:]] == ["Ada (2)", "unknown author (2)"]
    assert len({row.attributes["data-author"] for row in read.classed("commit")}) == 2


def test_what_stands_between_backticks_is_code_and_nothing_else_is() -> None:
    analysis = model_analysis("Call `a<b>()` not ``x`` or ` y `")
    read = Page(page(a_digest(a_group(an_entry(1, analysis))), EN))
    (heading,) = read.named("h3")
    assert heading.text == "Call a<b>() not ``x`` or ` y `"
    assert [child.text for child in heading.children] == ["a<b>()"]


def test_a_quiet_day_is_a_page_without_chart_and_filters() -> None:
    read = Page(page(a_digest(), EN))
    assert "A quiet time: no commit landed on main." in read.classed("completeness")[0].text
    assert not read.classed("chart")
    assert not read.classed("filters")
    assert not read.classed("group")


def test_a_day_of_500_commits_is_a_small_file_made_in_linear_time() -> None:
    digest = a_busy_day(500)
    assert grows_no_faster_than_its_material(lambda day: page(day, EN), a_busy_day, 62)
    text = page(digest, EN)
    assert len(text.encode()) < 1_500_000
    assert Counter(Page(text).ids)[digest.head] == 1


# --- colours -----------------------------------------------------------------------------------


def _palettes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", resource("page.css"), flags=re.DOTALL)
    themes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), themes, strict=True))


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_every_text_has_contrast_enough(theme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    colours = _palettes()[theme]
    poor = {}
    for text, ground in product(
        ("text", "soft", "link", "high", "medium", "low"), ("page", "card", "sunk")
    ):
        light, dark = sorted((_luminance(colours[n]) for n in (text, ground)), reverse=True)
        ratio = (light + 0.05) / (dark + 0.05)
        if ratio < 4.5:
            poor[text, ground] = round(ratio, 2)
    assert not poor


def test_every_kind_has_a_colour() -> None:
    css = resource("page.css")
    assert [kind for kind in Kind if f".k-{kind}" not in css] == []
