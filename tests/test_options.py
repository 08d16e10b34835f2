"""Options as people type them, in English and Chinese."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import InputError
from analyzers.model import Importance
from analyzers.text import clean_line
from bot.options import (
    EVERY,
    FILTERS,
    MAX_PATTERN,
    MAX_PATTERNS,
    SETTINGS,
    Options,
    parse_options,
    split_words,
    written,
)
from bot.subscriptions import BOTS, Defaults, Filters, Subscription
from bot.weekdays import parse_days, written_days
from formatters.text import LANGUAGES, words_for


def options(text: str) -> Options:
    return parse_options(split_words(text))


def refusal(text: str) -> InputError:
    with pytest.raises(InputError) as refused:
        options(text)
    for language in LANGUAGES:  # every refusal can be told
        assert words_for(language).error(refused.value)
    return refused.value


def test_every_option_at_once() -> None:
    text = (
        "branch:main,release/* path:src/** -path:docs/** author:x -author:bots min:medium"
        " history:first-parent at:09:00 tz:Asia/Shanghai days:weekdays quiet:post lang:zh"
    )
    assert options(text) == Options(
        branches=("main", "release/*"),
        paths=("src/**", "-docs/**"),
        authors=("x", "-bots"),
        minimum=Importance.MEDIUM,
        at=time(9),
        zone="Asia/Shanghai",
        days=(0, 1, 2, 3, 4),
        language="zh",
        first_parent=True,
        tells_quiet_days=True,
    )
    assert str(options(text)) == text
    assert options("") == Options()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Branch:main MIN:Medium", "branch:main min:medium"),
        ("branch：main，dev", "branch:main,dev"),
        ("min:高", "min:high"),
        ("at:9:00", "at:09:00"),
        ("at：９：３０", "at:09:30"),
        ("tz:asia/shanghai", "tz:Asia/Shanghai"),
        ("lang:中文", "lang:zh"),
        ("lang:“Brazilian Portuguese”", 'lang:"Brazilian Portuguese"'),
        ("author:“Ada Example”,ada@acme.example", 'author:"Ada Example",ada@acme.example'),
        ('author:"Example, Ada"', 'author:"Example, Ada"'),
        ("—author:机器人", "-author:bots"),
        ("-author:bot", "-author:bots"),
        ("author:-bot", "-author:bots"),
        ("path:src/,-src/generated/ path:*.md", "path:src/,*.md -path:src/generated/"),
        ("-branch:old branch:a branch:b,a", "branch:a,b -branch:old"),
        ("branch:main,", "branch:main"),
        ("HISTORY:First-Parent", "history:first-parent"),
        ("history：all quiet:SKIP", "history:all quiet:skip"),
    ],
)
def test_what_is_typed_is_understood(typed: str, meant: str) -> None:
    assert str(options(typed)) == meant


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("daily", "daily"),
        ("每天", "daily"),
        ("weekdays", "weekdays"),
        ("工作日", "weekdays"),
        ("周末", "weekends"),
        ("mon,wed,fri", "mon,wed,fri"),
        ("Friday, monday", "mon,fri"),
        ("mon-fri", "weekdays"),
        ("sat-mon", "mon,sat,sun"),
        ("mon-mon", "mon"),
        ("周一", "mon"),
        ("周一，周三、星期五", "mon,wed,fri"),
        ("周一三五", "mon,wed,fri"),
        ("周一、三、五", "mon,wed,fri"),
        ("周一至周五", "weekdays"),
        ("星期六到日", "weekends"),
        ("礼拜天", "sun"),
        ("weekdays,sun", "mon,tue,wed,thu,fri,sun"),
    ],
)
def test_days_are_understood(typed: str, days: str) -> None:
    assert written_days(parse_days(typed)) == days


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("branch", ""),
        ("branch", ","),
        ("branch", "a~b"),
        ("branch", "/a"),
        ("branch", '"a b"'),
        ("branch", "x" * (MAX_PATTERN + 1)),
        ("path", "src\\api"),
        ("path", "/"),
        ("path", "a//b"),
        ("path", "--x"),
        ("path", "*.{ts,tsx}"),
        ("author", '""'),
        ("min", ""),
        ("min", "urgent"),
        ("at", "9"),
        ("at", "24:00"),
        ("at", "12:60"),
        ("at", "9am"),
        ("tz", "Mars/Olympus"),
        ("tz", ""),
        ("days", "mo"),
        ("days", "mon,,fri"),
        ("days", "mon-wed-fri"),
        ("days", "周一三-五"),
        ("days", "someday"),
        ("history", ""),
        ("history", "first"),
        ("quiet", ""),
        ("quiet", "yes"),
        ("lang", ""),
        ("lang", "<b>"),
    ],
)
def test_a_value_that_is_wrong_is_answered_with_the_option_and_what_it_got(
    name: str, value: str
) -> None:
    error = refusal(f"{name}:{value}")
    assert error.code == "error-option-value"
    assert error.details["option"] == name
    assert str(error.details["value"])[:50] == value[:50]
    assert f"{name}:" in words_for("en").error(error).partition("cannot be")[2]


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("brnch:main", "branch"),
        ("Branches:main", "branch"),
        ("timezone:UTC", "tz"),
        ("language:zh", "lang"),
        ("merges:all", "history"),
        ("quit:post", "quiet"),
        ("xyzzy:1", "none"),
        ("main", "none"),
        ("https://forge.example/acme/widget", "none"),
    ],
)
def test_an_unknown_option_is_answered_with_the_nearest(typed: str, nearest: str) -> None:
    error = refusal(typed)
    assert error.code == "error-option-unknown"
    assert error.details["nearest"] == nearest
    assert error.details["allowed"] == ", ".join(EVERY)
    told = words_for("en").error(error)
    assert ("Did you mean" in told) == (nearest != "none")


def test_only_what_is_allowed_is_taken_and_offered() -> None:
    assert parse_options(["at:9:00"], SETTINGS).defaults == Defaults(at=time(9))
    with pytest.raises(InputError) as refused:
        parse_options(["branch:main"], SETTINGS)
    assert refused.value.details == {
        "option": "branch",
        "nearest": "none",
        "allowed": ", ".join(SETTINGS),
    }


def test_one_value_is_not_given_twice_and_cannot_be_excluded() -> None:
    assert refusal("at:9:00 at:9:00").code == "error-option-twice"
    assert refusal("-min:low").code == "error-option-exclude"
    assert refusal("-path:-docs/").code == "error-option-value"
    many = ",".join(f"b{number}" for number in range(MAX_PATTERNS))
    assert len(options(f"branch:{many}").branches) == MAX_PATTERNS
    assert refusal(f"branch:{many} branch:one").code == "error-option-many"


def test_the_least_importance_is_the_options_own_then_the_given_then_all() -> None:
    assert options("").filters() == Filters()
    assert options("").filters(Importance.HIGH).minimum is Importance.HIGH
    assert options("min:low").filters(Importance.HIGH).minimum is Importance.LOW


def test_all_of_the_history_and_silent_days_are_usual() -> None:
    assert not options("").filters().first_parent
    assert not options("history:all").filters().first_parent
    assert options("history:first-parent").filters() == Filters(first_parent=True)
    assert options("").tells_quiet_days is None
    assert "quiet" not in FILTERS  # which hold for one digest that is asked for
    assert "history" in FILTERS
    assert not {"history", "quiet"} & {*SETTINGS}


branches = st.from_regex(r"[a-z功*][a-z0-9/*?._功-]{0,8}[a-z0-9*]", fullmatch=True)
paths = st.from_regex(r"[a-z /*.\[][a-z0-9 *?.,，功]{0,8}[a-z0-9*]/?", fullmatch=True).map(
    clean_line
)
authors = st.from_regex(r"[a-zÀ-ÿ*@][a-zÀ-ÿ .,'@*-]{0,12}[a-z*]", fullmatch=True).map(clean_line)


def signed(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    some = st.lists(patterns, max_size=4, unique=True)
    return st.tuples(some, some).map(lambda p: (*p[0], *(f"-{item}" for item in p[1])))


@given(
    st.builds(
        Options,
        branches=signed(branches),
        paths=signed(paths),
        authors=signed(authors.filter(lambda name: name != "bot") | st.just(BOTS)),
        minimum=st.none() | st.sampled_from(Importance),
        at=st.none() | st.builds(time, st.integers(0, 23), st.integers(0, 59)),
        zone=st.none() | st.sampled_from(["UTC", "Asia/Shanghai", "America/Port-au-Prince"]),
        days=st.none() | st.sets(st.integers(0, 6), min_size=1).map(lambda d: tuple(sorted(d))),
        language=st.none() | st.sampled_from(["en", "zh-TW", "Brazilian Portuguese"]),
        first_parent=st.none() | st.booleans(),
        tells_quiet_days=st.none() | st.booleans(),
    )
)
def test_what_is_written_parses_to_the_same(given_options: Options) -> None:
    assert options(str(given_options)) == given_options


@given(st.lists(st.sampled_from(EVERY)), st.text(max_size=40))
def test_whatever_is_typed_is_understood_or_refused_in_words(names: list[str], text: str) -> None:
    """Invariant 10: no other error gets out, and what is understood can be written."""
    for word in [text, *(f"{sign}{name}:{text}" for name in names for sign in ("", "-"))]:
        try:
            parsed = options(word)
        except InputError as exc:
            words_for("zh").error(exc)  # raises where it cannot be told
        else:
            assert options(str(parsed)) == parsed


def test_a_subscription_is_written_as_its_options() -> None:
    subscription = Subscription(
        channel="terminal",
        repository="acme/widget",
        filters=Filters(branches=("main",), authors=("-bots",)),
        at=time(9, 5),
        zone="UTC",
        days=(0, 1, 2, 3, 4, 5, 6),
        language="en",
        made_by="",
        made_at=datetime(2026, 1, 6, tzinfo=UTC),
    )
    assert written(subscription) == (
        "branch:main -author:bots min:low at:09:05 tz:UTC days:daily lang:en"
    )
    unusual = replace(
        subscription,
        filters=replace(subscription.filters, first_parent=True),
        tells_quiet_days=True,
    )
    assert written(unusual) == (
        "branch:main -author:bots min:low history:first-parent"
        " at:09:05 tz:UTC days:daily quiet:post lang:en"
    )
    assert written(replace(subscription, days=())) == (
        "branch:main -author:bots min:low at:09:05 tz:UTC lang:en"
    )
