"""Who may do what, kept in Redis for good: who owns the bot, which chats the owner has allowed, and
which private repositories were granted to them.

- `commitcast:1:owner`: the set of the owners, `telegram:123`
- `commitcast:1:allowed`: the set of patterns of chats
- `commitcast:1:grants`: the set of `<channel> <repository>`, patterns both
- `commitcast:1:code`: the code that makes its sender the owner, for a day
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Set
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self, cast, final

from bot.access import TERMINAL, AllowedChats, Grants
from bot.sources.locators import Locator
from bot.stores.connection import store_errors
from bot.stores.families import Family, Owner, Shape

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

CODE_BYTES: Final = 12
"""Random bytes of a code: 96 bits are guessed by nobody, and 24 characters are quickly copied."""

CODE_KEPT: Final = timedelta(hours=24)
"""How long a code is good: logs are read by more people, and for longer."""

_OWNER: Final = "commitcast:1:owner"
_ALLOWED: Final = "commitcast:1:allowed"
_GRANTS: Final = "commitcast:1:grants"
_CODE: Final = "commitcast:1:code"

FAMILIES: Final = (
    Family("owner", Shape.SET, Owner.FIELD),
    Family("allowed", Shape.SET, Owner.FIELD),
    Family("grants", Shape.SET, Owner.FIELD),
)


@final
class RedisAccess:
    """What the settings say, and what the owner has said besides. Every method but `granting` may
    raise `StoreError`."""

    def __init__(self, redis: Redis, chats: AllowedChats, grants: Grants) -> None:
        """Keep the owner's word on a connected server; `chats` and `grants` hold without it."""
        self._redis = redis
        self._chats = chats
        self._grants = grants

    def granting(self, channel: str, locator: Locator) -> Self:
        """The same, but that a channel is served and may read a repository: whoever runs the bot
        names both."""
        chats = AllowedChats(self._chats.patterns | {channel})
        return type(self)(self._redis, chats, self._grants.granting(channel, locator))

    async def admits(self, channel: str) -> bool:
        """Whether a channel is served."""
        return self._chats.admit(channel) or (await self.chats()).admit(channel)

    async def chats(self) -> AllowedChats:
        """All that are served."""
        return AllowedChats(self._chats.patterns | await self._members(_ALLOWED))

    async def allow(self, chat: str) -> None:
        """Serve the chats of a pattern."""
        with store_errors(self._redis):
            await self._redis.sadd(_ALLOWED, chat)

    async def disallow(self, chat: str) -> None:
        """Take a pattern back that was allowed; what the settings allow stays."""
        with store_errors(self._redis):
            await self._redis.srem(_ALLOWED, chat)

    async def grants(self, channel: str) -> Grants:
        """What channels may read, as far as it concerns this one."""
        if channel == TERMINAL:
            return self._grants
        pairs = [member.split(" ", 1) for member in sorted(await self._members(_GRANTS))]
        granted = tuple((pair[1], (pair[0],)) for pair in pairs if len(pair) == 2)
        return self._grants.and_also(Grants(granted))

    async def grant(self, channel: str, repository: str) -> None:
        """Let the channels of a pattern read the repositories of another."""
        with store_errors(self._redis):
            await self._redis.sadd(_GRANTS, f"{channel} {repository}")

    async def revoke(self, channel: str, repository: str) -> bool:
        """Take back what was granted in these words; whether it was."""
        with store_errors(self._redis):
            return bool(await self._redis.srem(_GRANTS, f"{channel} {repository}"))

    async def is_owner(self, person: str) -> bool:
        """Whether somebody, `telegram:123`, owns the bot."""
        with store_errors(self._redis):
            return bool(await self._redis.sismember(_OWNER, person))

    async def invite(self) -> str | None:
        """The code that makes its sender the owner, the same for every process that asks within
        its day; None where the bot has an owner."""
        with store_errors(self._redis):
            if await self._redis.exists(_OWNER):
                return None
            await self._redis.set(_CODE, secrets.token_hex(CODE_BYTES), nx=True, ex=CODE_KEPT)
            code = cast("bytes | None", await self._redis.get(_CODE))
            return code.decode() if code else None

    async def is_inviting(self) -> bool:
        """Whether there is a code that nobody has sent yet."""
        with store_errors(self._redis):
            return bool(await self._redis.exists(_CODE))

    async def claim(self, person: str, chat: str, code: str) -> bool:
        """Make somebody the owner, and serve them in a chat, for the right code. One transaction:
        of two who send it one becomes the owner."""

        async def change(commands: Pipeline) -> bool:
            right = cast("bytes | None", await commands.get(_CODE))
            is_right = right is not None and hmac.compare_digest(
                right, code.encode(errors="replace")
            )
            is_owned = await commands.exists(_OWNER)
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            if not is_right or is_owned:
                return False
            commands.delete(_CODE)
            commands.sadd(_OWNER, person)
            commands.sadd(_ALLOWED, chat)
            return True

        with store_errors(self._redis):
            claimed = await self._redis.transaction(change, _CODE, _OWNER, value_from_callable=True)
        return bool(claimed)

    async def move(self, before: str, after: str) -> None:
        """Give what a channel and its topics may do to the channel that it has become."""
        admitted = await self.admits(before)

        async def change(commands: Pipeline) -> None:
            held = {key: _texts(await commands.smembers(key)) for key in (_ALLOWED, _GRANTS)}
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            if admitted and not self._chats.admit(after):
                commands.sadd(_ALLOWED, after)
            for key, members in held.items():
                for member in members:
                    owner = member.partition(" ")[0]
                    if owner == before or owner.startswith(f"{before}/"):
                        commands.srem(key, member)
                        commands.sadd(key, after + member.removeprefix(before))

        if before != after:
            with store_errors(self._redis):
                await self._redis.transaction(change, _ALLOWED, _GRANTS)

    async def _members(self, key: str) -> frozenset[str]:
        with store_errors(self._redis):
            return _texts(await self._redis.smembers(key))


def _texts(members: Set[bytes | str]) -> frozenset[str]:
    return frozenset(cast("bytes", member).decode() for member in members)
