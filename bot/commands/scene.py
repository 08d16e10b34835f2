"""Who asks where, and in which words and zone they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.conversation import Person
from bot.ports import Notify
from bot.subscriptions import ChatSettings
from formatters.text import Words, words_for

Show = Callable[[str], None]
"""Takes what the person who waits should know now; cheap to call often."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a command needs to know of where it was given."""

    channel: str
    """The channel's key, as in `Asked`."""
    person: Person
    settings: ChatSettings
    """What holds here where the command says nothing else."""
    prefix: str = "/"
    """What commands start with here."""
    thread: str | None = None
    """The message that heads the thread where the command was typed."""

    @property
    def words(self) -> Words:
        """The catalogue for the answer."""
        return words_for(self.settings.language)

    @property
    def language(self) -> str:
        """The language that analyses are asked for in (BCP 47)."""
        return self.settings.language

    @property
    def zone(self) -> str:
        """The IANA zone that days begin in and instants are shown in."""
        return self.settings.zone

    def told(self, show: Show) -> Notify:
        """Shows the notices of a source to the person who waits."""
        return lambda notice: show(self.words(notice.code, **notice.details))

    def typed(self, command: str) -> str:
        """A command as it is typed here, to stand in a message."""
        return f"`{self.prefix}{command}`"
