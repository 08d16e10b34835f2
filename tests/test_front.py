"""What chats hand in is bounded, shows its progress and is always answered: invariant 10."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from analyzers.errors import ChatError
from bot import front as fronts
from bot.access import TERMINAL
from bot.app import open_application
from bot.commands.answering import Commands
from bot.commands.scene import Show
from bot.config import Settings
from bot.conversation import Answer, Asked, Conversation, Person
from bot.front import MOST_AT_ONCE, MOST_OF_A_CHANNEL, Front
from formatters.model import Page, Prose
from formatters.text import words_for
from tests.conversations import RecordingConversation, text_of

Work = Callable[[Show], Awaitable[Answer]]
DONE = Answer(Page((Prose("Done."),)), words_for("en"))


@pytest.fixture
async def commands(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncIterator[Commands]:
    given = {"redis_url": redis_url, "commitcast_data": tmp_path, "commitcast_allowed_chats": "*"}
    settings = Settings.model_validate(given)
    async with open_application(settings, lambda notice: None) as app:
        yield Commands(app)


@pytest.fixture
def front(commands: Commands, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Front:
    from bot.stores.events import SeenEvents

    monkeypatch.setattr(fronts, "FIRST_PROGRESS", 0.02)
    monkeypatch.setattr(fronts, "NEXT_PROGRESS", 0.01)
    return Front(commands, SeenEvents(redis))


def working(commands: Commands, monkeypatch: pytest.MonkeyPatch, work: Work) -> None:
    """Let every command be this work."""

    async def answer(asked: Asked, show: Show) -> Answer:
        return await work(show)

    monkeypatch.setattr(commands, "answer", answer, raising=True)


async def nobody() -> bool:
    return False


def asked(channel: str = "slack:T1/C1") -> Asked:
    return Asked(channel, Person("U1", nobody), "digest")


async def said(front: Front, channel: str = "slack:T1/C1") -> str:
    conversation = RecordingConversation()
    await front.ask(asked(channel), conversation)
    (answer,) = conversation.answers
    return text_of(answer.page)


async def test_progress_is_shown_when_the_answer_takes_long_and_never_after_it(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = RecordingConversation()
    reached = asyncio.Event()

    async def work(show: Show) -> Answer:
        show("1 of 9")
        show("2 of 9")
        while not conversation.shown:
            await asyncio.sleep(0.005)
        show("9 of 9")
        while len(conversation.shown) < 2:
            await asyncio.sleep(0.005)
        show("too late")
        reached.set()
        return DONE

    working(commands, monkeypatch, work)
    await front.ask(asked(), conversation)
    assert conversation.shown == ["2 of 9", "9 of 9"]
    assert conversation.answers == [DONE]


async def test_a_quick_answer_comes_without_progress(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = RecordingConversation()

    async def work(show: Show) -> Answer:
        show("1 of 9")
        return DONE

    working(commands, monkeypatch, work)
    await front.ask(asked(), conversation)
    assert conversation.shown == []


async def test_progress_that_is_on_its_way_is_waited_for(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its message would stay, and nobody could edit it into the answer."""
    sending, sent = asyncio.Event(), asyncio.Event()

    class Slow(Conversation):
        async def progress(self, text: str) -> None:
            sending.set()
            await asyncio.sleep(0.05)
            sent.set()

        async def answer(self, answer: Answer) -> tuple[str, ...]:
            assert sent.is_set()
            return ()

    async def work(show: Show) -> Answer:
        show("1 of 9")
        await sending.wait()
        return DONE

    working(commands, monkeypatch, work)
    await front.ask(asked(), Slow())
    assert sent.is_set()


async def test_a_channel_with_too_much_under_way_is_told_and_others_are_served(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def work(show: Show) -> Answer:
        await gate.wait()
        return DONE

    working(commands, monkeypatch, work)
    waiting = [asyncio.create_task(said(front)) for _ in range(MOST_OF_A_CHANNEL)]
    await asyncio.sleep(0)
    assert "still under way in this channel" in await said(front)
    other = asyncio.create_task(said(front, "slack:T1/C2"))
    gate.set()
    assert [await task for task in (*waiting, other)] == ["Done."] * (MOST_OF_A_CHANNEL + 1)
    assert await said(front) == "Done."


async def test_a_flood_is_refused_in_few_words(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def work(show: Show) -> Answer:
        await gate.wait()
        return DONE

    working(commands, monkeypatch, work)
    waiting = [asyncio.create_task(said(front)) for _ in range(MOST_OF_A_CHANNEL)]
    await asyncio.sleep(0)
    conversation = RecordingConversation()
    for _ in range(50):
        await front.ask(asked(), conversation)
    assert len(conversation.answers) == 1
    gate.set()
    await asyncio.gather(*waiting)


async def test_an_answer_that_is_being_shown_takes_its_place(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    class Slow(Conversation):
        async def progress(self, text: str) -> None:
            raise AssertionError

        async def answer(self, answer: Answer) -> tuple[str, ...]:
            await gate.wait()
            return ()

    async def work(show: Show) -> Answer:
        return DONE

    working(commands, monkeypatch, work)
    showing = [asyncio.create_task(front.ask(asked(), Slow())) for _ in range(MOST_OF_A_CHANNEL)]
    await asyncio.sleep(0.01)
    assert "still under way" in await said(front)
    gate.set()
    await asyncio.gather(*showing)


async def test_the_process_takes_no_more_than_it_can_hold(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def work(show: Show) -> Answer:
        await gate.wait()
        return DONE

    working(commands, monkeypatch, work)
    waiting = [asyncio.create_task(said(front, f"telegram:{n}")) for n in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)
    assert "Too many commands" in await said(front, "telegram:-1")
    gate.set()
    assert set(await asyncio.gather(*waiting)) == {"Done."}


async def test_a_fault_of_ours_is_told_without_its_details_and_logged_with_them(
    front: Front,
    commands: Commands,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(show: Show) -> Answer:
        raise ZeroDivisionError("inner details")

    working(commands, monkeypatch, work)
    answer = await said(front)
    assert "Something failed that should not have" in answer
    assert "inner details" not in answer
    assert "inner details" in caplog.text


async def test_a_command_that_takes_too_long_is_ended(
    front: Front, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fronts, "LONGEST_WORK", 0.02)

    async def work(show: Show) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    working(commands, monkeypatch, work)
    assert "Stopped after" in await said(front)


async def test_a_chat_that_takes_no_answer_is_logged_and_ends_nothing(
    front: Front,
    commands: Commands,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)

    async def work(show: Show) -> Answer:
        return DONE

    working(commands, monkeypatch, work)
    await front.ask(asked(), RecordingConversation(fault=ChatError("error-internal")))
    assert "no answer in slack:T1/C1" in caplog.text
    assert await said(front) == "Done."


@pytest.mark.parametrize(
    ("channel", "told"),
    [("slack:T1/C1", "being restarted"), (TERMINAL, None)],  # who typed Ctrl-C knows
)
async def test_who_waits_is_told_when_the_process_ends(
    front: Front,
    commands: Commands,
    monkeypatch: pytest.MonkeyPatch,
    channel: str,
    told: str | None,
) -> None:
    begun = asyncio.Event()

    async def work(show: Show) -> Answer:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    working(commands, monkeypatch, work)
    conversation = RecordingConversation()
    asking = asyncio.create_task(front.ask(asked(channel), conversation))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(conversation.answers) == (told is not None)
    assert all(str(told) in text_of(answer.page) for answer in conversation.answers)
