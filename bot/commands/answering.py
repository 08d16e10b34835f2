"""What is done with a command, and with what somebody pressed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import InputError, StoreError
from bot.access import TERMINAL
from bot.commands.commits import Commits
from bot.commands.digests import Digests
from bot.commands.following import Following
from bot.commands.grammar import COSTLY, EVERYBODYS, OWNERS, USAGE, Name, parse
from bot.commands.owning import Owning
from bot.commands.scene import Scene, Show
from bot.commands.usage import Spendings
from bot.conversation import Answer, Asked, Person, Pressed, named
from bot.options import EVERY
from formatters.model import Page, Points, Small, Verb
from formatters.text import Words, words_for

if TYPE_CHECKING:
    from bot.app import Application


HOUR: Final = timedelta(hours=1)
"""How long commands that cost something are counted."""

_COSTLY_PRESSES: Final = (Verb.EXPAND, Verb.REPORT)


@final
class Commands:
    """Answers every command of every chat."""

    def __init__(self, app: Application) -> None:
        """Answer with the application's parts."""
        self._app = app
        self._digests = Digests(app)
        self._commits = Commits(app, self._digests)
        self._following = Following(app)
        self._spendings = Spendings(app)
        self._owning = Owning(app)

    async def admits(self, asked: Asked) -> bool:
        """Whether a command is carried out: all are in a chat that is allowed, elsewhere those by
        which somebody makes it one.

        Raises:
            StoreError: nobody knows.
        """
        return await self.serves(asked.channel) or await self._owning.admits(asked)

    async def serves(self, channel: str) -> bool:
        """Whether a channel is allowed.

        Raises:
            StoreError: nobody knows.
        """
        return await self._app.access.admits(channel)

    async def turned_away(self, asked: Asked) -> Answer:
        """What a chat is told that is not allowed."""
        return await self._owning.turned_away(asked)

    async def answer(self, asked: Asked, show: Show) -> Answer:
        """The answer to a typed command.

        Raises:
            CommitcastError: there is none; says why and what to do.
        """
        command = parse(asked.text, asked.prefix)
        scene = await self._scene(asked.channel, asked.person, asked.prefix, asked.thread)
        if command.name in COSTLY:
            await self._count(asked.channel, asked.person)
        following, digests, commits = self._following, self._digests, self._commits
        answers: dict[Name, Callable[[], Awaitable[Answer]]] = {
            Name.SUBSCRIBE: lambda: following.subscribe(command, scene, show),
            Name.UNSUBSCRIBE: lambda: following.unsubscribe(command, scene),
            Name.SUBSCRIPTIONS: lambda: following.subscriptions(scene),
            Name.DIGEST: lambda: digests.digest(command, scene, show),
            Name.EXPAND: lambda: commits.expand(command, scene, show),
            Name.ANALYZE: lambda: commits.analyze(command, scene, show),
            Name.REPORT: lambda: digests.report(command, scene, show),
            Name.SETTINGS: lambda: following.settings(command, scene),
            Name.USAGE: lambda: self._spendings.usage(scene),
            Name.HELP: lambda: self._help(scene),
            **{name: lambda: self._owning.answer(command, asked, scene) for name in OWNERS},
        }
        return await answers[command.name]()

    async def press(self, pressed: Pressed, show: Show) -> Answer:
        """The answer to a control that was pressed.

        Raises:
            CommitcastError: there is none; says why and what to do.
        """
        scene = await self._scene(pressed.channel, pressed.person, pressed.prefix)
        if pressed.action.verb in _COSTLY_PRESSES:
            await self._count(pressed.channel, pressed.person)
        return await self._commits.press(pressed.action, scene, show)

    async def preview(self, url: str, channel: str) -> Page | None:
        """The analysis of a commit by its address, if it is there already."""
        return await self._commits.preview(url, await self._scene(channel, Person("", _nobody)))

    async def posted(self, channel: str, digest: str, messages: tuple[str, ...]) -> None:
        """Note which messages show a digest."""
        if record := await self._app.delivered.get(channel, digest):
            await self._app.delivered.put(channel, replace(record, messages=messages))

    async def not_posted(self, channel: str, digest: str) -> None:
        """Forget a digest that nobody was shown."""
        await self._app.delivered.drop(channel, digest)

    async def move(self, before: str, after: str) -> None:
        """Give what a channel has to the channel that it has become."""
        await self._app.move(before, after)

    async def words(self, channel: str, person: Person) -> Words:
        """The catalogue for a channel; also when the store of its settings fails."""
        try:
            return (await self._scene(channel, person)).words
        except StoreError:
            return words_for(person.language or self._app.settings.commitcast_language)

    def menu(self, language: str) -> tuple[tuple[str, str], ...]:
        """The commands with a description each, but for those of the owner."""
        words = words_for(language)
        return tuple((name.value, words(f"command-{name.value}")) for name in EVERYBODYS)

    async def _count(self, channel: str, person: Person) -> None:
        """Count what costs money by who asks; where nobody says who, by the channel."""
        most = self._app.settings.commitcast_hourly_commands_per_user
        who = named(person, channel) or channel
        if channel != TERMINAL and not await self._app.rates.take("commands", who, most, HOUR):
            raise InputError("error-too-many-commands", n=most)

    async def _help(self, scene: Scene) -> Answer:
        words = scene.words
        is_owner = await self._owning.is_owner(scene.person, scene.channel)
        blocks = [_listed("help-title", EVERYBODYS, scene)]
        if is_owner:
            blocks.append(_listed("help-owner", OWNERS[1:], scene))
        options = Points(words("help-options"), tuple(words(f"help-{name}") for name in EVERY))
        return Answer(Page((*blocks, options, Small(words("help-more")))), words, private=True)

    async def _scene(
        self, channel: str, person: Person, prefix: str = "/", thread: str | None = None
    ) -> Scene:
        own = await self._app.subscriptions.defaults(channel)
        return Scene(
            channel=channel,
            person=person,
            settings=own.over(self._app.chat_settings(person.language)),
            prefix=prefix,
            thread=thread,
        )


async def _nobody() -> bool:
    return False


def _listed(title: str, names: Iterable[Name], scene: Scene) -> Points:
    words = scene.words
    items = (f"{scene.typed(USAGE[name])} — {words(f'command-{name.value}')}" for name in names)
    return Points(words(title), tuple(items))
