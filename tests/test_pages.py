"""Digests as pages, and what becomes of a page that was posted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from rich.console import Console

from analyzers.model import (
    Digest,
    GroupKind,
    Importance,
    LeftOut,
    Remark,
    RemarkCode,
    RulesReason,
)
from formatters import blockkit, telegram_html, terminal
from formatters.model import Commits, Page, Prominence, Prose, Row, Small, Title
from formatters.pages import digest_page, marked_reverted, quiet_page, stopped_page
from formatters.text import LANGUAGES, Words, words_for
from tests.digests import (
    HOSTILE_TEXTS,
    SCHEDULED,
    TUESDAY,
    a_busy_day,
    a_digest,
    a_group,
    an_entry,
    model_analysis,
    rules_analysis,
    sha_of,
)
from tests.pages import DELIVERED, digest_pages

EN, ZH = words_for("en"), words_for("zh")
BY = "abcdef0" * 5 + "12345"


def on_slack(page: Page, words: Words) -> str:
    made = [message.blocks for message in blockkit.messages(page, words)]
    return json.dumps(made, ensure_ascii=False)


def on_telegram(page: Page, words: Words) -> str:
    return "\n".join(message.text for message in telegram_html.messages(page, words))


def in_a_terminal(page: Page, words: Words) -> str:
    del words  # a terminal adds none
    shown = io.StringIO()
    terminal.render(page, Console(file=shown, width=80, color_system=None))
    return shown.getvalue()


DIALECTS = (on_slack, on_telegram, in_a_terminal)
Dialect = Callable[[Page, Words], str]


def texts_of(page: Page) -> list[str]:
    return [block.text for block in page.blocks if isinstance(block, Title | Prose | Small)]


# --- what is said around the commits -----------------------------------------------------------


@pytest.mark.parametrize("shown", DIALECTS)
@pytest.mark.parametrize("digest", [a_digest(), a_busy_day()], ids=["quiet", "busy"])
def test_what_happened_to_the_history_stands_right_under_the_stats(
    digest: Digest, shown: Dialect
) -> None:
    """Invariant 1: a rewritten history is said."""
    remarks = (Remark(RemarkCode.REWRITTEN, "main", 3), Remark(RemarkCode.BRANCH_GONE, "dev"))
    page = digest_page(replace(digest, span=SCHEDULED, remarks=remarks), EN, DELIVERED)
    third = page.blocks[2]
    assert isinstance(third, Prose)
    assert third.text.splitlines()[:2] == [
        "The history of main was rewritten: 3 commits that were reported are no longer on it.",
        "dev does not exist any more.",
    ]
    text = " ".join(shown(page, EN).split())
    assert "3 commits that were reported are no longer on it." in text
    assert "dev does not exist any more." in text


@pytest.mark.parametrize("shown", [on_slack, on_telegram])
def test_remarks_on_many_branches_leave_the_completeness_its_place(shown: Dialect) -> None:
    """Invariants 3 and 9."""
    remarks = tuple(Remark(RemarkCode.REWRITTEN, f"{'x' * 50}{n}", n) for n in range(50))
    page = digest_page(replace(a_busy_day(), span=SCHEDULED, remarks=remarks), EN, DELIVERED)
    assert "45 commits: 43 analysed, 2 by rules" in shown(page, EN)


@pytest.mark.parametrize("words", [EN, ZH])
def test_commits_that_a_model_failed_on_are_marked_as_still_to_come(words: Words) -> None:
    """Invariant 4: a scheduled digest is edited when their analyses arrive."""
    busy = replace(a_busy_day(), span=SCHEDULED)
    page = digest_page(busy, words, DELIVERED)
    assert [row.number for row in page.rows if row.headline.startswith("⏳ ")] == [2, 3]
    last = page.blocks[-1]
    assert isinstance(last, Small)
    assert last.text.endswith(
        {
            "en": " · ⏳ 2 analyses follow here once the model answers",
            "zh": " · ⏳ 模型恢复后将在此补上 2 个分析",
        }[words.language]
    )


@pytest.mark.parametrize("shown", DIALECTS)
def test_commits_that_are_still_to_come_are_marked_in_every_dialect(shown: Dialect) -> None:
    failed = rules_analysis("It fails", reason=RulesReason.UNREACHABLE)
    day = a_digest(a_group(an_entry(1, failed), an_entry(2, model_analysis())), span=SCHEDULED)
    for kind in (GroupKind.ATTENTION, GroupKind.COMPONENT):
        page = digest_page(replace(day, groups=(replace(day.groups[0], kind=kind),)), EN, DELIVERED)
        text = shown(page, EN)
        assert "⏳ It fails" in text
        assert "⏳ its analysis follows here" in text
        assert "⏳ Widgets" not in text


def test_nothing_is_promised_where_nothing_will_come() -> None:
    no_model = a_digest(a_group(an_entry(1, rules_analysis())), span=SCHEDULED)
    asked_for = replace(a_busy_day(), span=TUESDAY)
    for digest in (no_model, asked_for, replace(asked_for, groups=asked_for.groups[1:])):
        assert "⏳" not in str(digest_page(digest, EN, DELIVERED))


def test_a_quiet_day_is_one_line() -> None:
    quiet = a_digest(span=SCHEDULED)
    assert texts_of(quiet_page(quiet, EN)) == ["acme/widget · Tue 6 Jan 2026: nothing new on main."]
    assert texts_of(quiet_page(quiet, ZH)) == ["acme/widget · 2026年1月6日 周二：main 没有新提交。"]
    left_out = replace(quiet, left_out=((LeftOut.BOTS, 6), (LeftOut.BROUGHT_IN, 1)))
    assert texts_of(quiet_page(left_out, EN)) == [
        "acme/widget · Tue 6 Jan 2026: 7 commits on main, none of them shown: "
        "6 by bots, 1 brought in by merges"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_quiet_day_and_an_end_can_be_told_whatever_a_branch_is_called(
    text: str, language: str
) -> None:
    """Invariants 7 and 9."""
    words = words_for(language)
    quiet = replace(quiet_page(a_digest(span=SCHEDULED, branch=text), words), digest=DELIVERED)
    for page in (quiet, stopped_page(text or "x", "It is gone.", words)):
        for shown in DIALECTS:
            assert shown(page, words).strip()


def test_who_made_a_subscription_is_told_why_it_stopped_and_how_to_go_on() -> None:
    """Invariant 10."""
    told = texts_of(stopped_page("acme/widget", "This channel is archived.", EN))
    assert told[0] == "The digests of acme/widget have stopped"
    assert told[1] == "This channel is archived."
    assert "`/subscribe acme/widget`" in told[2]
    assert "nothing is lost" in told[2]
    assert "不会遗漏" in texts_of(stopped_page("acme/widget", "频道已归档。", ZH))[2]


# --- what was reverted later -------------------------------------------------------------------


def a_page(prominence: Prominence, headline: str = "Change", rows: int = 3) -> Page:
    group = Commits(
        "core",
        Importance.HIGH,
        prominence,
        tuple(
            Row(n, sha_of(n), None, f"{headline} {n}", ("breaking", "fix"))
            for n in range(1, rows + 1)
        ),
        " · ".join(f"{headline} {n}" for n in range(1, rows + 1)),
    )
    return Page((Title("x"), Small("y"), group, Small("z")), DELIVERED)


@pytest.mark.parametrize("shown", DIALECTS)
@pytest.mark.parametrize("prominence", Prominence)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_commit_that_was_reverted_later_says_so_and_by_which(
    language: str, prominence: Prominence, shown: Dialect
) -> None:
    words = words_for(language)
    page = a_page(prominence)
    marked = marked_reverted(page, sha_of(2), BY, words)
    told = words("row-reverted", by="abcdef0", headline="Change 2")
    folded = words("row-reverted", by="abcdef0", headline="2")
    assert [row.headline for row in marked.rows] == ["Change 1", told, "Change 3"]
    assert [row.number for row in marked.rows] == [1, 2, 3]
    text = shown(marked, words)
    assert (told in text) or (prominence is Prominence.FOLDED and folded in text)
    assert "abcdef0" not in shown(page, words)


@pytest.mark.parametrize("shown", [on_slack, on_telegram])
@pytest.mark.parametrize("prominence", Prominence)
def test_the_mark_of_a_reverted_commit_is_seen_however_little_room_there_is(
    prominence: Prominence, shown: Dialect
) -> None:
    """Invariant 9: within the limits, and it is not what is cut."""
    page = a_page(prominence, "Some very long headline " * 20, rows=100)
    marked = page
    for row in page.rows if prominence is not Prominence.FOLDED else page.rows[:1]:
        marked = marked_reverted(marked, row.sha, BY, EN)
    count = 1 if prominence is Prominence.FOLDED else 100
    assert shown(marked, EN).count("Reverted by abcdef0") >= count


@given(digest_pages(max_commits=40), st.sampled_from((EN, ZH)))
def test_marking_twice_is_marking_once_and_no_other_page_is_touched(
    page: Page, words: Words
) -> None:
    assert marked_reverted(page, "f" * 40, BY, words) == page
    for row in page.rows[:2]:
        marked = marked_reverted(page, row.sha, BY, words)
        assert marked_reverted(marked, row.sha, BY, words) == marked
        assert marked_reverted(marked, row.sha, "0" * 40, words) == marked
        assert [r.sha for r in marked.rows] == [r.sha for r in page.rows]
        changed = [n for n, (a, b) in enumerate(zip(page.rows, marked.rows, strict=True)) if a != b]
        assert len(changed) <= 1


def test_pages_that_were_stored_before_marks_were_known_still_load() -> None:
    page = a_page(Prominence.FULL)
    stored = asdict(page)
    for row in stored["blocks"][2]["rows"]:
        del row["reverted"]
    assert TypeAdapter(Page).validate_json(json.dumps(stored)) == page
