"""The report in Markdown, read back with a Markdown parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from analyzers.model import (
    Analysis,
    Commit,
    Digest,
    Entry,
    Facts,
    GroupKind,
    Importance,
    Remark,
    RemarkCode,
)
from analyzers.text import clean_line
from formatters.markdown import code, commit_report, escape, prose, report
from formatters.text import LANGUAGES, words_for
from tests.digests import (
    HOSTILE_TEXTS,
    LOCAL,
    SCHEDULED,
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
    sha_of,
    shas,
    texts,
)

EN = words_for("en")
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

OURS = {
    "heading_open", "paragraph_open", "bullet_list_open", "list_item_open", "inline", "hr",
    "table_open", "thead_open", "tbody_open", "tr_open", "th_open", "td_open",
    "text", "code_inline", "link_open", "strong_open", "em_open", "hardbreak",
}  # fmt: skip
"""What a report is made of, without the tokens that close."""

CLICKABLE = re.compile(r"@\w|(?<!&)#\d|\bGH-\d|://|\bwww\.", re.IGNORECASE)
"""What a renderer or a chat may turn into a mention, a reference or a link."""


def parsed(markdown: str) -> list[Token]:
    return list(_flat(PARSER.parse(markdown)))


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def shown(tokens: list[Token]) -> str:
    """What a reader sees of inline tokens."""
    text = "".join(t.content for t in tokens if t.type in ("text", "code_inline"))
    return text.replace("\u200b", "")


def headings(tokens: list[Token], tag: str) -> list[str]:
    return [
        shown(tokens[at + 1].children or [])
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == tag
    ]


def assert_ours_alone(tokens: list[Token], allowed: set[str]) -> None:
    """No markup but ours, no link but to the commits' own pages, nothing else to click."""
    assert {t.type for t in tokens if t.nesting >= 0} <= OURS
    assert {str(t.attrs["href"]) for t in tokens if t.type == "link_open"} <= allowed
    assert not [t.content for t in tokens if t.type == "text" and CLICKABLE.search(t.content)]


# --- text --------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(texts().map(clean_line).filter(bool))
@example("a__b _c_ __d__ e_")
@example("1) one")
@example("feat!: drop #12, ping @acme/team")
def test_escaped_text_is_shown_as_it_was_and_means_nothing(text: str) -> None:
    """Invariant 7."""
    for place in ("{}", "> {}", "- {}", "before\\\n{}"):
        tokens = parsed(place.format(escape(text)))
        inline = [t for t in tokens if t.type in ("text", "code_inline", "hardbreak", "softbreak")]
        assert not [t for t in inline if t.type in ("code_inline", "softbreak")]
        assert shown(inline).removeprefix("before") == text
        kinds = {t.type for t in tokens if t.nesting >= 0} - {
            "blockquote_open", "bullet_list_open", "list_item_open", "hardbreak",
        }  # fmt: skip
        assert kinds <= {"paragraph_open", "inline", "text"}
        assert not CLICKABLE.search("".join(t.content for t in inline))


@settings(max_examples=200)
@given(texts().map(clean_line))
@example("` ` and ` x`")
def test_prose_means_nothing_but_code(text: str) -> None:
    """Invariant 7."""
    tokens = parsed(prose(text))
    assert {t.type for t in tokens if t.nesting >= 0} <= {
        "paragraph_open",
        "inline",
        "text",
        "code_inline",
    }
    assert shown(tokens).replace("`", "") == text.replace("`", "")
    assert not [t.content for t in tokens if t.type == "text" and CLICKABLE.search(t.content)]


def test_what_stands_between_backticks_is_code() -> None:
    assert prose("use `add_one()` *now*") == r"use `add_one()` \*now\*"
    assert prose("`a|b`") == r"\`a&#124;b\`"
    assert prose("``x``") == r"\`\`x\`\`"


def test_a_name_with_underscores_stays_readable() -> None:
    assert escape("sglang_routing_keys and a__b") == "sglang_routing_keys and a__b"


def test_code_that_cannot_be_code_is_text() -> None:
    assert code("src/a b.py") == "`src/a b.py`"
    assert code("a`b") == r"a\`b"
    assert code("") == ""


# --- the report --------------------------------------------------------------------------------


def test_a_report_has_the_layout_that_readers_know() -> None:
    tokens = parsed(report(a_busy_day(45), EN))
    assert headings(tokens, "h1") == ["acme/widget · Tue 6 Jan 2026"]
    assert headings(tokens, "h2") == [
        "Overview",
        "Contents",
        "Commits",
        "🔴 Needs attention (7)",
        "🔴 name2 (7)",
        "🔴 name3 (7 alike)",
        "🟡 Dependencies (7)",
        "🟡 Bots (7)",
        "🟢 Merges (10)",
    ]
    first = headings(tokens, "h4")[:9]
    assert first == [
        "What changed",
        "Scope",
        "Architecture",
        "Performance",
        "Security",
        "Risks",
        "Advice",
        "Facts",
        "Why this importance",
    ]


def test_the_table_lists_every_commit_the_newest_first() -> None:
    early = an_entry(1, model_analysis("First"))
    late = an_entry(2, model_analysis("Second", importance=Importance.LOW))
    late = replace(
        late, commit=replace(late.commit, committed_at=late.commit.committed_at.replace(hour=23))
    )
    text = report(a_digest(a_group(early, late)), EN)
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert rows == [
        f"| [2](#{sha_of(2)}) | 2026-01-06 23:00 | Ada Example "
        f"| [`{sha_of(2)[:7]}`]({WIDGET.commit_url(sha_of(2))}) | Second | 🟢 low | feature |",
        f"| [1](#{sha_of(1)}) | 2026-01-06 12:00 | Ada Example "
        f"| [`{sha_of(1)[:7]}`]({WIDGET.commit_url(sha_of(1))}) | First | 🟡 medium | feature |",
    ]


def test_the_table_tells_the_time_in_the_zone_of_the_digest() -> None:
    span = replace(TUESDAY, zone="Asia/Shanghai")
    text = report(a_digest(a_group(an_entry(1)), span=span), EN)
    assert "| Time (Asia/Shanghai) |" in text
    assert "| 2026-01-06 20:00 |" in text


def test_what_happened_to_the_history_stands_right_under_the_stats() -> None:
    remarks = (Remark(RemarkCode.REWRITTEN, "a_b*", 3), Remark(RemarkCode.BRANCH_GONE, "dev"))
    for day in (a_digest(span=SCHEDULED), replace(a_busy_day(), span=SCHEDULED)):
        title, stats, first, second = report(replace(day, remarks=remarks), EN).split("\n\n")[:4]
        assert title == "# acme/widget · Tue 6 Jan 2026"
        assert stats.endswith(" · main")
        assert first.startswith(r"The history of a_b\* was rewritten: 3 commits")
        assert second == "dev does not exist any more."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_begins_and_ends_with_how_complete_it_is(language: str) -> None:
    """Invariant 3."""
    told = {
        "en": "45 commits: 43 analysed, 2 by rules (the model did not answer in time)",
        "zh": "45 个提交：已分析 43 个，2 个仅由规则判断（模型未及时响应）",
    }[language]
    lines = report(a_busy_day(45), words_for(language)).splitlines()
    assert lines[-1] == told
    assert told in lines[:6]


def test_a_quiet_day_is_a_short_report() -> None:
    assert report(a_digest(), EN) == (
        "# acme/widget · Tue 6 Jan 2026\n\nNo commits · main\n\n"
        "A quiet time: no commit landed on main.\n"
    )


def test_a_repository_without_pages_has_no_links_to_them() -> None:
    day = replace(a_busy_day(9), repository=LOCAL)
    hrefs = {str(t.attrs["href"]) for t in parsed(report(day, EN)) if t.type == "link_open"}
    assert hrefs == {f"#{sha}" for sha in shas(day)}


def test_the_address_of_a_page_cannot_end_its_link() -> None:
    entry = an_entry(1)
    odd = replace(WIDGET, web_url="https://forge.example/a)b <c> d|e")
    tokens = parsed(commit_report(entry, odd, "UTC", EN))
    (href,) = [str(t.attrs["href"]) for t in tokens if t.type == "link_open"]
    assert href == f"https://forge.example/a%29b%20%3Cc%3E%20d%7Ce/commit/{entry.commit.sha}"


def test_lines_of_a_summary_stay_apart() -> None:
    analysis = replace(model_analysis(), summary=("one\n# two\n\n- three",))
    text = report(a_digest(a_group(an_entry(1, analysis))), EN)
    assert "one\\\n\\# two\\\n\\- three\n" in text


@given(digests(max_commits=40), st.sampled_from(LANGUAGES))
def test_whatever_commits_say_every_one_is_in_the_report_and_nothing_else_is_markup(
    digest: Digest, language: str
) -> None:
    """Invariants 1, 7 and 9: the headings are the commits, in order, each exactly once; every
    entry of the contents and of the table leads to one of them."""
    text = report(digest, words_for(language))
    tokens = parsed(text)
    wanted = list(shas(digest))
    assert headings(tokens, "h3") == wanted
    assert re.findall(r"(?m)^### ([0-9a-f]{40})$", text) == wanted
    anchors = {f"#{sha}" for sha in wanted}
    assert_ours_alone(tokens, anchors | {str(WIDGET.commit_url(sha)) for sha in wanted})
    assert anchors <= {str(t.attrs["href"]) for t in tokens if t.type == "link_open"}
    cells = [t.type for t in tokens if t.type in ("tr_open", "td_open")]
    assert cells.count("td_open") == 7 * len(wanted)
    assert cells.count("tr_open") == (len(wanted) + 1 if wanted else 0)
    assert len(headings(tokens, "h1")) == 1
    assert len(headings(tokens, "h2")) == (
        len(digest.groups) + (3 if len(wanted) > 1 else 2) if wanted else 0
    )
    assert sum(t.type == "em_open" for t in tokens) == len(wanted)


@given(commits(), analyses(), st.sampled_from(LANGUAGES))
def test_whatever_one_commit_says_nothing_else_is_markup(
    commit: Commit, analysis: Analysis, language: str
) -> None:
    """Invariant 7."""
    text = commit_report(Entry(1, commit, analysis), WIDGET, "Asia/Shanghai", words_for(language))
    tokens = parsed(text)
    assert_ours_alone(tokens, {str(WIDGET.commit_url(commit.sha))})
    assert len(headings(tokens, "h1")) == 1
    assert sum(t.type == "strong_open" for t in tokens) == len(analysis.risks)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_each_hostile_text_is_harmless_in_every_place(text: str) -> None:
    """Invariant 7."""
    facts = Facts(components=(text,), breaking=(text,), reverts=text, symbols_added=(text,))
    analysis = replace(
        rules_analysis(text, facts=facts), summary=(text, text), scope=(text,), advice=(text,)
    )
    entry = an_entry(1, analysis, message=text)
    day = a_digest(a_group(entry, kind=GroupKind.ALIKE, name=text), branch=text)
    tokens = parsed(report(day, EN))
    assert_ours_alone(tokens, {f"#{sha_of(1)}", str(WIDGET.commit_url(sha_of(1)))})
    assert headings(tokens, "h3") == [sha_of(1)]


def test_five_hundred_commits_are_a_report_of_five_hundred_analyses() -> None:
    day = a_busy_day(500)
    text = report(day, EN)
    assert re.findall(r"(?m)^### ([0-9a-f]{40})$", text) == list(shas(day))
