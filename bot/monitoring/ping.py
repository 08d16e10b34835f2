"""The dead man's switch: a server elsewhere is asked for an address every minute while the bot is
ready, for `<address>/fail` while it is not, and raises the alarm when it hears nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, final

import httpx

EVERY: Final = 60.0
"""Seconds between two pings."""

LONGEST: Final = 10.0
"""Seconds that one may take."""

TRIES: Final = 15
"""Looks, a second apart, before the bot counts as not ready: at its start, and now and then when a
chat connects anew, it is not for a moment."""

Parts = Callable[[], Awaitable[Mapping[str, str]]]
"""Tells each part by name with what is wrong with it; empty for nothing."""

_log = logging.getLogger(__name__)


@final
class Ping:
    """Says how the bot is to who waits for it."""

    def __init__(
        self, url: str, parts: Parts, *, every: float = EVERY, moment: float = 1.0
    ) -> None:
        """Nothing is said yet.

        Args:
            url: asked for while all parts work.
            parts: how they are.
            every: seconds between two pings.
            moment: seconds between two looks at parts that do not work.
        """
        self._ready = httpx.URL(url)
        path, mark, query = self._ready.raw_path.partition(b"?")
        self._failing = self._ready.copy_with(raw_path=path.rstrip(b"/") + b"/fail" + mark + query)
        self._parts = parts
        self._every = every
        self._moment = moment
        self._arrives = True

    async def run(self) -> None:
        """Ping until cancelled. Nothing that goes wrong ends it, or is told more than once until it
        goes well again."""
        # Redirects are not followed: what the address is, the operator has said.
        async with httpx.AsyncClient(timeout=LONGEST, follow_redirects=False) as client:
            while True:
                try:
                    url = self._ready if await self._is_ready() else self._failing
                    wrong = await _sent(client, url)
                except Exception as exc:  # noqa: BLE001 - what watches must not end what is watched
                    wrong = repr(exc)
                self._tell(wrong)
                await asyncio.sleep(self._every)

    async def _is_ready(self) -> bool:
        for _ in range(TRIES):
            if not any((await self._parts()).values()):
                return True
            await asyncio.sleep(self._moment)
        return False

    def _tell(self, wrong: str) -> None:
        if wrong and self._arrives:
            _log.warning("the ping does not arrive: %s", wrong)
        elif not (wrong or self._arrives):
            _log.info("the ping arrives again")
        self._arrives = not wrong


async def _sent(client: httpx.AsyncClient, url: httpx.URL) -> str:
    """Why a ping was not taken; empty if it was. The body of the answer is left where it is."""
    try:
        async with asyncio.timeout(LONGEST), client.stream("GET", url) as response:
            return "" if response.is_success else f"HTTP {response.status_code}"
    except TimeoutError:
        return f"no answer within {LONGEST:.0f} s"
    except httpx.HTTPError as exc:
        return repr(exc)
