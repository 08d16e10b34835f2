"""Slack's Web API without its HTTP: who may call which method with what, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.slack_workspace import (
    APP,
    BOT,
    BOT_NAME,
    BOT_USER,
    DOMAIN,
    ORGANISATION,
    TEAM,
    TRIGGER_LIVES,
    Channel,
    Json,
    Message,
    Workspace,
)
from tests.slack_rules import SlackRefused, check_blocks

MAX_VIEW = 250_000
"""Bytes of a view."""

MAX_LISTED = 999
"""Messages that are listed at once."""

Arguments = Mapping[str, Any]
"""What a method was called with; what a form carries as JSON is decoded."""


class ScopeRefused(SlackRefused):
    """The token may not do that."""

    def __init__(self, needed: str, provided: set[str]) -> None:
        super().__init__("missing_scope")
        self.needed = needed
        self.provided = ",".join(sorted(provided))


@dataclass(frozen=True)
class Method:
    """A method of the Web API."""

    run: Callable[[Workspace, Arguments], Json]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] | None = ()
    """Further arguments; None where `run` looks at all arguments itself."""
    scope: str = ""
    """What the token must be allowed; `:read` and `:history` depend on the channel's family."""
    takes_json: bool = True
    """Whether arguments may come in a JSON body, or only in a form."""


def call(method: Method, workspace: Workspace, arguments: Arguments) -> Json:
    """The answer to a call whose token is right. Raises `SlackRefused`."""
    provided = workspace.app.scopes
    family = method.scope.startswith(":")
    if family and not any(s.endswith(method.scope) for s in provided - {"app_mentions:read"}):
        families = ("channels", "groups", "mpim", "im")
        raise ScopeRefused(",".join(f"{name}{method.scope}" for name in families), provided)
    if method.scope and not family and method.scope not in provided:
        raise ScopeRefused(method.scope, provided)
    missing = [name for name in method.required if arguments.get(name) in (None, "")]
    if missing:
        wrong = [f"[ERROR] missing required field: {name}" for name in missing]
        raise SlackRefused("invalid_arguments", *wrong)
    if method.optional is not None:
        if unknown := set(arguments) - {*method.required, *method.optional, "token"}:
            raise SlackRefused("invalid_arguments", f"unknown arguments: {sorted(unknown)}")
        texts = {*method.required, "thread_ts", "cursor"} - {"files", "view", "length"}
        if not_texts := [n for n in texts if not isinstance(arguments.get(n) or "", str)]:
            raise SlackRefused("invalid_arguments", f"[ERROR] must be a string: {not_texts}")
    return method.run(workspace, arguments)


def channel_of(workspace: Workspace, arguments: Arguments, name: str = "channel") -> Channel:
    """The channel that a call is about, as far as the bot can know of it."""
    channel = workspace.channels.get(arguments[name])
    hidden = channel and channel.family != "channels" and BOT_USER not in channel.members
    if channel is None or hidden:
        raise SlackRefused("channel_not_found")
    return channel


def true(arguments: Arguments, name: str) -> bool:
    """A Boolean argument, as JSON or a form has it."""
    return arguments.get(name) in (True, 1, "1", "true", "True")


def _readable(workspace: Workspace, arguments: Arguments, scope: str) -> Channel:
    channel = channel_of(workspace, arguments)
    if (needed := f"{channel.family}:{scope}") not in workspace.app.scopes:
        raise ScopeRefused(needed, workspace.app.scopes)
    return channel


def _auth_test(workspace: Workspace, arguments: Arguments) -> Json:
    return {
        "url": f"https://{DOMAIN}.slack.com/",
        "team": "Acme",
        "user": BOT_NAME,
        "team_id": ORGANISATION if workspace.app.is_org_wide else TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": workspace.app.is_org_wide,
    }


def _info(workspace: Workspace, arguments: Arguments) -> Json:
    return {"channel": _readable(workspace, arguments, "read").json()}


def _open_direct(workspace: Workspace, arguments: Arguments) -> Json:
    user = arguments["users"]
    if user not in workspace.users:
        raise SlackRefused("user_not_found")
    return {"channel": {"id": workspace.direct_messages(user).id}}


def _history(workspace: Workspace, arguments: Arguments) -> Json:
    channel = _readable(workspace, arguments, "history")
    if BOT_USER not in channel.members:
        raise SlackRefused("not_in_channel")
    found = [m for m in workspace.visible(channel.id) if m.thread_ts is None]
    return _listed(workspace, arguments, [m for m in found if _within(m, arguments)][::-1])


def _replies(workspace: Workspace, arguments: Arguments) -> Json:
    channel = _readable(workspace, arguments, "history")
    if BOT_USER not in channel.members:
        raise SlackRefused("channel_not_found")
    asked = workspace.find(channel.id, arguments["ts"])
    parent = workspace.find(channel.id, asked.thread_ts or asked.ts) if asked else None
    if parent is None:
        raise SlackRefused("thread_not_found")
    replies = [m for m in workspace.replies(parent) if _within(m, arguments)]
    return _listed(workspace, arguments, [parent, *replies])


def _within(message: Message, arguments: Arguments) -> bool:
    for name in ("oldest", "latest"):
        try:
            float(arguments.get(name, 0))
        except (TypeError, ValueError) as exc:
            raise SlackRefused(f"invalid_ts_{name}") from exc
    ts, oldest = float(message.ts), float(arguments.get("oldest", 0))
    latest = float(arguments.get("latest", "inf"))
    return oldest < ts < latest or (true(arguments, "inclusive") and ts in (oldest, latest))


def _listed(workspace: Workspace, arguments: Arguments, found: list[Message]) -> Json:
    limit, start = int(arguments.get("limit", 100)), arguments.get("cursor") or "next:0"
    if not 1 <= limit <= MAX_LISTED:
        raise SlackRefused("invalid_limit")
    if not start.startswith("next:"):
        raise SlackRefused("invalid_cursor")
    first = int(start.removeprefix("next:"))
    with_metadata = true(arguments, "include_all_metadata")
    more = len(found) > first + limit
    return {
        "messages": [
            m.json(workspace.replies(m), with_metadata=with_metadata)
            for m in found[first : first + limit]
        ],
        "has_more": more,
        "response_metadata": {"next_cursor": f"next:{first + limit}" if more else ""},
    }


def _user(workspace: Workspace, arguments: Arguments) -> Json:
    user = workspace.users.get(arguments["user"])
    if user is None:
        raise SlackRefused("user_not_found")
    locale = {"locale": user.locale} if true(arguments, "include_locale") else {}
    return {"user": user.json() | locale}


def _open_view(workspace: Workspace, arguments: Arguments) -> Json:
    view = arguments["view"]
    trigger, given_at = arguments.get("trigger_id", ""), None
    if len(json.dumps(view)) > MAX_VIEW:
        raise SlackRefused("view_too_large")
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        raise SlackRefused("invalid_arguments", "failed to match all allowed schemas [view]")
    for name in ("title", "submit", "close"):
        if len((view.get(name) or {}).get("text", "")) > 24:
            raise SlackRefused("invalid_arguments", f"must be less than 25 characters [/{name}]")
    check_blocks(view.get("blocks"))
    if trigger.count(".") != 2:
        raise SlackRefused("invalid_trigger_id")
    if (given_at := workspace.triggers.pop(trigger, None)) is None:
        raise SlackRefused("exchanged_trigger_id")
    if workspace.now() - given_at > TRIGGER_LIVES:
        raise SlackRefused("expired_trigger_id")
    workspace.views.append(view)
    return {"view": view | {"id": f"V{len(workspace.views)}", "team_id": TEAM, "app_id": APP}}


_PAGED = ("cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest")

READING = {
    "auth.test": Method(_auth_test),
    "conversations.info": Method(
        _info, ("channel",), ("include_locale", "include_num_members"), ":read", takes_json=False
    ),
    "conversations.open": Method(_open_direct, ("users",), ("return_im",), "im:write"),
    "conversations.history": Method(_history, ("channel",), _PAGED, ":history"),
    "conversations.replies": Method(
        _replies, ("channel", "ts"), _PAGED, ":history", takes_json=False
    ),
    "users.info": Method(_user, ("user",), ("include_locale",), "users:read", takes_json=False),
    "views.open": Method(_open_view, ("view",), ("trigger_id", "interactivity_pointer")),
}
"""The methods that tell of people and channels, and the one that opens a view."""
