"""What passes between a chat and the commands: who asked what, and what is answered.

A chat's adapter makes an `Asked` or a `Pressed` of what its platform sends, hands it to
`bot.front.Front` together with a `Conversation`, and knows nothing of commands; the commands know
nothing of platforms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from formatters.model import Action, Page
from formatters.text import Words

if TYPE_CHECKING:
    from aiohttp.web import RouteDef


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a chat."""

    id: str
    """Their id on the platform; empty where it does not tell, as in a Telegram channel."""
    may_manage: Callable[[], Awaitable[bool]]
    """Asks whether they may change what this channel follows and how (no guest on Slack, an
    administrator in a Telegram group). Only some commands need it, and it may cost a request.

    Raises `ChatError`: the platform did not tell."""
    language: str | None = None
    """What they read (BCP 47), where the chat tells and nobody else reads along."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that somebody typed."""

    channel: str
    """Where, and who may see the answer: `slack:T012/C345`, `telegram:-100123`,
    `telegram:-100123/7` for a topic, `terminal`."""
    person: Person
    text: str
    """The command with its arguments, `subscribe acme/widget at:09:00`; a leading slash is fine."""
    thread: str | None = None
    """The message that heads the thread, or is replied to, where the command was typed in one."""
    prefix: str = "/"
    """What commands start with here, for examples in answers: `/`, or `/commitcast ` on Slack."""
    is_private: bool = False
    """Whether nobody else reads along."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A control that somebody pressed, on a message of ours or on a forged one."""

    channel: str
    """Where, as in `Asked`."""
    person: Person
    action: Action
    prefix: str = "/"
    """What commands start with here, as in `Asked`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file to send."""

    name: str
    """Its name: ASCII letters, digits, `.`, `-` and `_`."""
    content: bytes
    """UTF-8 text; not empty."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command or a press is answered with."""

    page: Page
    """What to show. With a document, what to say beside it: short."""
    words: Words
    """The catalogue that the page is written in: a dialect's own words come from it too."""
    private: bool = False
    """Whether only the person who asked needs it: errors, help, settings. A chat that can show it
    to them alone does."""
    document: Document | None = None
    beneath: tuple[str, ...] = ()
    """The messages of the digest that this answer to a typed command belongs to: it goes into the
    thread of the first, or replies to it. Empty for any other."""
    in_place: Action | None = None
    """The press on a digest that this answers: where the chat can, the message of the digest that
    offers commit `in_place.number` is edited (`Page.folds_to` leads back); where not, the answer
    goes into the digest's thread."""


class Conversation(ABC):
    """The adapter's side of one command or press. Every method may raise `ChatError`."""

    @abstractmethod
    async def progress(self, text: str) -> None:
        """Say that work is going on, in one message that later calls edit. Called at most every
        few seconds, and only when the answer takes longer than a moment."""

    @abstractmethod
    async def answer(self, answer: Answer) -> tuple[str, ...]:
        """Show the answer, in place of the progress message if there is one.

        Returns:
            The ids of the messages that show it, in order; empty where only one person sees it.
        """


class Chat(ABC):
    """One platform that the bot is connected to."""

    is_connected: bool = False
    """Whether it hears people now."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For the log: `Slack`, `Telegram`."""

    def routes(self) -> Sequence[RouteDef]:
        """What the process's web server has to serve for it: nothing, where the chat is asked."""
        return ()

    @abstractmethod
    async def run(self) -> None:
        """Connect, and serve until cancelled; then disconnect in order.

        Raises:
            ChatError: it cannot be connected to. A permanent one (a wrong token) ends this chat,
                after any other it is run again.
        """


def named(person: Person, channel: str) -> str:
    """What somebody in a channel is called everywhere: `telegram:123`, empty where they have no
    id."""
    return person.id and f"{platform_of(channel)}:{person.id}"


def platform_of(channel: str) -> str:
    """What the key of a channel begins with: the name of its platform."""
    return channel.partition(":")[0]
