"""Digests and analyses in a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from analyzers.model import Analysis, Commit, Digest, Entry, GroupKind, Importance
from formatters.pages import detail_page, digest_page
from formatters.terminal import render
from formatters.text import LANGUAGES, words_for
from tests.digests import (
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
)

SEQUENCES = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\]8;(?:id=\d+)?;(?:https://forge\.example/acme/widget/commit/[0-9a-f]{40})?\x1b\\"
)
"""The sequences that may leave: colours, and links to the commit's own page."""


def written(
    digest: Digest,
    *,
    width: int = 100,
    terminal: bool = True,
    no_color: bool = False,
) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=terminal,
        no_color=no_color,
        color_system="truecolor" if terminal else None,
        _environ={},
    )
    render(digest_page(digest, words_for(digest.language)), console)
    return out.getvalue()


def written_detail(entry: Entry, *, width: int = 100, language: str = "en") -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=True, color_system="truecolor", _environ={}
    )
    render(detail_page(entry, WIDGET, "Asia/Shanghai", words_for(language)), console)
    return out.getvalue()


def plain(text: str) -> str:
    return SEQUENCES.sub("", text)


def test_a_digest_has_a_numbered_line_for_each_commit_that_is_not_folded() -> None:
    day = a_busy_day(20)
    lines = plain(written(day)).splitlines()
    for group in day.groups:
        for entry in group.entries:
            found = [line for line in lines if entry.commit.short_sha in line]
            assert len(found) == (0 if group.is_folded else 1)
            assert all(line.split()[0] == str(entry.number) for line in found)


def test_a_folded_group_is_one_line_with_its_numbers() -> None:
    entries = tuple(
        an_entry(n, rules_analysis(f"Migrate test {n}", importance=Importance.LOW))
        for n in range(34, 45)
    )
    text = plain(written(a_digest(a_group(*entries, kind=GroupKind.ALIKE, name="tests"))))
    (line,) = [line for line in text.splitlines() if "🟢" in line and "alike" in line]
    assert line.startswith("🟢 tests (11 alike)  34–44  Migrate test 34 · Migrate test 35")


def test_a_short_name_links_to_the_commits_page() -> None:
    entry = an_entry(1)
    text = written(a_digest(a_group(entry)))
    assert f";{WIDGET.commit_url(entry.commit.sha)}\x1b\\" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_line_says_how_complete_the_digest_is(language: str) -> None:
    """Invariant 3."""
    day = replace(a_busy_day(45), language=language)
    last = plain(written(day, width=200)).splitlines()[-1]
    assert (
        last
        == {
            "en": "45 commits: 43 analysed, 2 by rules (the model did not answer in time)",
            "zh": "45 个提交：已分析 43 个，2 个仅由规则判断（模型未及时响应）",
        }[language]
    )


def test_a_quiet_day_says_so() -> None:
    text = plain(written(a_digest()))
    assert "No commits · main" in text
    assert text.splitlines()[-1] == "A quiet time: no commit landed on main."


def test_without_a_terminal_there_is_plain_whole_text() -> None:
    headline = "A headline that is longer than any terminal " * 10
    day = a_digest(a_group(an_entry(1, rules_analysis(headline.strip()))))
    text = written(day, width=40, terminal=False)
    assert "\x1b" not in text
    assert headline.strip() in text


def test_without_colour_there_are_no_colours() -> None:
    text = written(a_busy_day(20), no_color=True)
    assert not re.search(r"\x1b\[(?:\d+;)*(3[0-7]|38|9[0-7])[;m]", text)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_headline_that_is_too_long_is_cut_with_an_ellipsis_at_the_width(width: int) -> None:
    entry = an_entry(1, rules_analysis("宽 headline " * 100))
    lines = plain(written(a_digest(a_group(entry)), width=width)).splitlines()
    (line,) = [line for line in lines if entry.commit.short_sha in line]
    assert "…" in line
    assert width - 1 <= cell_len(line) <= width


@given(digests(max_commits=40), st.integers(40, 200))
def test_whatever_a_commit_says_lines_fit_and_nothing_steers_the_terminal(
    digest: Digest, width: int
) -> None:
    """Invariants 7 and 9: no sequence but colours and the forge's own links, no line too wide."""
    text = plain(written(digest, width=width))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert all(cell_len(line) <= width for line in text.splitlines())


@given(commits(), analyses(), st.integers(40, 200), st.sampled_from(LANGUAGES))
def test_whatever_an_analysis_says_it_steers_nothing(
    commit: Commit, analysis: Analysis, width: int, language: str
) -> None:
    """Invariant 7."""
    entry = Entry(1, commit, analysis)
    text = plain(written_detail(entry, width=width, language=language))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_markup_in_a_headline_is_shown_and_not_obeyed() -> None:
    headline = "[bold red]x[/bold red] [link=https://evil.example]y[/link] :boom:"
    text = written(a_digest(a_group(an_entry(1, rules_analysis(headline)))), width=200)
    assert headline in plain(text)


def test_an_analysis_has_all_its_parts_and_its_small_print() -> None:
    text = plain(written_detail(an_entry(1, model_analysis(), message="Add add()\n\nBody")))
    assert [line for line in text.splitlines() if line and not line.startswith(" ")] == [
        "🟡 Widgets can be added",
        "Medium importance · feature",
        "Ada Example · 6 Jan 2026, 20:00 · 1 file · +12 −4",
        an_entry(1).commit.sha,
        f"https://forge.example/acme/widget/commit/{an_entry(1).commit.sha}",
        "Commit title: Add add()",
        "What changed",
        "Scope",
        "Architecture",
        "Performance",
        "Security",
        "Risks",
        "Advice",
        "Facts",
        "Why this importance",
        "acme/widget · 1 file read · analysed by test-model, 6 Jan 2026, 21:00",
    ]
    assert "  High — Old callers pass two arguments. (in `src/widget.py`)" in text
