"""A chat without a platform: what was asked of it and what it was shown is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from analyzers.errors import ChatError
from bot.conversation import Answer, Asked, Conversation, Person, Pressed
from bot.front import Front
from formatters.model import Action, Commits, Page, Points, Prose, Small, Title


@final
class RecordingConversation(Conversation):
    """Takes everything; fails with `fault` where there is one."""

    def __init__(self, first_message: int = 1, fault: ChatError | None = None) -> None:
        self.shown: list[str] = []
        self.answers: list[Answer] = []
        self.fault = fault
        self._message = first_message

    async def progress(self, text: str) -> None:
        self.shown.append(text)

    async def answer(self, answer: Answer) -> tuple[str, ...]:
        if self.fault:
            raise self.fault
        self.answers.append(answer)
        return () if answer.private else (str(self._message),)


@dataclass
class Speaker:
    """Somebody who uses the bot in one channel."""

    front: Front
    channel: str = "slack:T1/C1"
    may_manage: bool = True
    language: str | None = None
    prefix: str = "/"
    id: str = "U1"
    is_private: bool = False
    asked_for_rights: int = 0
    messages: int = field(default=0)
    """How many answers came; the n-th is message `n`."""

    async def says(self, text: str, thread: str | None = None) -> Answer:
        """The answer to a command."""
        (answer,) = await self.is_told(text, thread)
        return answer

    async def is_told(self, text: str, thread: str | None = None) -> list[Answer]:
        """What a command is answered with, if it is."""
        conversation = self._conversation()
        person = self.person()
        asked = Asked(self.channel, person, text, thread, self.prefix, self.is_private)
        await self.front.ask(asked, conversation)
        return conversation.answers

    async def presses(self, token: str) -> Answer:
        """The answer to a control."""
        (answer,) = await self.is_shown(token)
        return answer

    async def is_shown(self, token: str) -> list[Answer]:
        """What a control is answered with, if it is."""
        action = Action.parse(token)
        assert action
        conversation = self._conversation()
        await self.front.press(Pressed(self.channel, self.person(), action), conversation)
        return conversation.answers

    def _conversation(self) -> RecordingConversation:
        self.messages += 1
        return RecordingConversation(self.messages)

    def person(self) -> Person:
        """Who this is to the bot."""

        async def may_manage() -> bool:
            self.asked_for_rights += 1
            return self.may_manage

        return Person(self.id, may_manage, self.language)


def text_of(page: Page) -> str:
    """All that a page says, one piece a line."""
    lines: list[str] = []
    for block in page.blocks:
        match block:
            case Title(text=text) | Prose(text=text) | Small(text=text):
                lines.append(text)
            case Points(title=title, items=items):
                lines += [title, *items]
            case Commits(title=title, rows=rows):
                lines += [title, *(f"{row.number} {row.headline}" for row in rows)]
    return "\n".join(lines)
