"""What is done with a command, and with what somebody pressed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, final

from analyzers.errors import StoreError
from bot.commands.commits import Commits
from bot.commands.digests import Digests
from bot.commands.following import Following
from bot.commands.grammar import USAGE, Name, parse
from bot.commands.scene import Scene, Show
from bot.commands.usage import Spendings
from bot.conversation import Answer, Asked, Person, Pressed
from bot.options import EVERY
from formatters.model import Page, Points, Small
from formatters.text import Words, words_for

if TYPE_CHECKING:
    from bot.app import Application


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

    async def answer(self, asked: Asked, show: Show) -> Answer:
        """The answer to a typed command.

        Raises:
            CommitcastError: there is none; says why and what to do.
        """
        command = parse(asked.text, asked.prefix)
        scene = await self._scene(asked.channel, asked.person, asked.prefix, asked.thread)
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
            Name.HELP: lambda: _help(scene),
        }
        return await answers[command.name]()

    async def press(self, pressed: Pressed, show: Show) -> Answer:
        """The answer to a control that was pressed.

        Raises:
            CommitcastError: there is none; says why and what to do.
        """
        scene = await self._scene(pressed.channel, pressed.person, pressed.prefix)
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
        """The commands with a description each."""
        words = words_for(language)
        return tuple((name.value, words(f"command-{name.value}")) for name in Name)

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


async def _help(scene: Scene) -> Answer:
    words = scene.words
    items = tuple(f"{scene.typed(USAGE[name])} — {words(f'command-{name.value}')}" for name in Name)
    options = tuple(words(f"help-{name}") for name in EVERY)
    page = Page(
        (
            Points(words("help-title"), items),
            Points(words("help-options"), options),
            Small(words("help-more")),
        )
    )
    return Answer(page, words, private=True)
