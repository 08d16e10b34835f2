"""Slack's `chat.*` and `files.*` methods: what the bot says, and the files that it shares."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.servers.slack_methods import Arguments, Method, channel_of
from tests.servers.slack_workspace import (
    BOT,
    BOT_USER,
    DOMAIN,
    Channel,
    File,
    Json,
    Link,
    Message,
    Workspace,
)
from tests.slack_rules import SlackRefused, check, check_blocks

MAX_METADATA = 16_000
"""Bytes of a message's metadata as JSON."""

_EVENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")


def with_ids(workspace: Workspace, blocks: Any) -> list[Json]:
    """Blocks as Slack keeps them: each has a `block_id`."""
    return [{"block_id": f"b{next(workspace.numbers)}"} | block for block in blocks or ()]


def _writable(workspace: Workspace, arguments: Arguments, name: str = "channel") -> Channel:
    """The channel to post to; a person's id stands for their direct messages."""
    if (user := arguments.get(name)) in workspace.users:
        return workspace.direct_messages(user)
    channel = channel_of(workspace, arguments, name)
    if BOT_USER not in channel.members and "chat:write.public" not in workspace.app.scopes:
        raise SlackRefused("not_in_channel")
    if channel.is_archived:
        raise SlackRefused("is_archived")
    return channel


def parent_of(workspace: Workspace, channel: str, arguments: Arguments) -> str | None:
    """The parent whose thread is written to: Slack wants no reply's `ts` there."""
    if not (thread := arguments.get("thread_ts")):
        return None
    if not isinstance(thread, str):
        raise SlackRefused("invalid_arguments", "[ERROR] must be a string: thread_ts")
    parent = workspace.find(channel, thread)
    if parent is None or parent.thread_ts is not None:
        raise SlackRefused("cannot_reply_to_message")
    return thread


def _metadata(arguments: Arguments) -> Json | None:
    metadata = arguments.get("metadata")
    if metadata is None or metadata == {}:
        return None
    wanted = {"event_type": str, "event_payload": dict}
    if not isinstance(metadata, dict) or metadata.keys() != wanted.keys():
        raise SlackRefused("invalid_metadata_format")
    if any(not isinstance(metadata[name], kind) for name, kind in wanted.items()):
        raise SlackRefused("invalid_metadata_schema")
    # Slack takes lists and objects of some kinds as well; the bot needs none.
    is_flat = all(isinstance(v, str | int | float) for v in metadata["event_payload"].values())
    if not is_flat or not _EVENT_TYPE.fullmatch(metadata["event_type"]):
        raise SlackRefused("invalid_metadata_schema")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA:
        raise SlackRefused("metadata_too_large")
    return metadata


def _post(workspace: Workspace, arguments: Arguments) -> Json:
    channel = _writable(workspace, arguments)
    check(dict(arguments))
    message = Message(
        channel.id,
        workspace.new_ts(),
        BOT_USER,
        arguments.get("text") or "",
        with_ids(workspace, arguments.get("blocks")),
        thread_ts=parent_of(workspace, channel.id, arguments),
        bot_id=BOT,
        attachments=list(arguments.get("attachments") or ()),
        metadata=_metadata(arguments),
        arguments=dict(arguments),
    )
    workspace.messages.append(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.json()}


def _post_ephemeral(workspace: Workspace, arguments: Arguments) -> Json:
    channel = _writable(workspace, arguments)
    check(dict(arguments))
    if arguments["user"] not in channel.members:
        raise SlackRefused("user_not_in_channel")
    message = Message(
        channel.id,
        workspace.new_ts(),
        BOT_USER,
        arguments.get("text") or "",
        with_ids(workspace, arguments.get("blocks")),
        thread_ts=parent_of(workspace, channel.id, arguments),
        bot_id=BOT,
        only_for=arguments["user"],
        arguments=dict(arguments),
    )
    workspace.messages.append(message)
    return {"message_ts": message.ts}


def _own(workspace: Workspace, arguments: Arguments, verb: str) -> Message:
    """A message of the bot's own."""
    channel = channel_of(workspace, arguments)
    message = workspace.find(channel.id, arguments["ts"])
    if message is None:
        raise SlackRefused("message_not_found")
    if message.bot_id != BOT:
        raise SlackRefused(f"cant_{verb}_message")
    return message


def _update(workspace: Workspace, arguments: Arguments) -> Json:
    message = _own(workspace, arguments, "update")
    if workspace.channels[message.channel].is_archived:
        raise SlackRefused("is_inactive")
    check(dict(arguments))
    replace(workspace, message, arguments)
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message.json(),
    }


def replace(workspace: Workspace, message: Message, arguments: Arguments) -> None:
    """Edit a message; parts that are not given stay as they are."""
    message.versions.append((message.text, message.blocks))
    if arguments.get("text") is not None:
        message.text = arguments["text"]
    if arguments.get("blocks") is not None:
        message.blocks = with_ids(workspace, arguments["blocks"])
    if "metadata" in arguments:
        message.metadata = _metadata(arguments)
    message.edited_at = workspace.new_ts()


def _delete(workspace: Workspace, arguments: Arguments) -> Json:
    message = _own(workspace, arguments, "delete")
    message.is_deleted = True
    return {"channel": message.channel, "ts": message.ts}


def _permalink(workspace: Workspace, arguments: Arguments) -> Json:
    channel = channel_of(workspace, arguments)
    message = workspace.find(channel.id, arguments["message_ts"])
    if message is None:
        raise SlackRefused("message_not_found")
    link = f"https://{DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    return {"channel": channel.id, "permalink": link + thread}


def _unfurl(workspace: Workspace, arguments: Arguments) -> Json:
    unfurls = arguments.get("unfurls")
    if not unfurls:
        raise SlackRefused("missing_unfurls")
    if not isinstance(unfurls, dict):
        raise SlackRefused("invalid_unfurls_format")
    by_id = "unfurl_id" in arguments or "source" in arguments
    link = (_link_by_id if by_id else _link_by_message)(workspace, arguments)
    if not link.acked.is_set() or not unfurls.keys() <= set(link.urls):
        raise SlackRefused("cannot_unfurl_url")
    for unfurl in unfurls.values():
        if not isinstance(unfurl, dict) or not unfurl.keys() & {"blocks", "text", "title"}:
            raise SlackRefused("cannot_parse_attachment")
        check_blocks(unfurl.get("blocks", []))
    link.unfurls |= unfurls
    if message := workspace.find(link.channel, link.ts):
        message.unfurls |= unfurls
    return {}


def _link_by_id(workspace: Workspace, arguments: Arguments) -> Link:
    if not arguments.get("source"):
        raise SlackRefused("missing_source")
    if not (unfurl_id := arguments.get("unfurl_id")):
        raise SlackRefused("missing_unfurl_id")
    if (link := workspace.links.get(unfurl_id)) is None:
        raise SlackRefused("invalid_unfurl_id")
    if arguments["source"] != link.source:
        raise SlackRefused("invalid_source")
    return link


def _link_by_message(workspace: Workspace, arguments: Arguments) -> Link:
    for name in ("channel", "ts"):
        if not arguments.get(name):
            raise SlackRefused(f"missing_{name}")
    if arguments["channel"] not in workspace.channels:
        raise SlackRefused("cannot_find_channel")
    if workspace.find(arguments["channel"], arguments["ts"]) is None:
        raise SlackRefused("cannot_find_message")
    for link in workspace.links.values():
        if link.ts == arguments["ts"]:
            return link
    raise SlackRefused("cannot_unfurl_url")


def _announce(workspace: Workspace, arguments: Arguments) -> Json:
    try:
        length = int(arguments.get("length") or 0)
    except (TypeError, ValueError) as exc:
        raise SlackRefused("invalid_arguments", "[ERROR] must be an integer: length") from exc
    if length <= 0 or not arguments.get("filename"):
        raise SlackRefused("missing_argument")
    file = File(f"F{next(workspace.numbers):03}", arguments["filename"], length)
    workspace.files[file.id] = file
    return {"upload_url": f"/upload/v1/{file.id}", "file_id": file.id}


def _complete(workspace: Workspace, arguments: Arguments) -> Json:
    wanted = arguments["files"]
    if not isinstance(wanted, list) or any("id" not in one for one in wanted):
        raise SlackRefused("invalid_arguments", "[ERROR] must be files with an id [json-pointer:]")
    files = [workspace.files.get(one["id"]) for one in wanted]
    ready = [f for f in files if f and f.content is not None and not f.is_complete]
    if len(ready) < len(wanted):
        raise SlackRefused("file_not_found")
    channel = _writable(workspace, arguments, "channel_id") if arguments.get("channel_id") else None
    if channel and BOT_USER not in channel.members:
        raise SlackRefused("not_in_channel")
    thread = parent_of(workspace, channel.id, arguments) if channel else None
    for file, one in zip(ready, wanted, strict=True):
        file.is_complete, file.title = True, one.get("title", "")
    if channel:
        text = arguments.get("initial_comment") or ""
        message = Message(channel.id, workspace.new_ts(), BOT_USER, text, thread_ts=thread)
        message.bot_id, message.subtype, message.files = BOT, "file_share", ready
        message.arguments = dict(arguments)
        workspace.messages.append(message)
    return {"files": [{"id": f.id, "title": f.title} for f in ready]}


def is_uploaded(workspace: Workspace, file: str, content: bytes) -> bool:
    """Take a file's content at its upload address; False where that is not what was announced."""
    announced = workspace.files.get(file)
    if announced is None or announced.content is not None or announced.length != len(content):
        return False
    announced.content = content
    return True


CHAT = {
    "chat.postMessage": Method(_post, ("channel",), None, "chat:write"),
    "chat.postEphemeral": Method(_post_ephemeral, ("channel", "user"), None, "chat:write"),
    "chat.update": Method(_update, ("channel", "ts"), None, "chat:write"),
    "chat.delete": Method(_delete, ("channel", "ts"), ("as_user",), "chat:write"),
    "chat.getPermalink": Method(_permalink, ("channel", "message_ts"), takes_json=False),
    "chat.unfurl": Method(
        _unfurl, (), ("channel", "ts", "unfurls", "unfurl_id", "source"), "links:write"
    ),
    "files.getUploadURLExternal": Method(
        _announce,
        (),
        ("filename", "length", "alt_txt", "snippet_type"),
        "files:write",
        takes_json=False,
    ),
    "files.completeUploadExternal": Method(
        _complete, ("files",), ("channel_id", "thread_ts", "initial_comment"), "files:write"
    ),
}
"""The methods that show people something."""
