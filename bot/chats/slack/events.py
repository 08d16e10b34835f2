"""What Slack sends, made into questions to the front."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

from slack_bolt.async_app import AsyncAck, AsyncApp

from analyzers.errors import ChatError
from bot.chats.slack import payloads
from bot.chats.slack.api import SlackApi
from bot.chats.slack.conversation import Place, SlackConversation, Workspace
from bot.chats.slack.payloads import Payload
from bot.chats.slack_manifest import OWN_COMMAND, SHORTCUT
from bot.chats.tasks import Tasks
from bot.conversation import Asked, Person, Pressed
from formatters import blockkit
from formatters.model import Action, Page, Points
from formatters.text import Words

if TYPE_CHECKING:
    from bot.front import Front

MAX_PREVIEWS: Final = 5
"""Links of one message that are looked up."""

_DIRECT: Final = "D"
"""What the ids of conversations with one person begin with."""

_ANY: Final = re.compile("")
_GUESTS: Final = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")

_log = logging.getLogger(__name__)


@final
class Events:
    """Takes events, acknowledges each at once, and starts a task for it."""

    def __init__(
        self, front: Front, api: SlackApi, workspace: Workspace, tasks: Tasks, words: Words
    ) -> None:
        """Ask this front.

        Args:
            front: knows the commands.
            api: answers.
            workspace: where the bot is.
            tasks: keeps what goes on.
            words: what is said without the front.
        """
        self._front = front
        self._api = api
        self._workspace = workspace
        self._tasks = tasks
        self._words = words
        self._prefix = f"/{OWN_COMMAND} "  # as the last slash command showed it

    def listen(self, app: AsyncApp) -> None:
        """Register what the app calls."""
        app.command(_ANY)(self._started(self._command))
        app.event("app_mention")(self._started(self._mention))
        app.event("link_shared")(self._started(self._links))
        app.message_shortcut(SHORTCUT)(self._started(self._shortcut))
        app.block_action(_ANY)(self._started(self._press))
        app.event(_ANY)(_ignored)  # what a manifest of somebody's own subscribes to besides

    def _started(
        self, work: Callable[[Payload], Awaitable[None]]
    ) -> Callable[[AsyncAck, Payload], Awaitable[None]]:
        async def listener(ack: AsyncAck, body: Payload) -> None:
            await ack()
            self._tasks.start(self._once(work, body))

        return listener

    async def _once(self, work: Callable[[Payload], Awaitable[None]], body: Payload) -> None:
        event = payloads.event_id(body)
        if event is None or await self._front.is_new(f"slack:{event}"):
            await work(body)

    async def _command(self, body: Payload) -> None:
        text, self._prefix = payloads.slash_command(body["command"], body.get("text") or "")
        place = Place(body["channel_id"], body["user_id"], response_url=body.get("response_url"))
        await self._ask(body, place, text, self._prefix)

    async def _mention(self, body: Payload) -> None:
        event = body["event"]
        if event.get("bot_id") or event.get("subtype") or not event.get("user"):
            return
        thread = event.get("thread_ts")
        place = Place(
            event["channel"],
            event["user"],
            thread=thread or event["ts"],
            reads_thread=thread is not None,
        )
        text = payloads.mention(event.get("text") or "", self._workspace.bot_user)
        await self._ask(body, place, text, f"@{self._workspace.bot_name} ")

    async def _shortcut(self, body: Payload) -> None:
        message = body["message"]
        place = Place(
            body["channel"]["id"],
            body["user"]["id"],
            thread=message.get("thread_ts") or message["ts"],
            reads_thread="thread_ts" in message,
            response_url=body.get("response_url"),
        )
        if address := payloads.commit_address(message):
            await self._ask(body, place, f"analyze {address}", self._prefix)
        else:
            await self._say(place, "chat-slack-no-commit")

    async def _press(self, body: Payload) -> None:
        token = payloads.token(body["actions"][0])
        place = _place_of_press(body)
        if token is None or place is None:
            return
        if action := Action.parse(token):
            person = self._person(place.user)
            pressed = Pressed(self._channel(body, place.channel), person, action, self._prefix)
            await self._front.press(pressed, self._conversation(place))
        else:
            await self._say(place, "chat-slack-button")

    async def _links(self, body: Payload) -> None:
        event = body["event"]
        channel = self._channel(body, event["channel"])
        unfurls: dict[str, Any] = {}
        for link in event["links"][:MAX_PREVIEWS]:
            if page := await self._front.preview(link["url"], channel):
                shown = blockkit.messages(_brief(page), self._words)[0]
                unfurls[link["url"]] = {"blocks": list(shown.blocks)}
        if not unfurls:
            return
        # While a message is being written it has no time stamp, only this.
        drafted = {key: event[key] for key in ("unfurl_id", "source") if key in event}
        posted = {"channel": event["channel"], "ts": event.get("message_ts")}
        where = drafted if len(drafted) == 2 else posted
        try:
            await self._api.call(self._api.client.chat_unfurl, unfurls=unfurls, **where)
        except ChatError as exc:
            _log.info("a link was not unfurled: %s", exc)

    async def _ask(self, body: Payload, place: Place, text: str, prefix: str) -> None:
        asked = Asked(
            self._channel(body, place.channel),
            self._person(place.user),
            text,
            place.thread,
            prefix,
            is_private=place.channel.startswith(_DIRECT),
        )
        await self._front.ask(asked, self._conversation(place))

    async def _say(self, place: Place, code: str) -> None:
        text = self._words(code, command=f"`{self._prefix}digest`")
        try:
            await self._conversation(place).say_privately(text, self._words)
        except ChatError as exc:
            _log.warning("no answer in %s: %s", place.channel, exc)

    def _conversation(self, place: Place) -> SlackConversation:
        return SlackConversation(self._api, self._workspace, place)

    def _channel(self, body: Payload, channel: str) -> str:
        # An app of one workspace says it itself: in a channel that two companies share, an event
        # names the workspace of whoever caused it.
        return f"slack:{self._workspace.team or payloads.team_of(body)}/{channel}"

    def _person(self, user: str) -> Person:
        async def is_no_guest() -> bool:
            response = await self._api.call(self._api.client.users_info, repeatable=True, user=user)
            told = response.get("user") or {}
            return not any(told.get(kind) for kind in _GUESTS)

        return Person(user, is_no_guest)


async def _ignored(ack: AsyncAck) -> None:
    await ack()


def _place_of_press(body: Payload) -> Place | None:
    """Where a control was pressed; None outside of messages."""
    container, message = body.get("container") or {}, body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    if not channel:
        return None
    thread = message.get("thread_ts") or container.get("thread_ts")
    # What one person alone sees heads no thread.
    own = None if container.get("is_ephemeral") else container.get("message_ts")
    return Place(
        channel,
        body["user"]["id"],
        thread=thread or own,
        reads_thread=thread is not None,
        response_url=body.get("response_url"),
    )


def _brief(page: Page) -> Page:
    """What a page says first, and its small print."""
    blocks = page.blocks
    end = next((i for i, block in enumerate(blocks, 1) if isinstance(block, Points)), len(blocks))
    return replace(page, blocks=(*blocks[:end], *blocks[end:][-1:]))
