"""People and chats on Telegram, each as bots are told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.servers.telegram_messages import Message

Json = dict[str, Any]

Kind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]
Access = Literal["read", "members", "edit", "write"]
"""What a request is about to do: look, ask for members, change a message, send one."""

_PERMISSIONS = (
    *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos"),
    *("can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls"),
    *("can_send_other_messages", "can_add_web_page_previews", "can_change_info"),
    *("can_invite_users", "can_pin_messages", "can_manage_topics", "can_edit_tag"),
    "can_react_to_messages",
)
_RIGHTS = (
    *("can_manage_chat", "can_change_info", "can_delete_messages", "can_invite_users"),
    *("can_restrict_members", "can_promote_members", "can_manage_video_chats"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories", "can_manage_voice_chats"),
)
_GIFTS = (
    *("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"),
    "gifts_from_channels",
)


class RefusedError(Exception):
    """A request that the Bot API does not carry out."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def bad_request(what: str) -> RefusedError:
    """A request that makes no sense to the Bot API."""
    return RefusedError(400, f"Bad Request: {what}")


@dataclass(eq=False)
class User:
    """Somebody with an account, or a bot."""

    id: int
    first_name: str
    language: str = ""
    """What their app is set to; bots are not told of everybody's."""
    username: str = ""
    is_bot: bool = False
    is_deactivated: bool = False

    def json(self) -> Json:
        """A `User`."""
        told = {"username": self.username, "language_code": self.language}
        given = {name: value for name, value in told.items() if value}
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name} | given


ANONYMOUS = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
"""Who seems to speak when an administrator speaks as the group."""

IN_CHANNELS_NAME = User(136817688, "Channel", username="Channel_Bot", is_bot=True)
"""Who seems to speak when somebody speaks in a group as a channel of theirs."""


@dataclass
class Topic:
    """A thread of a forum; its id is the id of the message that tells of its creation."""

    name: str
    is_closed: bool = False


@dataclass(eq=False)
class Chat:
    """A chat of any kind, with everything that was said in it."""

    id: int
    kind: Kind
    title: str
    """The name of a group or channel; of the other person, in a private chat."""
    is_forum: bool = False
    username: str = ""
    topics: dict[int, Topic] = field(default_factory=dict)
    members: dict[User, Status] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    """Everything by its number, also what was deleted."""
    actions: list[tuple[str, int | None]] = field(default_factory=list)
    """What the bot was seen doing, `typing` for example, and in which topic."""
    upgraded_to: Chat | None = None
    """The supergroup that this group has become."""
    hides_members: bool = False
    """Whether only administrators are told who is a member."""
    is_dissolved: bool = False
    """Whether the group was deleted for everybody."""
    bot_posts: bool = True
    """Whether the bot, if it is an administrator of the channel, may post in it."""

    def status(self, user: User) -> Status:
        """What somebody is here."""
        return self.members.get(user, "left")

    def has(self, user: User) -> bool:
        """Whether somebody is in it."""
        return self.status(user) not in ("left", "kicked")

    def is_led_by(self, user: User) -> bool:
        """Whether somebody is an administrator."""
        return self.status(user) in ("creator", "administrator")

    @property
    def sent(self) -> list[Message]:
        """What the bot has sent and nobody deleted, in order."""
        return [m for m in self.messages.values() if m.is_ours and not m.is_deleted]

    def admit(self, bot: User, access: Access) -> None:
        """Raise what a bot is told that may not do this here."""
        where, status = f"{self.kind} chat", self.status(bot)
        writes, edits = access == "write", access in ("write", "edit")
        if self.kind == "private":
            person = next(user for user in self.members if user is not bot)
            if person.is_deactivated and edits:
                raise RefusedError(403, "Forbidden: user is deactivated")
            if self.status(person) == "kicked" and writes:  # so Telegram notes a block
                raise RefusedError(403, "Forbidden: bot was blocked by the user")
            return
        if self.upgraded_to or self.is_dissolved:
            if writes or access == "members":
                raise self._gone()
            return
        if self.kind == "group" and not edits:
            return
        if status == "kicked":
            raise RefusedError(403, f"Forbidden: bot was kicked from the {where}")
        if status == "left" and (edits or not self.username):
            raise RefusedError(403, f"Forbidden: bot is not a member of the {where}")

    def _gone(self) -> RefusedError:
        if not self.upgraded_to:
            return RefusedError(403, "Forbidden: the group chat was deleted")
        return RefusedError(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=self.upgraded_to.id,
        )

    def admit_message(self, bot: User, what: str, thread: int | None) -> None:
        """Raise what a bot is told that may not send `what`, `text messages` for example."""
        leads = self.is_led_by(bot)
        if self.kind == "channel" and not (leads and self.bot_posts):
            raise bad_request("need administrator rights in the channel chat")
        if self.status(bot) == "restricted":
            raise bad_request(f"not enough rights to send {what} to the chat")
        if thread and thread not in self.topics:  # it was deleted, with the message replied to
            raise bad_request("message to be replied not found")
        if thread and self.topics[thread].is_closed and not leads:
            raise bad_request("TOPIC_CLOSED")

    def json(self) -> Json:
        """A `Chat`."""
        told: Json = {"id": self.id, "type": self.kind}
        if self.kind == "private":
            told["first_name"] = self.title
        else:
            told["title"] = self.title
        if self.kind == "group":
            told |= {"all_members_are_administrators": False, "accepted_gift_types": _no(_GIFTS)}
        if self.username:
            told["username"] = self.username
        return told | ({"is_forum": True} if self.is_forum else {})

    def full_json(self) -> Json:
        """A `ChatFullInfo`."""
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _no(_GIFTS)}
        return self.json() | more

    def member_json(self, user: User) -> Json:
        """A `ChatMember`."""
        status = self.status(user)
        told: Json = {"user": user.json(), "status": status}
        match status:
            case "creator":
                return told | {"is_anonymous": False}
            case "administrator":
                rights = {"can_be_edited": False, "is_anonymous": False} | _yes(_RIGHTS)
                if self.kind == "channel":
                    posts = self.bot_posts or not user.is_bot
                    return told | rights | {"can_post_messages": posts, "can_edit_messages": posts}
                rights |= {"can_pin_messages": True, "can_manage_tags": False}
                return told | rights | ({"can_manage_topics": True} if self.is_forum else {})
            case "restricted":
                return told | {"until_date": 0, "is_member": True} | _no(_PERMISSIONS)
            case "kicked":
                return told | {"until_date": 0}
        return told


def _yes(names: tuple[str, ...]) -> Json:
    return dict.fromkeys(names, True)


def _no(names: tuple[str, ...]) -> Json:
    return dict.fromkeys(names, False)
