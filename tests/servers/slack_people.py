"""What people do in Slack, and what Slack tells the app of it, field for field."""

from __future__ import annotations

import re
from itertools import count
from urllib.parse import urlsplit

from tests.servers.slack_delivery import Delivery
from tests.servers.slack_responses import ResponseUrls
from tests.servers.slack_workspace import (
    APP,
    BOT_USER,
    DOMAIN,
    TEAM,
    Channel,
    Json,
    Link,
    Message,
    User,
    Workspace,
)

VERIFICATION = "gIkuvaNzQIHg97ATvDxqgjtO"
"""The old way to tell that a payload is Slack's; still in every one."""

_ADDRESS = re.compile(r"https?://[^\s<>|]+|\b[\w.-]+\.(?:com|org|io|py)\b(?:/[^\s<>|]*)?")


class People:
    """The payloads of what people do. None of it is sent from here."""

    def __init__(self, workspace: Workspace, hooks: str) -> None:
        """`hooks` is where response_urls are, without a slash at the end."""
        self._workspace = workspace
        self._numbers = count(1)
        self.responses = ResponseUrls(workspace, hooks)

    def command(self, command: str, text: str, channel: str, user: str) -> Delivery:
        """Somebody types a slash command."""
        who, where = self._workspace.users[user], self._workspace.channels[channel]
        payload = {
            "token": VERIFICATION,
            "team_id": TEAM,
            "team_domain": DOMAIN,
            "channel_id": where.id,
            "channel_name": where.shown_name,
            "user_id": who.id,
            "user_name": who.name,
            "command": command,
            "text": text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": self.responses.make("commands", channel, user),
            "trigger_id": self._workspace.new_trigger(),
        }
        return Delivery("slash_commands", payload)

    def mention(self, text: str, channel: str, user: str, thread: str | None, **more: str) -> Json:
        """Somebody posts a message that names the bot: what is left of `@bot` is it."""
        name = f"<@{BOT_USER}>"
        written = typed(text).replace("@bot", name) if "@bot" in text else f"{name} {typed(text)}"
        message = self._workspace.say(channel, user, written, thread)
        event: Json = {
            "client_msg_id": f"9cbd4c5b-7ddf-4ede-b479-{next(self._numbers):012}",
            "type": "app_mention",
            "text": message.text,
            "user": user,
            "ts": message.ts,
            "team": TEAM,
            "blocks": [rich_text(text)],
            "channel": channel,
            "event_ts": message.ts,
        }
        who = self._workspace.users[user]
        if who.is_stranger:
            event |= {"user_team": who.team, "source_team": who.team}
        if thread:
            event["thread_ts"] = thread
        return event | more

    def link_shared(
        self, urls: tuple[str, ...], channel: str, user: str, *, composing: bool = False
    ) -> Json:
        """Somebody posts links, or has typed them and not yet sent them."""
        unfurl_id = f"{channel}.{next(self._numbers)}.0123456789abcdef"
        source = "composer" if composing else "conversations_history"
        if composing:
            ts = f"{user}-00000000-0000-4000-8000-{next(self._numbers):012}-0123456789"
        else:
            ts = self._workspace.say(channel, user, typed(" ".join(urls))).ts
        self._workspace.links[unfurl_id] = Link(channel, ts, list(urls), source)
        return {
            "type": "link_shared",
            "user": user,
            "channel": "COMPOSER" if composing else channel,
            "message_ts": ts,
            "links": [{"url": url, "domain": urlsplit(url).hostname} for url in urls],
            "source": source,
            "unfurl_id": unfurl_id,
            "is_bot_user_member": BOT_USER in self._workspace.channels[channel].members,
            "event_ts": self._workspace.new_ts(),
        }

    def event(self, event: Json) -> Delivery:
        """Anything that the app has subscribed to."""
        channel = self._workspace.channels.get(event.get("channel", ""))
        who = self._workspace.users.get(event.get("user", ""))
        payload = {
            "token": VERIFICATION,
            "team_id": who.team if who else TEAM,  # where it happened, not where the app is
            "context_team_id": TEAM,
            "context_enterprise_id": None,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{next(self._numbers):09}",
            "event_time": int(self._workspace.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
            "event_context": f"4-{event['type']}-{next(self._numbers)}",
        }
        return Delivery("events_api", payload)

    def press(self, message: Message, value: str, user: str) -> Delivery:
        """Somebody presses a button or chooses from a menu, known by its action_id, its value or
        its label."""
        for block, element in message.controls:
            text = element.get("text", {}).get("text")
            if element["type"] == "button" and value in (
                *(element["action_id"], element.get("value"), text),
            ):
                pressed = {k: element[k] for k in ("action_id", "text", "value") if k in element}
                return self._pressed(message, block, pressed | {"type": "button"}, user)
            for option in _options(element):
                if value in (option["value"], option["text"]["text"]):
                    chosen = {"action_id": element["action_id"], "selected_option": option}
                    return self._pressed(message, block, chosen | {"type": "static_select"}, user)
        controls = [element for _, element in message.controls]
        raise LookupError(f"no control {value!r} among {controls}")

    def forge(self, message: Message, value: str, user: str) -> Delivery:
        """Somebody presses a button that the app never made."""
        label = {"type": "plain_text", "text": "Forged", "emoji": True}
        button = {"type": "button", "action_id": "forged", "text": label, "value": value}
        if message.controls:  # under the name that the app listens for
            button["action_id"] = message.controls[0][1]["action_id"]
        return self._pressed(message, {"block_id": "forged"}, button, user)

    def shortcut(self, callback: str, message: Message, user: str) -> Delivery:
        """Somebody chooses the app's shortcut in a message's menu."""
        who, where = self._workspace.users[user], self._workspace.channels[message.channel]
        payload = self._interactive("message_action", who, where) | {
            "callback_id": callback,
            "action_ts": self._workspace.new_ts(),
            "message_ts": message.ts,
            "message": message.json(),
            "response_url": self.responses.make("app", where.id, user, message),
        }
        return Delivery("interactive", payload)

    def _pressed(self, message: Message, block: Json, action: Json, user: str) -> Delivery:
        who, where = self._workspace.users[user], self._workspace.channels[message.channel]
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": where.id,
            "is_ephemeral": message.only_for is not None,
        }
        seen = {} if message.only_for else {"message": message.json()}
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        acted = {"block_id": block["block_id"], "action_ts": self._workspace.new_ts()}
        payload = self._interactive("block_actions", who, where) | {
            "container": container,
            **seen,
            "state": {"values": {}},
            "response_url": self.responses.make("actions", where.id, user, message),
            "actions": [action | acted],
        }
        return Delivery("interactive", payload)

    def _interactive(self, kind: str, who: User, where: Channel) -> Json:
        return {
            "type": kind,
            "token": VERIFICATION,
            "team": {"id": who.team, "domain": DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": who.team},
            "channel": {"id": where.id, "name": where.shown_name},
            "api_app_id": APP,
            "trigger_id": self._workspace.new_trigger(),
        }


def typed(text: str) -> str:
    """What Slack makes of what a person types: escaped, addresses between < and >."""

    def wrapped(found: re.Match[str]) -> str:
        address = found[0]
        return f"<{address}>" if "://" in address else f"<http://{address}|{address}>"

    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ADDRESS.sub(wrapped, escaped)


def rich_text(text: str) -> Json:
    """The block that comes with what a person types."""
    parts: list[Json] = [{"type": "user", "user_id": BOT_USER}]
    end = 0
    for found in _ADDRESS.finditer(text):
        parts.append({"type": "text", "text": text[end : found.start()]})
        parts.append({"type": "link", "url": found[0]})
        end = found.end()
    parts.append({"type": "text", "text": text[end:]})
    section = {"type": "rich_text_section", "elements": [p for p in parts if p.get("text", " ")]}
    return {"type": "rich_text", "block_id": "Sesm", "elements": [section]}


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups", ())
    grouped = [option for group in groups for option in group["options"]]
    return [*element.get("options", ()), *grouped]
