"""Slack's response_urls: where an app may answer one thing that somebody did."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from tests.servers.slack_chat import parent_of, replace, with_ids
from tests.servers.slack_methods import Arguments
from tests.servers.slack_workspace import BOT, BOT_USER, TEAM, Message, Workspace
from tests.slack_rules import SlackRefused, check

MAX_USES = 5
"""Messages that one takes."""

LIVES = 30 * 60
"""Seconds in which it takes them."""

_OWN_FIELDS = {"response_type", "replace_original", "delete_original"}


@dataclass
class ResponseUrl:
    """One of them."""

    channel: str
    user: str
    """Who did something, and sees the answer."""
    made_at: float
    original: Message | None
    """The message with the control that was pressed."""
    uses: int = 0


class ResponseUrls:
    """All of a workspace."""

    def __init__(self, workspace: Workspace, origin: str) -> None:
        """`origin` is where they are, without a slash at the end."""
        self._workspace = workspace
        self._origin = origin
        self._numbers = count(1)
        self._by_path: dict[str, ResponseUrl] = {}

    def make(self, kind: str, channel: str, user: str, original: Message | None = None) -> str:
        """A new one."""
        path = f"/{kind}/{TEAM}/{next(self._numbers):012}/a-secret-of-twenty-four"
        self._by_path[path] = ResponseUrl(channel, user, self._workspace.now(), original)
        return self._origin + path

    def take(self, path: str, arguments: Arguments) -> tuple[int, str]:
        """What is posted to one, with the status and the body that it is answered by."""
        url = self._by_path.get(path)
        if url is None or self._workspace.now() - url.made_at > LIVES:
            return 404, '{"ok":false,"error":"expired_url"}'
        if url.uses == MAX_USES:
            return 404, '{"ok":false,"error":"used_url"}'
        url.uses += 1
        try:
            self.show(url, arguments)
        except SlackRefused as exc:
            return 400, exc.code
        return 200, "ok"

    def show(self, url: ResponseUrl, arguments: Arguments) -> None:
        """Show the person, or the channel, what the app answers. Raises `SlackRefused`."""
        if arguments.get("delete_original"):
            if url.original is None:
                raise SlackRefused("message_not_found")
            url.original.is_deleted = True
            return
        message = {name: arguments[name] for name in arguments if name not in _OWN_FIELDS}
        check(message | {"channel": url.channel})
        shown_to = arguments.get("response_type", "ephemeral")
        if shown_to not in ("ephemeral", "in_channel"):
            raise SlackRefused("invalid_arguments")
        if arguments.get("replace_original") and url.original:
            replace(self._workspace, url.original, message)
            return
        self._workspace.messages.append(
            Message(
                url.channel,
                self._workspace.new_ts(),
                BOT_USER,
                message.get("text") or "",
                with_ids(self._workspace, message.get("blocks")),
                thread_ts=parent_of(self._workspace, url.channel, message),
                bot_id=BOT,
                only_for=url.user if shown_to == "ephemeral" else None,
                arguments=dict(arguments),
            )
        )
