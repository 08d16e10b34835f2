"""Answers on Slack: messages in the channel or a thread, or for one person alone."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, final

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from analyzers.errors import ChatError
from bot.chats.slack.api import BUSY, GONE, NOT_INVITED, SlackApi
from bot.chats.slack.sending import NO_PREVIEW, QUIET, send
from bot.conversation import Answer, Conversation, Document
from formatters import blockkit
from formatters.blockkit import SlackMessage
from formatters.model import Page, Prose
from formatters.text import Words, words_for

MAX_RESPONSES: Final = 5
"""Messages that Slack takes at a `response_url`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The bot in a workspace, as `auth.test` tells."""

    team: str | None
    """The workspace's id; None where a whole organisation installed the app."""
    bot_user: str
    bot_name: str
    url: str
    """Where the workspace is, with a slash at the end."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody asked, and where they are answered."""

    channel: str
    """The channel's id."""
    user: str
    thread: str | None = None
    """The message whose thread the answers go into."""
    reads_thread: bool = False
    """Whether the person is looking at that thread already."""
    response_url: str | None = None
    """Where Slack takes messages for this person alone."""


@final
class SlackConversation(Conversation):
    """One command, or one press."""

    def __init__(self, api: SlackApi, workspace: Workspace, place: Place) -> None:
        """Answer what was asked there."""
        self._api = api
        self._workspace = workspace
        self._place = place
        self._note: str | None = None  # the message that tells the progress
        self._responses = 0

    async def progress(self, text: str) -> None:
        """Say it in a message of its own. Never waits for Slack's limits."""
        message = blockkit.messages(Page((Prose(text),)), words_for("en"))[0]
        client = self._api.client
        try:
            if self._note is None:
                where = {"thread_ts": self._place.thread, **NO_PREVIEW}
                posted = await self._send_once(client.chat_postMessage, message, **where)
                self._note = str(posted.get("ts"))
            else:
                await self._send_once(client.chat_update, message, ts=self._note)
        except ChatError as exc:
            if exc.code != BUSY:  # later news will do
                raise

    async def answer(self, answer: Answer) -> tuple[str, ...]:
        """Show it; to the person alone where the bot is not a member, with how to invite it."""
        messages = blockkit.messages(answer.page, answer.words)
        if answer.private:
            await self._drop_note()
            await self._whisper(messages)
            return ()
        try:
            return await self._show(answer, messages)
        except ChatError as exc:
            if exc.code != NOT_INVITED:
                raise
        await self._whisper([self._invitation(answer), *messages])
        return ()

    async def say_privately(self, text: str, words: Words) -> None:
        """Tell the person something that is no command's answer."""
        await self._whisper(blockkit.messages(Page((Prose(text),)), words))

    async def _show(self, answer: Answer, messages: Sequence[SlackMessage]) -> tuple[str, ...]:
        first, *others = messages
        thread = answer.beneath[0] if answer.beneath else self._place.thread
        try:
            sent = [await self._show_first(first, thread)]
        except ChatError as exc:
            if exc.code != GONE or thread is None:
                raise
            thread = None  # the message that heads it was deleted
            sent = [await self._post(first, None)]
        for message in others:
            sent.append(await self._post(message, thread or sent[0]))
        if answer.document:
            await self._upload(answer.document, thread)
        is_read = self._place.reads_thread and thread == self._place.thread
        if answer.beneath and thread and not is_read:
            await self._point_to(thread, answer.words)
        return tuple(sent)

    async def _show_first(self, message: SlackMessage, thread: str | None) -> str:
        """In place of the progress, if that is where the answer belongs."""
        if self._note is None or thread != self._place.thread:
            await self._drop_note()
            return await self._post(message, thread)
        note, self._note = self._note, None
        try:
            update = self._api.client.chat_update
            return await self._send(update, message, ts=note, repeatable=True)
        except ChatError as exc:
            if exc.code != GONE:
                raise
        return await self._post(message, thread)

    async def _post(self, message: SlackMessage, thread: str | None) -> str:
        post = self._api.client.chat_postMessage
        return await self._send(post, message, thread_ts=thread, **NO_PREVIEW)

    async def _send(
        self,
        method: Callable[..., Awaitable[AsyncSlackResponse]],
        message: SlackMessage,
        **arguments: Any,
    ) -> str:
        return await send(self._api, method, message, channel=self._place.channel, **arguments)

    async def _send_once(
        self,
        method: Callable[..., Awaitable[AsyncSlackResponse]],
        message: SlackMessage,
        **arguments: Any,
    ) -> AsyncSlackResponse:
        return await self._api.call_once(
            method,
            channel=self._place.channel,
            text=message.text,
            blocks=list(message.blocks),
            **QUIET,
            **arguments,
        )

    async def _upload(self, document: Document, thread: str | None) -> None:
        await self._api.call(
            self._api.client.files_upload_v2,
            filename=document.name,
            content=document.content,
            channel=self._place.channel,
            thread_ts=thread,
        )

    async def _drop_note(self) -> None:
        note, self._note = self._note, None
        if note is not None:
            with suppress(ChatError):  # it stays above the answer, which is there all the same
                await self._api.call(
                    self._api.client.chat_delete,
                    channel=self._place.channel,
                    ts=note,
                    repeatable=True,
                )

    async def _whisper(self, messages: Sequence[SlackMessage]) -> None:
        """Show it to the person alone, where they are looking."""
        ways = [self._post_ephemeral]
        if self._place.response_url:
            ways.insert(1 if self._place.reads_thread else 0, self._respond)
        for message in messages:
            for way in ways[:-1]:
                try:
                    await way(message)
                    break
                except ChatError as exc:
                    _log.info("one way to tell a person alone failed: %s", exc)
            else:
                await ways[-1](message)

    async def _respond(self, message: SlackMessage) -> None:
        if self._place.response_url is None or self._responses == MAX_RESPONSES:
            raise ChatError(NOT_INVITED)
        self._responses += 1
        shown = {"text": message.text, "blocks": list(message.blocks), **NO_PREVIEW}
        await self._api.respond(self._place.response_url, shown)

    async def _post_ephemeral(self, message: SlackMessage) -> None:
        thread = self._place.thread if self._place.reads_thread else None
        post = self._api.client.chat_postEphemeral
        await self._send(post, message, user=self._place.user, thread_ts=thread)

    def _invitation(self, answer: Answer) -> SlackMessage:
        _log.info("not a member of %s", self._place.channel)
        code = "chat-slack-invite-file" if answer.document else "chat-slack-invite"
        text = answer.words(code, bot=self._workspace.bot_name)
        return blockkit.messages(Page((Prose(text),)), answer.words)[0]

    async def _point_to(self, parent: str, words: Words) -> None:
        """Say where the answer is: a thread far up would not be seen."""
        page = f"archives/{self._place.channel}/p{parent.replace('.', '')}"
        text = words("chat-slack-in-thread", url=f"<{self._workspace.url}{page}>")
        with suppress(ChatError):  # the answer is there all the same
            await self._whisper([SlackMessage(text, ())])
