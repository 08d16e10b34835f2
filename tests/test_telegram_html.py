"""Pages on Telegram: nothing is refused, live or lost, whatever stands in a commit."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import Importance
from analyzers.text import clean
from formatters.digest import GLYPHS
from formatters.model import (
    Action,
    Commits,
    Page,
    Points,
    Prominence,
    Prose,
    Row,
    Small,
    Title,
    Verb,
)
from formatters.pages import detail_page, digest_page
from formatters.telegram_html import MAX_HEADING, NUMBERS_AT_ONCE, TelegramMessage, messages
from formatters.telegram_html.digest import MAX_COMPLETENESS
from formatters.telegram_html.text import JOINER, defused, escape, shorten, size, split
from formatters.text import LANGUAGES, Words, words_for
from tests.digests import (
    HOSTILE_TEXTS,
    WIDGET,
    a_busy_day,
    a_digest,
    an_entry,
    model_analysis,
    texts,
)
from tests.growth import takes_at_most
from tests.pages import (
    DELIVERED,
    DIGESTS_OF_A_PART,
    PARTS,
    detail_pages,
    digest_pages,
    pages,
    random_detail_page,
    random_digest_page,
)
from tests.telegram_rules import MAX_ENTITIES, Checked, check

ENGLISH = words_for("en")
BACK = Action(Verb.FOLD, DELIVERED, 12)


def _checked(message: TelegramMessage) -> Checked:
    keyboard = [
        [{"text": button.label, "callback_data": button.token} for button in row]
        for row in message.keyboard
    ]
    payload: dict[str, Any] = {"text": message.text, "parse_mode": "HTML"}
    return check(payload | {"reply_markup": {"inline_keyboard": keyboard}})


def _tokens(message: TelegramMessage) -> list[Action | None]:
    return [Action.parse(button.token) for row in message.keyboard for button in row]


def _visible(text: str) -> str:
    """What a reader sees, without white space and without what code and lists are made of."""
    return re.sub(rf"[\s`•{JOINER}]", "", text)


def _said(page: Page) -> str:
    told = []
    for block in page.blocks:
        match block:
            case Title(text=text, importance=importance):
                told.append(f"{GLYPHS[importance]}{text}" if importance and text.strip() else text)
            case Small(text=text, sha=sha):
                told.append(f"{sha[:7]}·{text}" if sha and text.strip() else text)
            case Prose(text=text):
                told.append(text)
            case Points(title=title, items=items):
                told += [title, *items]
    return _visible("".join(told))


def _urls(page: Page) -> set[str]:
    own = {block.url for block in page.blocks if isinstance(block, Small) and block.url}
    return own | {row.url for row in page.rows if row.url}


def assert_holds(page: Page, words: Words) -> None:
    """Invariants 7 and 9 for one page."""
    shown = messages(page, words)
    assert shown
    taken = [_checked(message) for message in shown]
    for message, checked in zip(shown, taken, strict=True):
        assert checked.detected == []
        assert {e["url"] for e in checked.entities if e["type"] == "text_link"} <= _urls(page)
        assert all(_tokens(message))
        assert len(checked.entities) < MAX_ENTITIES  # what is beyond is dropped without a word
        quotes = [e for e in checked.entities if e["type"] == "expandable_blockquote"]
        assert all(one["offset"] + one["length"] <= two["offset"] for one, two in pairwise(quotes))
        bold = [e for e in checked.entities if e["type"] == "bold"]
        assert all(e["length"] > 0 for e in bold)
    if page.digest is None:
        assert _left(_said(page), [checked.text for checked in taken], page) == ""
        return
    rows = page.rows
    assert sorted(number for message in shown for number in message.numbers) == [
        row.number for row in rows
    ]
    if isinstance(last := page.blocks[-1], Small) and size(defused(last.text)) <= MAX_COMPLETENESS:
        assert _visible(taken[-1].text).endswith(_visible(last.text))
    for message, checked in zip(shown, taken, strict=True):
        begun = set(re.findall(r"(?m)^(\d+)  ", checked.text))
        for number in message.numbers:
            assert str(number) in begun or _in_range(number, checked.text), number
    if len(rows) <= 100:
        assert len(shown) <= 2


def _in_range(number: int, text: str) -> bool:
    ranges = re.findall(r"(?m)  (\d+)(?:–(\d+))?  ", text)
    return any(int(first) <= number <= int(last or first) for first, last in ranges)


def _left(said: str, shown: list[str], page: Page) -> str:
    """What of a page its messages do not show, in order. A further message may begin with the
    title of the part that goes on in it."""
    titles = [_visible(shorten(b.title, MAX_HEADING)) for b in page.blocks if isinstance(b, Points)]
    for text in map(_visible, shown):
        repeated = [title for title in ("", *titles) if text.startswith(title)]
        bodies = [text.removeprefix(title) for title in repeated]
        found = next((body for body in bodies if said.startswith(body)), None)
        if found is None:
            return said if said or text != "—" else ""
        said = said.removeprefix(found)
    return said


@given(digest_pages(120), st.sampled_from(LANGUAGES).map(words_for))
def test_a_digest_is_taken_whatever_its_commits_say(page: Page, words: Words) -> None:
    assert_holds(page, words)


@given(detail_pages(), st.sampled_from(LANGUAGES).map(words_for))
def test_an_expanded_commit_is_taken_whatever_it_says(page: Page, words: Words) -> None:
    assert_holds(page, words)


@given(pages())
def test_any_other_page_is_taken(page: Page) -> None:
    assert_holds(page, ENGLISH)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PARTS))
def test_thousands_of_pages_are_taken(seed: int) -> None:
    """Invariants 7 and 9: digests of up to 500 commits and as many other pages."""
    random = Random(seed)
    for _ in range(DIGESTS_OF_A_PART):
        words = words_for(random.choice(LANGUAGES))
        assert_holds(random_digest_page(random), words)
        page = random_detail_page(random)
        assert_holds(replace(page, folds_to=random.choice((None, BACK))), words)


@given(texts().map(clean).map(lambda text: text[:1_000]))
def test_escaped_text_shows_itself_and_does_nothing(text: str) -> None:
    checked = check({"text": f"x\n{escape(text)}\nx", "parse_mode": "HTML"})
    assert checked.entities == []
    assert _visible(checked.text) == _visible(f"x{text}x")


@pytest.mark.parametrize(
    "text",
    [
        "see @everyone and @acme_team",
        "fix #123 and #tag",
        "$USD",
        "run /start (or /help@bot)",
        "修复/start后崩溃",
        "https://evil.example/x",
        "README.md, setup.py: main.rs",
        "www.evil.com evil.中国 t.me/foo",
        "me@evil.example",
        "tg://resolve?domain=x ton://abc",
        "10.0.0.1:80",
        "4111 1111 1111 1111 and 4111111111111111",
        *map(clean, HOSTILE_TEXTS),
    ],
)
def test_what_telegram_would_link_is_only_text(text: str) -> None:
    assert check({"text": f"x {escape(text[:1_000])}", "parse_mode": "HTML"}).entities == []


def test_text_that_nobody_links_is_left_alone() -> None:
    text = "Bump 1.2.3 to 1.3.0: a/b and/or +540 −180, at 12:30 (see above). Done."
    assert defused(text) == text


@given(texts().map(clean), st.integers(4, 400))
def test_shortened_text_fits_and_split_text_loses_nothing(text: str, limit: int) -> None:
    assert size(defused(shorten(text, limit))) <= limit
    parts = split(text, limit)
    assert all(size(defused(part)) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


def test_a_day_of_45_commits_is_one_message_and_reads_well() -> None:
    (message,) = messages(digest_page(a_busy_day(45), ENGLISH, DELIVERED), ENGLISH)
    lines = _checked(message).text.splitlines()
    assert lines[0] == "acme/widget · Tue 6 Jan 2026"
    assert lines[1] == "45 commits by 1 person · +540 −180 · 🔴 15  🟡 15  🟢 15 · main"
    assert lines[-1].replace(JOINER, "").startswith("45 commits: 43 analysed, 2 by rules")
    assert "<blockquote expandable>8  Change number 8 of the day\n9  " in message.text
    assert f'<a href="{WIDGET.commit_url(a_busy_day(45).entries[0].commit.sha)}">' in message.text


def test_the_worst_hundred_commits_are_two_messages() -> None:
    headline = "🔥" * 3_000
    rows = tuple(
        Row(
            n,
            f"{n:040x}",
            f"https://forge.example/acme/widget/commit/{n:040x}",
            headline,
            (headline,),
        )
        for n in range(1, 101)
    )
    for prominence in Prominence:
        groups = [Commits(headline, Importance.HIGH, prominence, (row,), headline) for row in rows]
        page = Page(
            (Title(headline), Small(headline), Prose(headline), *groups, Small(headline)), DELIVERED
        )
        assert len(messages(page, ENGLISH)) == 2
        assert_holds(page, ENGLISH)


def test_five_hundred_endless_headlines_hold_nobody_up() -> None:
    """Invariant 10: it is laid out on the event loop. Looking at all of them takes 65 times as
    long as with short ones, instead of about 3 times."""

    def page(headline: str) -> Page:
        rows = tuple(Row(n, f"{n:040x}", None, headline, (headline,)) for n in range(1, 501))
        commits = Commits(headline, Importance.HIGH, Prominence.FULL, rows, headline)
        return Page((Title(headline), commits, Small("y")), DELIVERED)

    short, endless = page("Move a.md to @x " * 4), page("Move a.md to @x " * 400)
    assert takes_at_most(8, lambda: messages(endless, ENGLISH), lambda: messages(short, ENGLISH))


def test_links_and_code_beyond_what_telegram_keeps_are_plain_text() -> None:
    rows = tuple(
        Row(
            n,
            f"{n:040x}",
            f"https://forge.example/acme/widget/commit/{n:040x}",
            "Fix `a.py` and `b.py`",
        )
        for n in range(1, 61)
    )
    commits = Commits("Needs attention", Importance.HIGH, Prominence.FULL, rows, "")
    for message in messages(Page((Title("x"), commits, Small("y")), DELIVERED), ENGLISH):
        assert message.text.count("<a ") + message.text.count("<code>") <= 98
        assert message.text.count("<a ") == len(message.numbers)


def test_numbers_are_offered_a_few_at_a_time() -> None:
    page = digest_page(a_busy_day(60), ENGLISH, DELIVERED)
    (first,) = messages(page, ENGLISH)
    offered = [a.number for a in _tokens(first) if a and a.verb is Verb.EXPAND]
    assert offered == list(range(1, NUMBERS_AT_ONCE + 1))
    *_, turn, report = first.keyboard
    assert [button.label for button in turn] == ["25–48 ›"]
    assert Action.parse(report[0].token) == Action(Verb.REPORT, DELIVERED)
    (second,) = messages(page, ENGLISH, offer=25)
    assert second.text == first.text
    *_, turn, _ = second.keyboard
    assert [button.label for button in turn] == ["‹ 1–24", "49–60 ›"]
    assert Action.parse(turn[0].token) == Action(Verb.NUMBERS, DELIVERED, 1)
    (third,) = messages(page, ENGLISH, offer=49)
    assert [a.number for a in _tokens(third) if a and a.verb is Verb.EXPAND] == list(range(49, 61))


def test_an_expanded_commit_leads_back_and_turns_its_pages() -> None:
    entry = an_entry(12, replace(model_analysis(), summary=("A long sentence. " * 120,) * 5))
    page = replace(detail_page(entry, WIDGET, "UTC", ENGLISH), folds_to=BACK)
    shown = messages(page, ENGLISH)
    assert len(shown) > 1
    for part, message in enumerate(shown):
        *turn, back = message.keyboard
        assert Action.parse(back[0].token) == BACK
        wanted = [other for other in (part - 1, part + 1) if 0 <= other < len(shown)]
        offered = [Action.parse(button.token) for row in turn for button in row]
        assert offered == [Action(Verb.EXPAND, DELIVERED, 12, other) for other in wanted]
    assert "<blockquote expandable>" in shown[0].text
    short = replace(detail_page(an_entry(1), WIDGET, "UTC", ENGLISH), folds_to=BACK)
    (message,) = messages(short, ENGLISH)
    assert [len(row) for row in message.keyboard] == [1]


def test_a_quiet_day_has_no_buttons() -> None:
    (message,) = messages(digest_page(a_digest(), ENGLISH, DELIVERED), ENGLISH)
    assert message.keyboard == ()


def test_a_title_shows_names_of_code_without_backticks() -> None:
    (message,) = messages(Page((Title("Fix `a.py` for b.md", Importance.HIGH),)), ENGLISH)
    assert message.text.replace(JOINER, "") == "🔴 <b>Fix a.py for b.md</b>"
