"""Pages on Slack: nothing is refused, live or lost, whatever stands in a commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock

from analyzers.model import Importance
from analyzers.text import clean
from formatters.blockkit import SlackMessage, messages, mrkdwn
from formatters.blockkit.blocks import MAX_SECTION
from formatters.digest import GLYPHS
from formatters.model import (
    Action,
    Block,
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
from formatters.text import LANGUAGES, Words, words_for
from tests import slack_rules
from tests.digests import (
    HOSTILE_TEXTS,
    WIDGET,
    a_busy_day,
    a_digest,
    an_entry,
    model_analysis,
    sha_of,
    texts,
)
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

ENGLISH = words_for("en")
HEADING = re.compile(
    rf"(?P<glyph>[{''.join(GLYPHS.values())}] )?\*.+\*(?:  (?P<first>\d+)(?:–(?P<last>\d+))?  .*)?"
)
LINE = re.compile(r"(?P<number>\d+) ")


# ---- reading messages


def _payload(message: SlackMessage) -> dict[str, Any]:
    return {
        "channel": "C012",
        "text": message.text,
        "blocks": list(message.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _mrkdwn(message: SlackMessage) -> list[str]:
    """Its mrkdwn texts in order."""
    found = slack_rules.text_objects(list(message.blocks))
    return [text["text"] for text in found if text["type"] == "mrkdwn"]


def _elements(message: SlackMessage, kind: str) -> list[dict[str, Any]]:
    """Its buttons or menus, in sections and beneath."""
    found = []
    for block in message.blocks:
        found += [block["accessory"]] if "accessory" in block else []
        found += block["elements"] if block["type"] == "actions" else []
    return [element for element in found if element["type"] == kind]


def _tokens(message: SlackMessage) -> list[Action | None]:
    """What every control of it does."""
    values = [element["value"] for element in _elements(message, "button")]
    for menu in _elements(message, "static_select"):
        values += [option["value"] for option in menu["options"]]
    return [Action.parse(value) for value in values]


def _numbers(message: SlackMessage) -> set[int]:
    """The commits that it shows: the numbers at the beginning of the lines under a group's title,
    and in the title of a folded group."""
    numbers: set[int] = set()
    in_group = False
    for block in message.blocks:
        if block["type"] != "section":
            continue
        for line in block["text"]["text"].split("\n"):
            if (found := HEADING.fullmatch(line)) and found["glyph"]:
                in_group = True
                if found["first"]:
                    first = int(found["first"])
                    numbers.update(range(first, int(found["last"] or first) + 1))
            elif in_group and (found := LINE.match(line)):
                numbers.add(int(found["number"]))
    return numbers


def _visible(shown: Iterable[str]) -> str:
    """What a reader sees, without white space and without what code and titles are made of."""
    text = "".join(re.sub(r"<[^<>|]+\|([^<>]*)>", r"\1", one) for one in shown)
    return re.sub(r"[\s`'*•]", "", unescape(text.replace("&quot;", "&amp;quot;")))


def _said(blocks: Iterable[Block]) -> Iterator[str]:
    """What a page says, in order."""
    for block in blocks:
        match block:
            case Title(text, importance):
                yield f"{GLYPHS[importance]}{text}" if importance and text.strip() else text
            case Small(text, sha):
                yield f"{sha[:7]}{text}"
            case Prose(text):
                yield text
            case Points(title, items):
                yield from (title, *items)


def _plainly(said: Iterable[str]) -> str:
    return re.sub(r"[\s`'*•]", "", "".join(said))


# ---- what always holds


def assert_accepted(message: SlackMessage) -> None:
    """Slack and its own models take it, and it keeps to our own narrower limits."""
    slack_rules.check(_payload(message))
    parsed = SdkBlock.parse_all(list(message.blocks))
    assert [block.to_dict() for block in parsed] == list(message.blocks)
    assert len(message.text.encode()) <= 3_000
    sizes = [slack_rules.size(text) for text in slack_rules.texts_of(list(message.blocks))]
    assert sum(sizes) <= 11_000
    assert max(sizes) <= MAX_SECTION


def assert_harmless(message: SlackMessage, page: Page) -> None:
    """Nothing pings, and only our own links and titles are alive."""
    own = {row.url for row in page.rows}
    own |= {block.url for block in page.blocks if isinstance(block, Small)}
    for text in (message.text, *_mrkdwn(message)):
        live = slack_rules.live_parts(text, verbatim=True)
        assert not live.pings
        assert not live.raw
        assert {unescape(url) for url, _ in live.links} <= own
        assert {kind for kind, _ in live.formatted} <= {"code", "bold"}
        bold = [shown for kind, shown in live.formatted if kind == "bold"]
        bare = re.sub(r"`[^`\n]+`", "code", text)
        assert len(bold) == sum(bool(HEADING.fullmatch(line)) for line in bare.split("\n"))
        assert bare.count("*") == 2 * len(bold)
    found = slack_rules.text_objects(list(message.blocks))
    assert all(text.get("verbatim") or text.get("emoji") is False for text in found)
    assert not slack_rules.live_parts(message.text, verbatim=True).links


def assert_nothing_lost(made: tuple[SlackMessage, ...], page: Page, words: Words) -> None:
    """Every part is there whole, and every commit by its number."""
    shown = _visible(text for message in made for text in _mrkdwn(message))
    if page.digest is None:
        assert shown == (_plainly(_said(page.blocks)) or "—")
        return
    for block in page.blocks:
        assert _plainly(_said([block])) in shown
    numbers = {row.number for row in page.rows}
    assert set().union(*map(_numbers, made)) == numbers
    later = numbers - _numbers(made[0])
    if len(numbers) <= 100:
        assert not later
    if later:
        assert _visible([words("chat-slack-more", n=len(later))]) in _visible(_mrkdwn(made[0]))


def assert_controls(made: tuple[SlackMessage, ...], page: Page) -> None:
    """Every control does something with this digest; what none reaches can be typed."""
    for message in made:
        tokens = _tokens(message)
        assert len(set(tokens)) == len(tokens)
        expand = set()
        for token in tokens:
            assert token is not None
            assert token.digest == page.digest
            if token.verb is Verb.EXPAND:
                expand.add(token.number)
            else:
                assert token == Action(Verb.REPORT, token.digest)
                assert message is made[0]
        numbers = _numbers(message) if page.digest else set()
        assert expand <= numbers
        if expand != numbers:
            assert any("commitcast expand" in text for text in _mrkdwn(message))
        names = [
            element["action_id"]
            for kind in ("button", "static_select")
            for element in _elements(message, kind)
        ]
        assert all(name.startswith("commitcast:") for name in names)


def assert_holds(page: Page, words: Words) -> None:
    """Invariants 1, 7 and 9 for one page."""
    made = messages(page, words)
    for message in made:
        assert_accepted(message)
        assert_harmless(message, page)
    assert_nothing_lost(made, page, words)
    assert_controls(made, page)


LANGUAGE = st.sampled_from(LANGUAGES).map(words_for)


@settings(max_examples=25)  # the masses are below; these shrink
@given(digest_pages(max_commits=40), LANGUAGE)
def test_a_digest_of_anything_is_whole_harmless_and_accepted(page: Page, words: Words) -> None:
    """Invariants 1, 7 and 9."""
    assert_holds(page, words)


@given(detail_pages() | pages(), LANGUAGE)
def test_any_other_page_is_whole_harmless_and_accepted(page: Page, words: Words) -> None:
    """Invariants 7 and 9."""
    assert_holds(page, words)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PARTS))
def test_thousands_of_pages_hold(seed: int) -> None:
    """Invariants 1, 7 and 9: digests of up to 500 commits and as many other pages."""
    random = Random(seed)
    for _ in range(DIGESTS_OF_A_PART):
        words = words_for(random.choice(LANGUAGES))
        assert_holds(random_digest_page(random), words)
        assert_holds(random_detail_page(random), words)


# ---- escaping


@given(texts().map(clean))
def test_escaped_text_means_nothing_and_reads_the_same(text: str) -> None:
    """Invariant 7."""
    shown = mrkdwn.escape(text)
    live = slack_rules.live_parts(shown, verbatim=True)
    assert not live.pings
    assert not live.links
    assert not live.raw
    assert {kind for kind, _ in live.formatted} <= {"code"}
    assert _visible([shown]) == _plainly([text])


@given(texts().map(clean), st.integers(3, 200))
def test_shortened_text_is_as_harmless_and_no_longer_than_told(text: str, limit: int) -> None:
    """Invariants 7 and 9."""
    shown = mrkdwn.shorten(text, limit)
    assert mrkdwn.size(shown) <= limit
    assert _plainly([text]).startswith(_visible([shown]).removesuffix("…"))
    live = slack_rules.live_parts(shown, verbatim=True)
    assert not live.raw
    assert {kind for kind, _ in live.formatted} <= {"code"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b && c", "a &lt; b &amp;&amp; c"),
        ("<!channel> <@U012>", "&lt;!channel&gt; &lt;@U012&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("drop `Widget.add` now", "drop `Widget.add` now"),
        ("修复`add`方法", "修复 `add` 方法"),
        ("修复*粗体*文字", "修复 `*` 粗体 `*` 文字"),
        ("*bold* _it_ ~x~", "`*bold*` `_it_` `~x~`"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("__init__ and **kwargs", "`__init__` and `**kwargs`"),
        ("an open ` tick", "an open `'` tick"),
        ("> quoted", "`&gt;` quoted"),
        ("at 12:30:45 :tada:", "at 12:30:45 `:tada:`"),
        ("f(`a`, `b`)", "f(`a`, `b`)"),
    ],
)
def test_marks_are_shown_as_code_and_the_rest_as_it_is(text: str, shown: str) -> None:
    """Invariant 7."""
    assert mrkdwn.escape(text) == shown


def test_long_text_is_split_after_sentences() -> None:
    parts = mrkdwn.split("The widget adds one more. " * 300, MAX_SECTION)
    assert len(parts) == 3
    assert all(part.endswith(".") and part.startswith("The") for part in parts)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://forge.example/a|b",
        "https://forge.example/<!channel>",
        "",
        None,
    ],
)
def test_only_a_proper_address_is_linked(url: str | None) -> None:
    """Invariant 7."""
    assert mrkdwn.link(url, "21da2dc") == "`21da2dc`"


def test_an_address_is_escaped_in_its_link() -> None:
    assert (
        mrkdwn.link("https://forge.example/?a=1&b=2", "x")
        == "<https://forge.example/?a=1&amp;b=2|x>"
    )


# ---- layout


def _busy(commits: int) -> Page:
    return digest_page(a_busy_day(commits), ENGLISH, DELIVERED)


def _one_group(commits: int, headline: str, prominence: Prominence) -> Page:
    rows = tuple(
        Row(number, sha_of(number), WIDGET.commit_url(sha_of(number)), headline, ("fix", "core"))
        for number in range(1, commits + 1)
    )
    group = Commits("core", Importance.HIGH, prominence, rows, headline)
    return Page((Title("acme/widget"), Small("stats"), group, Small("complete")), DELIVERED)


def test_a_usual_day_is_one_message_in_which_every_commit_can_be_pressed() -> None:
    (message,) = messages(_busy(45), ENGLISH)
    expandable = {token.number for token in _tokens(message) if token and token.number}
    assert expandable == set(range(1, 46))
    assert Action(Verb.REPORT, DELIVERED) in _tokens(message)


def test_a_digest_reads_from_title_to_controls() -> None:
    (message,) = messages(_busy(45), ENGLISH)
    shown = _mrkdwn(message)
    assert shown[0] == "*acme/widget · Tue 6 Jan 2026*"
    assert shown[1].startswith("45 commits by 1 person")
    assert shown[-1].startswith("45 commits: 43 analysed")
    assert message.blocks[-1]["type"] == "actions"


def test_what_needs_attention_has_its_link_tags_and_button() -> None:
    (message,) = messages(_busy(45), ENGLISH)
    section = next(block for block in message.blocks if "accessory" in block)
    address = WIDGET.commit_url(sha_of(1))
    text = f"1  <{address}|{sha_of(1)[:7]}>  Change number 1 of the day · fix · part1"
    assert section["text"]["text"] == text
    assert section["accessory"]["text"]["text"] == "Expand"
    assert section["accessory"]["value"] == Action(Verb.EXPAND, DELIVERED, 1).token


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS[-3:], "&<>" * 1_600, "*" * 5_000, "🔥" * 5_000])
@pytest.mark.parametrize("prominence", Prominence)
def test_a_hundred_commits_of_the_longest_headlines_are_one_message(
    text: str, prominence: Prominence
) -> None:
    """Invariant 9."""
    page = _one_group(100, text, prominence)
    assert len(messages(page, ENGLISH)) == 1
    assert_holds(page, ENGLISH)


def test_a_hundred_groups_of_one_commit_are_one_message() -> None:
    """Invariant 9: the least that a message spends on a line leaves room for a title each."""
    title = "a_&_" * 15
    groups = tuple(
        Commits(title, Importance.LOW, prominence, (Row(n, sha_of(n), None, "🔥&" * 90),), "&" * 90)
        for n, prominence in enumerate((*Prominence, *[Prominence.FULL] * 97), start=1)
    )
    head = (Title("宽" * 900), Small("x<" * 900), Prose("word " * 900))
    page = Page((*head, *groups, Small("&" * 900)), DELIVERED)
    assert _numbers(messages(page, ENGLISH)[0]) == set(range(1, 101))
    assert_holds(page, ENGLISH)


def test_what_one_message_cannot_hold_is_counted_and_stands_in_the_thread() -> None:
    """Invariant 1."""
    made = messages(_one_group(250, "Change", Prominence.BRIEF), ENGLISH)
    assert [len(_numbers(message)) for message in made] == [100, 100, 50]
    assert "150 more commits in the thread" in _mrkdwn(made[0])
    assert [message.text for message in made[1:]] == [
        "acme/widget — stats (2/3)",
        "acme/widget — stats (3/3)",
    ]


def test_headlines_are_whole_where_there_is_room() -> None:
    headline = "Fix SWA eviction under overlap scheduling with a page size of more than one"
    for prominence in (Prominence.FULL, Prominence.BRIEF):
        for message in messages(_one_group(30, headline, prominence), ENGLISH):
            assert sum(text.count(headline) for text in _mrkdwn(message)) == 30


def test_an_overview_that_is_too_long_for_its_place_stands_whole_in_the_thread() -> None:
    overview = "The widget was rebuilt. " * 200
    page = _one_group(3, "Change", Prominence.FULL)
    page = Page((*page.blocks[:2], Prose(overview), *page.blocks[2:]), DELIVERED)
    first, *thread = messages(page, ENGLISH)
    assert _plainly([overview]) not in _visible(_mrkdwn(first))
    assert _plainly([overview]) in _visible(text for one in thread for text in _mrkdwn(one))


def test_a_quiet_day_has_nothing_to_press() -> None:
    (message,) = messages(digest_page(a_digest(), ENGLISH, DELIVERED), ENGLISH)
    assert not _tokens(message)
    assert "actions" not in {block["type"] for block in message.blocks}


def test_an_expanded_commit_has_every_part_under_its_title() -> None:
    entry = an_entry(1, model_analysis())
    (message,) = messages(detail_page(entry, WIDGET, "UTC", ENGLISH), ENGLISH)
    shown = _mrkdwn(message)
    assert shown[0] == "🟡 *Widgets can be added*"
    assert shown[2].startswith(f"<{WIDGET.commit_url(entry.commit.sha)}|")
    assert "*What changed*\n• Adds `add()` to the widget.\n• Keeps the order" in "\n".join(shown)
    assert message.text == "🟡 Widgets can be added — Medium importance · feature"


def test_a_long_analysis_goes_on_in_the_thread_and_loses_nothing() -> None:
    """Invariant 9."""
    items = tuple(f"Point {number} says it at length. " * 40 for number in range(40))
    page = Page((Title("Widgets"), Points("Scope", items), Small("read whole")))
    made = messages(page, ENGLISH)
    assert len(made) > 3
    assert_holds(page, ENGLISH)


def test_many_short_parts_keep_to_the_number_of_blocks() -> None:
    """Invariant 9."""
    page = Page(tuple(Points(f"Command {number}", ("does it",)) for number in range(120)))
    assert [len(message.blocks) for message in messages(page, ENGLISH)] == [50, 50, 20]
    assert_holds(page, ENGLISH)


def test_controls_speak_the_language_of_the_page() -> None:
    chinese = words_for("zh")
    (message,) = messages(digest_page(a_busy_day(45), chinese, DELIVERED), chinese)
    labels = {button["text"]["text"] for button in _elements(message, "button")}
    assert labels == {"展开", "完整报告"}


def test_a_page_without_any_text_still_is_a_message() -> None:
    (message,) = messages(Page((Prose(" "),)), ENGLISH)
    assert message.text == "—"
    assert_accepted(message)
