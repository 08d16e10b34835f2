"""Where chats hand in what people ask: bounded, with progress, always answered (invariant 10)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final, final

from analyzers.errors import ChatError, CommitcastError, InputError, StoreError
from bot.access import TERMINAL
from bot.commands.answering import Commands
from bot.commands.grammar import Name
from bot.commands.scene import Show
from bot.conversation import Answer, Asked, Conversation, Person, Pressed, platform_of
from bot.monitoring.metrics import Metrics
from bot.stores.events import SeenEvents
from formatters.model import Page, Prose

MOST_AT_ONCE: Final = 64
"""Commands under way in the process: each holds connections and a commit or a digest in memory."""

MOST_OF_A_CHANNEL: Final = 6
"""Commands under way in one channel, so that one channel leaves room to the others."""

FIRST_PROGRESS: Final = 1.5
"""Seconds until a person is told that the work goes on; most answers come before."""

NEXT_PROGRESS: Final = 3.0
"""Seconds between two messages of progress: platforms allow about one a second in a channel."""

LONGEST_WORK: Final = 900.0
"""Seconds that a command may take to its answer."""

LONGEST: Final = 1_200.0
"""Seconds that it may take with all messages of its answer."""

LONGEST_PREVIEW: Final = 15.0
"""Seconds for what to add to a link; later nobody looks."""

FAREWELL: Final = 2.0
"""Seconds to tell somebody that their command was interrupted."""

NEXT_CLOSED: Final = timedelta(hours=1)
"""Until a chat that is not allowed is told again that it is not."""

NEXT_REFUSAL: Final = 10.0
"""Seconds until a channel is told again that there is too much to do."""

_log = logging.getLogger(__name__)


class _Full(InputError):
    """There is too much under way to take another command."""


@final
class Front:
    """Takes commands and presses from every chat and sees to it that each is answered."""

    def __init__(
        self, commands: Commands, seen: SeenEvents, metrics: Metrics | None = None
    ) -> None:
        """Answer with these commands."""
        self._commands = commands
        self._seen = seen
        self._metrics = metrics or Metrics()
        self._under_way: Counter[str] = Counter()
        self._refused: dict[str, float] = {}  # when each channel was last told to wait

    async def ask(self, asked: Asked, conversation: Conversation) -> None:
        """Carry out a command, and answer it, whatever happens."""
        try:
            is_admitted = await self._commands.admits(asked)
        except StoreError as exc:
            await self._refuse(asked.channel, asked.person, conversation, exc)
            return
        if not is_admitted:
            await self._turn_away(asked, conversation)
            return
        await self._serve(
            asked.channel,
            asked.person,
            conversation,
            lambda show: self._commands.answer(asked, show),
        )

    async def press(self, pressed: Pressed, conversation: Conversation) -> None:
        """Carry out what somebody pressed, and answer it, whatever happens; where the chat is not
        allowed, nothing happens."""
        if not await self._serves(pressed.channel):
            return
        await self._serve(
            pressed.channel,
            pressed.person,
            conversation,
            lambda show: self._commands.press(pressed, show),
        )

    async def is_new(self, event: str) -> bool:
        """Whether an event of a platform, `slack:Ev123`, has not been handed in before.

        When nobody can tell, it is: better twice than never.
        """
        return await self._seen.add(event)

    async def moved(self, before: str, after: str) -> None:
        """Keep what a channel has for the channel that it has become."""
        try:
            await self._commands.move(before, after)
        except StoreError as exc:
            _log.error("%s was not moved to %s: %s", before, after, exc)

    async def preview(self, url: str, channel: str) -> Page | None:
        """The analysis of a commit that somebody posted a link to, if it is there already."""
        if not await self._serves(channel):
            return None
        try:
            with self._place(channel):
                async with asyncio.timeout(LONGEST_PREVIEW):
                    return await self._commands.preview(url, channel)
        except (CommitcastError, TimeoutError) as exc:
            _log.info("no preview in %s: %r", channel, exc)
            return None

    def menu(self, language: str) -> tuple[tuple[str, str], ...]:
        """The commands with a description each, for the menus of platforms."""
        return self._commands.menu(language)

    def names(self) -> frozenset[str]:
        """What all commands are called, the owner's too."""
        return frozenset(name.value for name in Name)

    async def _serves(self, channel: str) -> bool:
        try:
            return await self._commands.serves(channel)
        except StoreError as exc:
            _log.error("whether %s is allowed is not known: %s", channel, exc)
            return False

    async def _turn_away(self, asked: Asked, conversation: Conversation) -> None:
        """Say in a chat that is not allowed how it is, to a person, once an hour. What is posted in
        a channel gets no answer: nobody may have asked for a bot there."""
        if not await self._seen.add(f"closed:{asked.channel}", NEXT_CLOSED):
            return
        _log.info("not served: %s is not allowed", asked.channel)
        if not asked.person.id:
            return
        try:
            await conversation.answer(await self._commands.turned_away(asked))
        except (ChatError, StoreError) as exc:
            _log.info("no answer in %s: %s", asked.channel, exc)

    async def _serve(
        self,
        channel: str,
        person: Person,
        conversation: Conversation,
        work: Callable[[Show], Awaitable[Answer]],
    ) -> None:
        started = time.monotonic()
        try:
            with self._place(channel):
                async with asyncio.timeout(LONGEST):
                    answer = await self._answered(channel, person, conversation, work)
                    await self._show(channel, answer, conversation)
            self._metrics.answered(platform_of(channel), time.monotonic() - started)
        except asyncio.CancelledError:
            await self._interrupt(channel, person, conversation)
            raise
        except _Full as exc:
            await self._refuse(channel, person, conversation, exc)
        except TimeoutError:
            _log.warning("no answer in %s within %.0f s", channel, LONGEST)
        except ChatError as exc:
            # The platform takes no message: there is no other way to tell anybody.
            _log.warning("no answer in %s: %s", channel, exc)
            self._metrics.not_answered(platform_of(channel), exc)
        except StoreError as exc:
            _log.error("what %s was shown could not be noted: %s", channel, exc)
        except Exception:  # noqa: BLE001 - what no code foresaw must not end the whole chat
            _log.exception("no answer in %s", channel)

    async def _show(self, channel: str, answer: Answer, conversation: Conversation) -> None:
        delivered = answer.page.digest if answer.in_place is None else None
        try:
            messages = await conversation.answer(answer)
        except ChatError:
            if delivered:
                await self._commands.not_posted(channel, delivered)
            raise
        if delivered and messages:
            await self._commands.posted(channel, delivered, messages)

    async def _interrupt(self, channel: str, person: Person, conversation: Conversation) -> None:
        """The process ends: say so in place of the answer, if that is quickly done. Whoever types
        in a terminal has ended it."""
        if channel == TERMINAL:
            return
        try:
            async with asyncio.timeout(FAREWELL):
                words = await self._commands.words(channel, person)
                page = Page((Prose(words("chat-interrupted")),))
                await conversation.answer(Answer(page, words, private=True))
        except (ChatError, TimeoutError) as exc:
            _log.warning("nobody in %s was told that a command was interrupted: %r", channel, exc)

    async def _refuse(
        self, channel: str, person: Person, conversation: Conversation, exc: CommitcastError
    ) -> None:
        """Say why nothing is done; not to each of a flood, for that would be one too."""
        now = asyncio.get_running_loop().time()
        self._refused = {c: at for c, at in self._refused.items() if now - at < NEXT_REFUSAL}
        if channel in self._refused:
            _log.info("refused in %s without a word: %s", channel, exc)
            return
        self._refused[channel] = now
        words = await self._commands.words(channel, person)
        page = Page((Prose(words.error(exc)),))
        try:
            await conversation.answer(Answer(page, words, private=True))
        except ChatError as failure:
            _log.warning("no answer in %s: %s", channel, failure)

    async def _answered(
        self,
        channel: str,
        person: Person,
        conversation: Conversation,
        work: Callable[[Show], Awaitable[Answer]],
    ) -> Answer:
        try:
            async with _progress(conversation) as show, asyncio.timeout(LONGEST_WORK):
                return await work(show)
        except TimeoutError:
            error: CommitcastError = InputError(
                "error-took-too-long", minutes=int(LONGEST_WORK / 60)
            )
        except CommitcastError as exc:
            _log.info("refused in %s: %s", channel, exc)
            error = exc
        except Exception:  # noqa: BLE001 - a person waits: they are told, the log has the rest
            _log.exception("a command failed in %s", channel)
            error = InputError("error-internal")
        words = await self._commands.words(channel, person)
        return Answer(Page((Prose(words.error(error)),)), words, private=True)

    @contextmanager
    def _place(self, channel: str) -> Iterator[None]:
        if self._under_way[channel] >= MOST_OF_A_CHANNEL:
            raise _Full("error-busy-channel", n=MOST_OF_A_CHANNEL)
        if self._under_way.total() >= MOST_AT_ONCE:
            raise _Full("error-busy")
        self._under_way[channel] += 1
        try:
            yield
        finally:
            self._under_way[channel] -= 1
            self._under_way += Counter()  # forgets channels without work


@asynccontextmanager
async def _progress(conversation: Conversation) -> AsyncIterator[Show]:
    """Show the latest of what is reported, now and then, until the work is done."""
    latest = ""

    def show(text: str) -> None:
        nonlocal latest
        latest = text

    async def tell() -> None:
        shown, pause = "", FIRST_PROGRESS
        while not await _happens(done, within=pause):
            pause = NEXT_PROGRESS
            if latest != shown:
                shown = latest
                try:
                    await conversation.progress(shown)
                except ChatError as exc:
                    _log.info("no progress shown: %s", exc)
                    if exc.permanent:
                        return

    done = asyncio.Event()
    telling = asyncio.create_task(tell())
    try:
        yield show
    finally:
        # Not cancelled: a message that is on its way would stay, and nobody would know of it.
        done.set()
        await asyncio.gather(telling, return_exceptions=True)


async def _happens(event: asyncio.Event, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
