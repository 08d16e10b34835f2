"""Hundreds of hostile commits with dozens of hostile replies each, to every reader.

What is checked is what readers get: the messages of both chats by the rules of their platforms, and
files and terminals by parsers of what they are written in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from analyzers.errors import ModelError
from analyzers.fallback import WithRules
from analyzers.grounding import to_analysis
from analyzers.grouping import arrange
from analyzers.instructions import BRIEF_INSTRUCTIONS, FULL_INSTRUCTIONS
from analyzers.model import Analysis, Commit, Coverage, Digest, Entry, RulesReason
from analyzers.prompts import Subject, build_prompts, fence
from analyzers.replies import Reply, parse_reply
from analyzers.rules import rules_analysis
from bot.app import utc_now
from bot.deliveries.ledger import Ledger
from bot.ports import CommitSource
from formatters.html import commit_page
from formatters.html import page as html_page
from formatters.json_document import commit_document, document, schema
from formatters.markdown import commit_report, report
from formatters.pages import detail_page, digest_page
from formatters.text import LANGUAGES, words_for
from tests import test_blockkit, test_html, test_markdown, test_telegram_html, test_terminal
from tests.deliveries import Clock, a_courier, a_subscription, opened, subscribe
from tests.digests import NOON, WIDGET, a_digest, shas
from tests.fakes import wanted
from tests.hostility import COMMITS, LEAKS, ORDERS, REPLIES
from tests.language_models import an_analyzer
from tests.living_repository import LivingRepository
from tests.pages import DELIVERED
from tests.platforms import land, no_pace, platforms
from tests.servers.openai import Lack, OpenAIServer

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["no_pace"]

SLICE = 100
"""Commits of a digest: as many as one message holds, and more than there are replies."""

SLICES = range(0, len(COMMITS), SLICE)
SCHEMA = Draft202012Validator(json.loads(schema()))
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LEAK = 8
"""Words in a row that are taken to be quoted."""


# ---- the real chain, from a reply to an analysis


@cache
def _parsed(text: str) -> Reply | RulesReason:
    try:
        return parse_reply(text)
    except ModelError as exc:
        return exc.reason


def _analysis(commit: Commit, by_rules: Analysis, kind_of_reply: str) -> Analysis:
    """What becomes of a reply about a commit; what the rules know where it cannot be used."""
    reply = _parsed(REPLIES[kind_of_reply](commit))
    if isinstance(reply, RulesReason):
        return replace(by_rules, rules_reason=reply)
    coverage = Coverage(len(commit.files), len(commit.files))
    return to_analysis(
        reply, commit, by_rules, coverage, model="test-model", language="en", at=NOON
    )


@cache
def _by_rules(first: int) -> list[tuple[Commit, Analysis]]:
    """The commits of a slice with what the rules know of them."""
    commits = COMMITS[first : first + SLICE]
    return [(commit, rules_analysis(commit, RulesReason.NOT_NEEDED)) for commit in commits]


def _digest(first: int, shift: int) -> Digest:
    """A digest of a slice, each commit with a reply; for each shift with another one."""
    pairs = [
        (commit.without_patches(), _analysis(commit, by_rules, _kind_of_reply(n + shift)))
        for n, (commit, by_rules) in enumerate(_by_rules(first))
    ]
    language = LANGUAGES[(first // SLICE + shift) % len(LANGUAGES)]
    return a_digest(*arrange(pairs), language=language)


def _kind_of_reply(number: int) -> str:
    return tuple(REPLIES)[number % len(REPLIES)]


def _entries() -> Iterator[tuple[Entry, str]]:
    """Every commit with one reply, every reply with several commits; and a language."""
    known = [pair for first in SLICES for pair in _by_rules(first)]
    for n, (commit, by_rules) in enumerate(known):
        analysis = _analysis(commit, by_rules, _kind_of_reply(n))
        yield Entry(n + 1, commit.without_patches(), analysis), LANGUAGES[n % len(LANGUAGES)]


# ---- what becomes of replies


def test_there_are_enough_and_models_are_heard() -> None:
    assert len({commit.sha for commit in COMMITS}) == len(COMMITS) >= 300
    assert len(REPLIES) >= 20
    commit, by_rules = _by_rules(0)[0]
    assert sum(_analysis(commit, by_rules, kind).by_model for kind in REPLIES) >= 18


def assert_within(entry: Entry, by_rules: Analysis) -> None:
    """Invariants 3 and 6: a reply moves nothing that is not the model's to say."""
    analysis, verdict = entry.analysis, by_rules.verdict
    assert verdict.floor.rank <= analysis.importance.rank <= verdict.ceiling.rank
    assert (analysis.verdict, analysis.facts) == (verdict, by_rules.facts)
    assert analysis.analyzer in ("test-model", "rules")
    assert analysis.headline.strip()
    assert {risk.path for risk in analysis.risks} <= {None, *(f.path for f in entry.commit.files)}
    assert len(_said(analysis)) < 25_000


@pytest.mark.parametrize("first", SLICES)
def test_every_commit_with_every_reply_is_taken_by_both_chats_and_does_nothing(first: int) -> None:
    """Invariants 1, 7 and 9: nothing pings, or links but to the forge; nothing is lost."""
    by_rules = {commit.sha: analysis for commit, analysis in _by_rules(first)}
    for shift in range(len(REPLIES)):
        digest = _digest(first, shift)
        for entry in digest.entries:
            assert_within(entry, by_rules[entry.commit.sha])
        words = words_for(digest.language)
        page = digest_page(digest, words, DELIVERED)
        test_blockkit.assert_holds(page, words)
        test_telegram_html.assert_holds(page, words)


# ---- every reader, for every commit and every reply


@pytest.mark.parametrize("first", SLICES)
def test_a_digest_in_a_file_or_a_terminal_is_ours_alone(first: int) -> None:
    """Invariant 7: no markup, link, script or control but ours."""
    digest = _digest(first, 0)
    words = words_for(digest.language)
    names = list(shas(digest))
    test_html.assert_ours_alone(test_html.Page(html_page(digest, words)), names, WIDGET)
    urls = {WIDGET.commit_url(sha) or "" for sha in names}
    tokens = test_markdown.parsed(report(digest, words))
    test_markdown.assert_ours_alone(tokens, urls | {f"#{sha}" for sha in names})
    made = json.loads(document(digest))
    SCHEMA.validate(made)
    assert [commit["sha"] for commit in made["commits"]] == names
    assert_steers_nothing(test_terminal.written(digest))


def assert_steers_nothing(written: str) -> None:
    """Nothing but colours and links to the forge is more than text in a terminal."""
    assert not STEERING.search(test_terminal.plain(written))


def test_an_expanded_commit_is_taken_by_both_chats_and_does_nothing() -> None:
    """Invariants 7 and 9."""
    for entry, language in _entries():
        words = words_for(language)
        page = detail_page(entry, WIDGET, "Asia/Shanghai", words)
        test_blockkit.assert_holds(page, words)
        test_telegram_html.assert_holds(page, words)
        if entry.number % 3 == 0:
            assert_steers_nothing(test_terminal.written_detail(entry, language=language))


def test_an_expanded_commit_in_a_file_is_ours_alone() -> None:
    """Invariant 7."""
    for entry, language in list(_entries())[::3]:
        words, sha = words_for(language), entry.commit.sha
        given = (entry, WIDGET, "Asia/Shanghai", words)
        test_html.assert_ours_alone(test_html.Page(commit_page(*given)), [sha], WIDGET)
        tokens = test_markdown.parsed(commit_report(*given))
        test_markdown.assert_ours_alone(tokens, {WIDGET.commit_url(sha) or ""})
        SCHEMA.validate(json.loads(commit_document(entry, WIDGET)))


# ---- what the model was told


def test_no_commit_ends_the_part_of_a_prompt_that_is_its_own() -> None:
    """Invariant 7."""
    for commit in COMMITS:
        by_rules, mark = rules_analysis(commit), fence(commit.sha)
        subject = Subject(commit, by_rules.kinds, by_rules.facts, "en")
        for prompt in build_prompts(subject, 4_000).parts:
            before, opened, rest = prompt.partition(f"\n\n<<< {mark}\n")
            shown, closed, after = rest.partition(f"\n>>> {mark}\n\n")
            assert opened
            assert closed
            assert mark not in shown + after
            assert "\n" not in before + after


def _said(analysis: Analysis) -> str:
    """Every text of an analysis that is not read off the commit."""
    texts = (
        analysis.headline, *analysis.summary, *analysis.scope, analysis.architecture,
        analysis.performance, analysis.security, *(risk.text for risk in analysis.risks),
        *analysis.advice, analysis.importance_reason,
    )  # fmt: skip
    return "\n".join(texts)


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of `LEAK` words, whatever stands between them."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return zip(*(words[start:] for start in range(LEAK)), strict=False)


@pytest.mark.parametrize("kind", LEAKS)
async def test_nobody_is_told_what_the_model_was_told(kind: str) -> None:
    """Neither the instructions nor what fences a commit off: such a reply is none."""
    instructions = {*_runs(FULL_INSTRUCTIONS), *_runs(BRIEF_INSTRUCTIONS)}
    commit = COMMITS[-1]
    async with OpenAIServer() as server, an_analyzer(server) as model:
        server.reply = json.loads(LEAKS[kind](commit))
        analysis = await WithRules(model).analyze(commit, wanted())
    assert analysis.rules_reason is RulesReason.INVALID_REPLY
    assert instructions.isdisjoint(_runs(_said(analysis)))
    assert fence(commit.sha) not in _said(analysis)


# ---- where it goes


async def test_no_reply_and_no_commit_changes_where_a_digest_goes(
    redis_url: str, redis: Redis, tmp_path: Path, no_pace: None
) -> None:
    """Invariant 7, on both platforms for real."""
    clock, sources = Clock(utc_now()), dict[str, CommitSource]()
    async with (
        platforms() as both,
        opened(redis_url, tmp_path, sources, clock) as opened_app,
        OpenAIServer() as server,
        an_analyzer(server) as model,
    ):
        app = replace(opened_app, analyzer=WithRules(model))
        history = LivingRepository("acme/widget", 1, clock() - timedelta(days=9))
        sources["acme/widget"] = history
        channels = [both.add_slack(2), both.add_telegram(2)]
        asked, other = zip(*channels, strict=True)
        places = {"channel": other[0].rpartition("/")[2], "chat_id": other[1], "thread_ts": "1"}
        server.lacks.add(Lack.JSON_SCHEMA)  # which would forbid other fields
        server.reply = {"headline": f"Post to {other}: <!channel> @everyone", **places}
        for channel in asked:
            await subscribe(app, a_subscription(channel, made_at=clock()))
        clock.advance(hours=1)
        land(history, [f"{order} {' '.join(other)}" for order in ORDERS], clock())
        clock.advance(days=1)
        courier = a_courier(app, *both.outlets.values())
        for channel in asked:
            assert isinstance(await courier.serve(channel, "acme/widget", clock().date()), Ledger)
            [subscription] = await app.subscriptions.of_channel(channel)
            assert subscription.repository == "acme/widget"
        assert all("Post to" in both.seen(channel)[0].text for channel in asked)
        assert not [seen for channel in other for seen in both.seen(channel)]
        assert sorted(await app.subscriptions.channels()) == sorted(asked)
