"""The HTML page in a real browser: what its script and its style do."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from analyzers.model import Digest, GroupKind, Importance, Kind
from formatters.html import page
from formatters.text import words_for
from tests import browser
from tests.digests import (
    HOSTILE_TEXTS,
    WIDGET,
    a_busy_day,
    a_digest,
    a_group,
    an_entry,
    model_analysis,
    rules_analysis,
    sha_of,
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        browser.BINARY is None, reason="no Chromium on PATH; the page itself is tested without one"
    ),
]

SHOWN = "[...document.querySelectorAll('details.commit')].filter(e => e.checkVisibility())"
OPEN = "[...document.querySelectorAll('details.commit[open]')]"
NUMBERS = ".map(e => +e.querySelector('.number').textContent)"
TOLD = "document.getElementById('shown').value"
FOCUSED = "document.activeElement.id"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tab() -> AsyncIterator[browser.Tab]:
    async with browser.chromium() as opened:
        yield opened


@pytest.fixture
def day() -> Digest:
    """Six commits: two in need of attention, two of a component, two in a fold."""
    authors = [replace(an_entry().commit.author, name=name) for name in ("Ada", "Bob")]
    entries = [
        an_entry(
            number,
            rules_analysis(
                f"Change {word}",
                kinds=(Kind.FIX if number % 2 else Kind.TEST,),
                importance=(Importance.HIGH, Importance.MEDIUM, Importance.LOW)[(number - 1) // 2],
            ),
            author=authors[number in (2, 6)],
        )
        for number, word in enumerate(("one", "two", "three", "four", "five", "six"), start=1)
    ]
    return a_digest(
        a_group(*entries[:2], kind=GroupKind.ATTENTION),
        a_group(*entries[2:4], name="core"),
        a_group(*entries[4:], kind=GroupKind.ALIKE, name="tests"),
    )


@pytest.fixture
def file(tmp_path: Path, day: Digest) -> Path:
    return written(tmp_path, day)


def written(folder: Path, digest: Digest) -> Path:
    path = folder / "digest.html"
    path.write_text(page(digest, words_for(digest.language)), encoding="utf-8")
    return path


async def check(tab: browser.Tab, value: str) -> None:
    await tab.run(f"document.querySelector('input[value={value}]').click()")


async def test_opening_a_page_asks_for_nothing_and_breaks_no_rule_of_its_own(
    tab: browser.Tab, tmp_path: Path
) -> None:
    """Invariant 7."""
    texts = [text for text in HOSTILE_TEXTS if "evil" in text or "<" in text]
    entries = [
        an_entry(number, replace(model_analysis(text), summary=(text,)), message=text)
        for number, text in enumerate(texts, start=1)
    ]
    path = written(tmp_path, a_digest(a_group(*entries)))
    tab.events.clear()
    await tab.open(path)
    await tab.run("document.getElementById('expand').click()")
    asked = [of(event, "request", "url") for event in tab.events if is_a(event, "requestWillBe")]
    assert {url for url in asked if url != "about:blank"} == {path.as_uri()}
    assert not [event for event in tab.events if is_a(event, "exceptionThrown", "entryAdded")]


@pytest.mark.parametrize(
    ("element", "directive"),
    [
        ("<img src='http://127.0.0.1:9/x.png'>", "img-src"),
        ("<img src=x onerror='document.title = 1'>", "script-src-attr"),
        ("<iframe src='http://127.0.0.1:9/'></iframe>", "frame-src"),
        ("<p style='background: red'>", "style-src-attr"),
        ("<link rel=stylesheet href='http://127.0.0.1:9/x.css'>", "style-src-elem"),
    ],
)
async def test_what_might_slip_through_is_refused_by_the_browser(
    tab: browser.Tab, file: Path, element: str, directive: str
) -> None:
    """Invariant 7: the policy holds even where escaping would have failed."""
    await tab.open(file)
    refused = await tab.run(
        f"""new Promise(done => {{
            const all = new Set();
            addEventListener("securitypolicyviolation", (e) => all.add(e.effectiveDirective));
            document.body.insertAdjacentHTML("beforeend", {element!r});
            setTimeout(() => done([...all]), 300);
        }})"""
    )
    assert directive in refused
    assert await tab.run("document.title") != "1"


async def test_filters_work_at_once_and_together(tab: browser.Tab, file: Path) -> None:
    await tab.open(file)
    assert await tab.run(TOLD) == "Showing 6 of 6"
    assert await tab.run(SHOWN + NUMBERS) == [1, 2, 3, 4]  # 5 and 6 stand in a closed fold
    await check(tab, "fix")
    assert await tab.run(SHOWN + NUMBERS) == [1, 3, 5]
    await check(tab, "high")
    await check(tab, "low")
    assert await tab.run(SHOWN + NUMBERS) == [1, 5]
    assert await tab.run(TOLD) == "Showing 2 of 6"
    assert await tab.run("document.querySelectorAll('.time a.out').length") == 4
    await tab.run("document.getElementById('reset').click()")
    assert await tab.run(SHOWN + NUMBERS) == [1, 2, 3, 4]
    assert await tab.run("document.getElementById('reset').hidden")
    await tab.run("author.value = 'bob'; author.dispatchEvent(new Event('change', {bubbles: 1}))")
    assert await tab.run(SHOWN + NUMBERS) == [2, 6]


async def test_the_search_finds_words_anywhere_and_says_when_there_are_none(
    tab: browser.Tab, file: Path
) -> None:
    await tab.open(file)
    await tab.press("/")
    assert await tab.run(FOCUSED) == "text"
    await tab.type("CHANGE ada three")
    assert await tab.run(SHOWN + NUMBERS) == [3]
    await tab.press("Escape")
    assert await tab.run("text.value") == ""
    await tab.type(sha_of(6)[5:20])
    assert await tab.run(SHOWN + NUMBERS) == [6]
    await tab.type(" nonsense")
    assert await tab.run(SHOWN + NUMBERS) == []
    assert await tab.run("document.getElementById('nothing').checkVisibility()")
    assert await tab.run(TOLD) == "Showing 0 of 6"


async def test_everything_can_be_done_from_the_keyboard(tab: browser.Tab, file: Path) -> None:
    await tab.open(file)
    stops = []
    for _ in range(40):
        await tab.press("Tab")
        stops.append(
            await tab.run(
                "(e => e === document.body ? '' : e.id || e.value || e.querySelector('.number, h2')"
                "?.textContent || e.textContent)(document.activeElement)"
            )
        )
        if stops[-1] == "":
            break
    assert stops == [
        "acme/widget", "text", "author", "high", "medium", "low", "fix", "test",
        "expand", "collapse", "1", "2", "3", "4", "tests (2 alike)", "",
    ]  # fmt: skip
    await tab.run("document.querySelector('details.commit summary').focus()")
    await tab.press("Enter")
    assert await tab.run(OPEN + NUMBERS) == [1]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await tab.run(outline) == "solid"


async def test_a_link_to_a_commit_opens_it_wherever_it_stands(tab: browser.Tab, file: Path) -> None:
    await tab.open(file, f"#{sha_of(5)}")
    assert await tab.run(OPEN + NUMBERS) == [5]
    await tab.press("Tab")
    assert await tab.run("document.activeElement.textContent") == sha_of(5)  # inside of it
    await check(tab, "test")
    await tab.run(f"location.hash = '{sha_of(1)[:8]}'")
    await tab.run("new Promise(done => setTimeout(done, 100))")
    assert await tab.run(OPEN + NUMBERS) == [1, 5]
    assert await tab.run(TOLD) == "Showing 6 of 6"  # the filter would have hidden it
    dot = f"document.querySelector('.time a[href=\"#{sha_of(3)}\"] circle')"
    await tab.run(f"{dot}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    await tab.run("new Promise(done => setTimeout(done, 100))")
    assert await tab.run(OPEN + NUMBERS) == [1, 3, 5]


async def test_all_can_be_opened_and_closed(tab: browser.Tab, file: Path) -> None:
    await tab.open(file)
    await tab.run("document.getElementById('expand').click()")
    assert await tab.run(OPEN + NUMBERS) == [1, 2, 3, 4, 5, 6]
    assert await tab.run(SHOWN + NUMBERS) == [1, 2, 3, 4, 5, 6]
    await tab.run("document.getElementById('collapse').click()")
    assert await tab.run(OPEN + NUMBERS) == []


async def test_without_scripts_all_can_be_read_and_links_still_open(
    tab: browser.Tab, file: Path
) -> None:
    await tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        await tab.open(file, f"#{sha_of(5)}")
        assert not await tab.run("document.getElementById('filters').checkVisibility()")
        assert await tab.run(OPEN + NUMBERS) == [5]
        assert await tab.run(SHOWN + NUMBERS) == [1, 2, 3, 4, 5, 6]
    finally:
        await tab.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_nothing_is_wider_than_a_phone(
    tab: browser.Tab, tmp_path: Path, language: str
) -> None:
    long = [text for text in HOSTILE_TEXTS if len(text) > 1_000]
    analyses = [
        replace(model_analysis(text), summary=(text,), scope=(f"`{text}`",), analyzer=text)
        for text in long
    ]
    entries = [
        an_entry(n, a, message=t, author=replace(an_entry().commit.author, name=t))
        for n, (t, a) in enumerate(zip(long, analyses, strict=True), start=1)
    ]
    digest = a_digest(
        a_group(*entries[:2], name=long[0]),
        a_group(*entries[2:], kind=GroupKind.ALIKE, name=long[0]),
        repository=replace(WIDGET, name="w" * 300),
        branch="b" * 300,
    )
    await tab.look(360)
    await tab.open(written(tmp_path, replace(digest, language=language)))
    await tab.run("document.getElementById('expand').click()")
    assert await tab.run("document.documentElement.scrollWidth") == 360
    await tab.look(1000)


async def test_on_paper_every_analysis_is_printed(tab: browser.Tab, tmp_path: Path) -> None:
    await tab.open(written(tmp_path, a_busy_day(45)))
    answer = await tab.call("Page.printToPDF")
    printed = base64.b64decode(answer["data"])
    assert printed.count(b"/Type /Page\n") > 15  # the closed rows alone fill three pages
    assert await tab.run(OPEN + NUMBERS) == []


def is_a(event: dict[str, Any], *names: str) -> bool:
    return any(name in event["method"] for name in names)


def of(event: dict[str, Any], *keys: str) -> Any:
    found: Any = event["params"]
    for key in keys:
        found = found[key]
    return found
