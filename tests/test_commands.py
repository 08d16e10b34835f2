"""The whole bot behind the chats: real stores, a real repository behind GitHub's API."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from redis.asyncio import Redis

from analyzers.errors import ChatError
from bot.conversation import Asked
from bot.deliveries.ledger import Ledger, Outgoing, Stopped
from bot.stores.delivered import RedisDeliveredDigests
from bot.stores.ledgers import RedisLedgers
from bot.stores.subscriptions import RedisSubscriptions
from formatters.model import Action, Commits, Small, Verb
from tests.conversations import RecordingConversation, Speaker, text_of
from tests.deliveries import a_subscription
from tests.digests import NOON, SCHEDULED
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.openai import OpenAIServer
from tests.whole_bot import Opened, github, opened, repo

__all__ = ["github", "opened", "repo"]

OUTGOING = Outgoing("abc", date(2026, 1, 6), {}, NOON, NOON)


async def test_a_channel_follows_reads_expands_and_stops(opened: Opened, repo: Repo) -> None:
    async with opened() as front:
        ada = Speaker(front)
        followed = await ada.says("/subscribe acme/widget at:09:30 tz:Asia/Shanghai days:weekdays")
        assert "now follows acme/widget" in text_of(followed.page)
        assert "09:30 (Asia/Shanghai), on weekdays" in text_of(followed.page)
        digest = await ada.says("digest")
        assert digest.page.digest
        assert len(digest.page.rows) == 3
        expanded = await ada.says("/expand 1")
        assert digest.page.rows[0].headline in text_of(expanded.page)
        assert expanded.beneath == ("2",)
        by_sha = await ada.says(f"/expand {digest.page.rows[1].short_sha}")
        assert digest.page.rows[1].headline in text_of(by_sha.page)
        assert "acme/widget" in text_of((await ada.says("/subscriptions")).page)
        assert "no longer" in text_of((await ada.says("/unsubscribe acme/widget")).page)
        assert (await ada.says("/subscriptions")).private


async def test_the_same_in_chinese(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        changed = await ada.says("/settings lang:zh tz:Asia/Shanghai")
        assert "语言：" in text_of(changed.page)
        followed = await ada.says("/subscribe acme/widget days:工作日")
        assert "本频道已关注 acme/widget" in text_of(followed.page)
        assert "（Asia/Shanghai），工作日" in text_of(followed.page)
        digest = await ada.says("/digest")
        assert "3 个提交" in text_of(digest.page)
        assert digest.words.language == "zh"
        assert "重要程度" in text_of((await ada.says("/expand 1")).page)
        assert "已取消关注" in text_of((await ada.says("/unsubscribe acme/widget")).page)


async def test_a_private_chat_is_answered_in_the_language_of_its_reader(opened: Opened) -> None:
    async with opened() as front:
        reader = Speaker(front, channel="telegram:7", language="zh-hans")
        assert "命令" in text_of((await reader.says("/help")).page)
        await reader.says("/settings lang:en")
        assert "Commands" in text_of((await reader.says("/help")).page)


async def test_who_may_not_manage_follows_nothing_but_reads(opened: Opened) -> None:
    async with opened() as front:
        guest = Speaker(front, may_manage=False)
        for command in ("/subscribe acme/widget", "/unsubscribe acme/widget", "/settings lang:zh"):
            refused = await guest.says(command)
            assert "You may not change" in text_of(refused.page)
            assert refused.private
        assert "Nothing is followed here yet" in text_of((await guest.says("/subscriptions")).page)
        assert len((await guest.says("/digest acme/widget")).page.rows) == 3
        assert guest.asked_for_rights == 3


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/subscribe", "Name one repository: `/subscribe owner/repo"),
        ("/subscribe acme/nothing", "There is no public repository acme/nothing"),
        ("/subscribe acme/widget branch:nowhere", "no branch “nowhere”"),
        ("/subscribe acme/widget at:25:00", "at"),
        ("/subscribe acme/widget tz:Mars/Base", "tz"),
        ("/subscribe acme/widget mim:high", "min"),
        ("/subscribe /etc", "There is no public repository /etc"),
        ("/subscribe https://10.0.0.1/acme/widget.git", "There is no public repository"),
        ("/unsubscribe acme/widget", "is not followed here; nothing is"),
        ("/digest", "name a repository: `/digest owner/repo"),
        ("/digest acme/widget 2026-13-01", "is not a date"),
        ("/digest acme/widget today yesterday", "at most one repository"),
        ("/expand", "Give the number or the SHA"),
        ("/expand 1", "No digest was posted here yet"),
        ("/expand zzz", "No commit “zzz”"),
        ("/analyze", "Give one commit"),
        ("/analyze https://github.example/x", "names no commit"),
        ("/analyze acme/widget@ffffffff", "no commit “ffffffff”"),
        ("/analyze ffffffff", "No commit “ffffffff”"),
        ("/report", "No digest was posted here yet"),
        ("/settings acme/widget", "Give options alone"),
        ("/expnad 3", "Did you mean `/expand`?"),
        ("/🦆", "There is no command “🦆”. `/help`"),
    ],
)
async def test_what_cannot_be_done_says_why_and_what_to_type(
    command: str, said: str, opened: Opened
) -> None:
    """Invariant 10."""
    async with opened() as front:
        answer = await Speaker(front).says(command)
    assert said in text_of(answer.page)
    assert answer.private
    assert answer.document is None


async def test_examples_are_typed_as_the_chat_types_commands(opened: Opened) -> None:
    async with opened() as front:
        answer = await Speaker(front, prefix="/commitcast ").says("expand 1")
    assert "`/commitcast digest owner/repo yesterday`" in text_of(answer.page)


async def test_following_again_tells_what_is_replaced(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        await ada.says("/subscribe acme/widget min:high at:08:00")
        again = text_of((await ada.says("/subscribe Acme/Widget at:09:00")).page)
        assert "It was already followed, as `min:high at:08:00" in again
        assert "Followed here (1)" in text_of((await ada.says("/subscriptions")).page)


async def test_subscriptions_tell_what_is_late_stopped_or_only_posted(
    opened: Opened, redis: Redis
) -> None:
    """Invariant 10."""
    ledgers = RedisLedgers(redis)
    stopped = Stopped("error-slack-closed", {"reason": "is_archived"}, NOON)
    async with opened() as front:
        ada = Speaker(front, prefix="/commitcast ")
        await ada.says("subscribe acme/widget min:high at:00:00 tz:UTC quiet:post lang:en")
        assert "— due " in text_of((await ada.says("subscriptions")).page)
        for ledger, told in (
            (Ledger(date=date(2026, 1, 6)), "was due"),
            (Ledger(outgoing=OUTGOING), "was due 6 Jan 2026, 00:00, and is under way"),
            (Ledger(stopped=stopped), "stopped since 6 Jan 2026, 12:00: This channel is archived"),
        ):
            claimed = await ledgers.claim(ada.channel, "acme/widget", 10)
            assert claimed
            assert await ledgers.close(claimed.claim, ledger, None)
            assert told in (said := text_of((await ada.says("subscriptions")).page))
        assert (
            "`/commitcast subscribe acme/widget min:high at:00:00 tz:UTC days:daily quiet:post"
            " lang:en` starts it again" in said
        )
        again = text_of((await ada.says("subscribe acme/widget tz:UTC")).page)
        assert "the 24 hours before it" in again
        assert "stopped" not in text_of((await ada.says("subscriptions")).page)
        await RedisSubscriptions(redis).put(a_subscription(ada.channel, days=()))
        posted = text_of((await ada.says("subscriptions")).page)
        assert "only when “commitcast post” is called" in posted


async def test_the_report_of_a_scheduled_digest_is_named_by_its_day(
    opened: Opened, redis: Redis
) -> None:
    delivered = RedisDeliveredDigests(redis)
    async with opened() as front:
        ada = Speaker(front)
        digest = await ada.says("/digest acme/widget")
        record = await delivered.get(ada.channel, digest.page.digest or "")
        assert record
        await delivered.put(ada.channel, replace(record, span=SCHEDULED))
        report = await ada.says("/report")
        assert report.document
        assert report.document.name == "acme-widget-2026-01-06.md"


async def test_filters_of_a_subscription_hold_for_a_digest_that_is_asked_for(
    opened: Opened,
) -> None:
    """Invariant 3: what they leave out is counted."""
    async with opened() as front:
        ada = Speaker(front)
        await ada.says("/subscribe acme/widget path:src/**")
        digest = await ada.says("/digest")
        assert len(digest.page.rows) == 2
        assert "1 more not shown" in text_of(digest.page)
        assert len((await ada.says("/digest acme/widget path:**")).page.rows) == 3


async def test_several_repositories_have_to_be_named(opened: Opened, github: GitHubServer) -> None:
    async with opened(commitcast_private_grants=f"{github.path}=slack:T1/C1") as front:
        ada = Speaker(front)
        await ada.says("/subscribe acme/widget")
        await ada.says(f"/subscribe {github.path}")
        answer = text_of((await ada.says("/digest")).page)
        assert f"acme/widget, {github.path}" in answer


async def test_a_private_repository_is_shown_where_it_was_granted(
    opened: Opened, github: GitHubServer
) -> None:
    """Invariant 8: not by a digest, a commit's address, an expansion or a cached analysis."""
    github.private = True
    settings = {"github_token": "a-token", "commitcast_private_grants": "acme/*=slack:T1/C1"}
    async with opened(**settings) as front:
        granted, stranger = Speaker(front), Speaker(front, channel="slack:T1/C2")
        digest = await granted.says("/digest acme/widget")
        row = digest.page.rows[0]
        for command in (
            "/digest acme/widget",
            "/subscribe acme/widget",
            f"/analyze acme/widget@{row.sha}",
            f"/expand {row.sha}",
            "/report acme/widget",
        ):
            refused = await stranger.says(command)
            assert row.headline not in text_of(refused.page), command
            assert refused.document is None
        assert digest.page.digest
        forged = await stranger.presses(Action(Verb.EXPAND, digest.page.digest, 1).token)
        assert "belongs to another channel" in text_of(forged.page)
        said = text_of((await stranger.says("/digest acme/widget")).page)
        assert 'COMMITCAST_PRIVATE_GRANTS="acme/widget=slack:T1/C2"' in said


async def test_a_control_works_after_a_restart_and_without_its_analysis(
    opened: Opened, redis: Redis
) -> None:
    async with opened() as front:
        digest = await Speaker(front).says("/digest acme/widget")
    assert digest.page.digest
    for key in await redis.keys("commitcast:1:cache:*"):
        await redis.delete(key)
    async with opened() as front:
        ada, bob = Speaker(front), Speaker(front)
        token = Action(Verb.EXPAND, digest.page.digest, 2).token
        first, second = await asyncio.gather(ada.presses(token), bob.presses(token))
        again = await ada.presses(token)
        assert first.page == second.page == again.page
        assert digest.page.rows[1].headline in text_of(first.page)
        assert first.page.folds_to == Action(Verb.FOLD, digest.page.digest, 2)
        assert first.in_place == Action(Verb.EXPAND, digest.page.digest, 2)
        back = await ada.presses(Action(Verb.FOLD, digest.page.digest, 2).token)
        assert back.page == digest.page
        report = await ada.presses(Action(Verb.REPORT, digest.page.digest).token)
        assert report.document
        for row in digest.page.rows:
            assert row.sha in report.document.content.decode()


@pytest.mark.parametrize("number", [0, 4, 999_999])
async def test_a_number_that_the_digest_has_not_is_refused(number: int, opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        digest = await ada.says("/digest acme/widget")
        assert digest.page.digest
        answer = await ada.presses(Action(Verb.EXPAND, digest.page.digest, number).token)
        assert "it goes from 1 to 3" in text_of(answer.page)


async def test_a_number_in_a_thread_means_the_digest_of_the_thread(
    opened: Opened, repo: Repo
) -> None:
    async with opened() as front:
        ada = Speaker(front)
        old = await ada.says("/digest acme/widget")  # message 1
        repo.commit({"src/new.py": "new = 1\n"}, "Add something new")
        new = await ada.says("/digest acme/widget")  # message 2
        assert new.page.rows != old.page.rows
        in_thread = await ada.says("/expand 3", thread="1")
        assert old.page.rows[2].headline in text_of(in_thread.page)
        assert in_thread.beneath == ("1",)
        latest = await ada.says("/expand 4", thread="unknown")
        assert new.page.rows[3].headline in text_of(latest.page)


async def test_addresses_are_analysed_whatever_they_show(
    opened: Opened, repo: Repo, github: GitHubServer
) -> None:
    base = repo.git("rev-parse", "main~1")
    head = repo.git("rev-parse", "main")
    repo.git("update-ref", "refs/pull/7/head", repo.git("rev-parse", "main"))
    repo.git("update-ref", "refs/heads/main", base)
    page = f"{github.origin}/acme/widget"
    async with opened() as front:
        ada = Speaker(front)
        for text in (
            f"{page}/commit/{head}",
            f"<{page}/commit/{head[:8]}.patch>",
            f"acme/widget@{head}",
        ):
            assert "tell how to use it" in text_of((await ada.says(text)).page).lower()
        pull = await ada.says(f"/analyze {page}/pull/7")
        assert [row.sha for row in pull.page.rows] == [head]
        compared = await ada.says(f"/analyze {page}/compare/{base}...{head}")
        assert [row.sha for row in compared.page.rows] == [head]
        number = await ada.says("1")
        assert "tell how to use it" in text_of(number.page).lower()


async def test_without_a_model_an_analysis_says_what_to_set(opened: Opened, repo: Repo) -> None:
    async with opened() as front:
        answer = await Speaker(front).says(f"acme/widget@{repo.git('rev-parse', 'main')}")
    last = answer.page.blocks[-1]
    assert isinstance(last, Small)
    assert "OPENAI_API_KEY" in last.text


async def test_a_rate_limit_is_told_at_once_with_its_end(
    opened: Opened, github: GitHubServer
) -> None:
    github.limit = 0
    async with opened() as front:
        answer = await Speaker(front).says("/digest acme/widget")
    assert "rate limit is used up until" in text_of(answer.page)


async def test_an_event_is_new_once_for_every_process(opened: Opened) -> None:
    """Invariant 2: platforms repeat what they think was not taken."""
    async with opened() as front, opened() as other:
        assert await front.is_new("slack:Ev1")
        assert not await front.is_new("slack:Ev1")
        assert not await other.is_new("slack:Ev1")


async def test_a_group_that_moves_takes_all_along(opened: Opened) -> None:
    async with opened() as front:
        before = Speaker(front, channel="telegram:-7")
        await before.says("/settings lang:zh")
        await before.says("/subscribe acme/widget")
        digest = await before.says("/digest")
        await front.moved("telegram:-7", "telegram:-1007")
        after = Speaker(front, channel="telegram:-1007")
        assert "acme/widget" in text_of((await after.says("/subscriptions")).page)
        assert digest.page.digest
        expanded = await after.presses(Action(Verb.EXPAND, digest.page.digest, 1).token)
        assert expanded.words.language == "zh"
        assert "Nothing is followed" in text_of((await before.says("/subscriptions")).page)


async def test_a_preview_costs_no_model_and_shows_what_is_known(
    opened: Opened, repo: Repo, github: GitHubServer
) -> None:
    async with OpenAIServer(api_key=None) as model:
        settings = {"openai_base_url": model.base_url, "openai_model": "test-model"}
        async with opened(**settings) as front:
            url = f"{github.origin}/acme/widget/commit/{repo.git('rev-parse', 'main')}"
            assert await front.preview(url, "slack:T1/C1") is None
            analysed = await Speaker(front).says(url)
            asked = len(model.requests)
            page = await front.preview(url, "slack:T1/C1")
            assert page
            assert text_of(page) == text_of(analysed.page)
            assert len(model.requests) == asked
            assert await front.preview("https://elsewhere.example/x", "slack:T1/C1") is None


async def test_folding_leaves_it_noted_where_the_digest_is(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        digest = await ada.says("/digest acme/widget")  # message 1
        assert digest.page.digest
        await ada.presses(Action(Verb.EXPAND, digest.page.digest, 1).token)
        await ada.presses(Action(Verb.FOLD, digest.page.digest, 1).token)
        assert (await ada.says("/expand 1")).beneath == ("1",)


async def test_a_digest_that_could_not_be_shown_was_not_delivered(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        await ada.says("/digest acme/widget 2026-01-01")
        lost = RecordingConversation(fault=ChatError("error-internal"))
        await front.ask(Asked(ada.channel, ada.person(), "/digest acme/widget path:docs/"), lost)
        expanded = await ada.says("/expand 3")
        assert expanded.beneath == ("1",)


async def test_a_sha_that_begins_two_commits_is_none_of_them(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        digest = await ada.says("/digest acme/widget")
        assert digest.page.digest
        delivered = front._commands._app.delivered
        record = await delivered.get(ada.channel, digest.page.digest)
        assert record
        blocks = tuple(
            replace(b, rows=tuple(replace(r, sha="abcd" + r.sha[4:]) for r in b.rows))
            if isinstance(b, Commits)
            else b
            for b in record.page.blocks
        )
        page = replace(record.page, blocks=blocks)
        await delivered.put(ada.channel, replace(record, page=page))
        assert "No commit “abcd”" in text_of((await ada.says("/expand abcd")).page)


async def test_a_digest_in_a_chat_has_an_end(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.access.MOST_COMMITS", 2)
    async with opened() as front:
        ada = Speaker(front)
        assert "more than 2 commits" in text_of((await ada.says("/digest acme/widget")).page)
        assert "is not a date" in text_of((await ada.says("/digest acme/widget 9999w")).page)


async def test_what_holds_in_the_chat_holds_for_a_digest(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        await ada.says("/settings min:high")
        digest = await ada.says("/digest acme/widget")
        assert len(digest.page.rows) == 1
        assert "2 more not shown" in text_of(digest.page)
        # The commits are of nine in the morning in UTC: still the day before in Honolulu.
        await ada.says("/subscribe acme/widget min:low tz:Pacific/Honolulu")
        day = await ada.says("/digest acme/widget 2025-12-31")
        assert len(day.page.rows) == 3


async def test_an_expanded_commit_names_its_branch(opened: Opened, repo: Repo) -> None:
    repo.branch("release/1.0")
    repo.commit({"src/fix.py": "x = 1\n"}, "Fix the release")
    async with opened() as front:
        ada = Speaker(front)
        digest = await ada.says("/digest acme/widget branch:main,release/*")
        number = next(row.number for row in digest.page.rows if row.branch == "release/1.0")
        expanded = text_of((await ada.says(f"/expand {number}")).page)
        assert "release/1.0" in expanded
        assert "main, release/1.0" not in expanded


async def test_a_repository_that_is_gone_hides_no_commit_of_another(
    opened: Opened, repo: Repo, tmp_path: Path
) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"a": "1"}, "Begin")
    async with opened(commitcast_private_grants=f"{other.path}=slack:T1/C1") as front:
        ada = Speaker(front)
        await ada.says(f"/subscribe {other.path}")
        await ada.says("/subscribe acme/widget")
        other.path.rename(tmp_path / "gone")
        sha = repo.git("rev-parse", "main")
        assert "tell how to use it" in text_of((await ada.says(sha)).page).lower()


async def test_a_private_commit_is_previewed_nowhere(
    opened: Opened, repo: Repo, github: GitHubServer
) -> None:
    """Links go anywhere, so a grant does not count: invariant 8."""
    async with OpenAIServer(api_key=None) as model:
        settings: dict[str, object] = {
            "openai_base_url": model.base_url,
            "openai_model": "test-model",
            "github_token": "a-token",
            "commitcast_private_grants": "acme/*=slack:T1/*",
        }
        async with opened(**settings) as front:
            url = f"{github.origin}/acme/widget/commit/{repo.git('rev-parse', 'main')}"
            await Speaker(front).says(url)
            assert await front.preview(url, "slack:T1/C1")
            github.private = True
            assert await front.preview(url, "slack:T1/C1") is None


async def test_a_digest_that_shows_nothing_is_still_the_latest(opened: Opened) -> None:
    async with opened() as front:
        ada = Speaker(front)
        await ada.says("/digest acme/widget")
        await ada.says("/digest acme/widget path:nowhere/")
        assert "shows no commit" in text_of((await ada.says("/expand 1")).page)
