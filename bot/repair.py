"""Repairs digests where they stand: with analyses that were missing, and with marks of what was
reverted later. Every message is edited at most once for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import ChatError, CommitcastError, StoreError
from analyzers.model import Digest
from analyzers.overview import rearranged
from bot.analysing import Analysed, analyse_all, with_branches
from bot.delivery import Delivered
from bot.outlet import Outlet, Posting
from formatters.pages import digest_page, marked_reverted
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.app import Application
    from bot.pacing import Pacing

PAUSE: Final = 30.0
"""Seconds between two looks at what needs repair."""

AT_ONCE: Final = 20
"""Repairs at a look: they wait behind what is new."""

RETREAT: Final = timedelta(minutes=5)
"""Until a repair that failed is tried again."""

GIVEN_UP: Final = timedelta(days=3)
"""How long analyses are waited for: nobody reads last week's digest again."""

_log = logging.getLogger(__name__)


@final
class Repairs:
    """Edits what was delivered."""

    def __init__(self, app: Application, outlets: Mapping[str, Outlet], pacing: Pacing) -> None:
        """Edit by these outlets, by the names of their platforms."""
        self._app = app
        self._outlets = outlets
        self._pacing = pacing

    async def run(self) -> None:
        """Repair until cancelled."""
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self.look()
            except StoreError as exc:
                _log.warning("nothing is repaired: %s", exc)

    async def look(self) -> None:
        """Repair what can be repaired now.

        Raises:
            StoreError: what needs repair is not known.
        """
        now = self._app.now()
        for channel, digest_id in await self._app.delivered.awaiting_repair(now, AT_ONCE):
            # Put off first: one that fails, or ends the process, is not tried at once again.
            await self._app.delivered.repair_at(channel, digest_id, now + RETREAT)
            outlet = self._outlets.get(channel.partition(":")[0])
            record = await self._app.delivered.get(channel, digest_id)
            if outlet is None or record is None:
                continue
            try:
                await self._repair(outlet, channel, record)
            except StoreError:
                raise
            except CommitcastError as exc:
                _log.info("%s in %s is not repaired: %s", digest_id, channel, exc)
                if isinstance(exc, ChatError) and exc.permanent:
                    given_up = replace(record, reverts=(), unfinished=())
                    await self._app.delivered.put(channel, given_up)

    async def _repair(self, outlet: Outlet, channel: str, record: Delivered) -> None:
        for reverted, by in record.reverts:
            await self._mark(outlet, channel, record, reverted, by)
        record = replace(record, reverts=())
        if record.unfinished:
            record = await self._finished(channel, record)
            if not record.unfinished:
                record = await self._show(outlet, channel, record)
        await self._app.delivered.put(channel, record)

    async def _mark(
        self, outlet: Outlet, channel: str, later: Delivered, reverted: str, by: str
    ) -> None:
        """Mark a commit where it was shown, if it was."""
        async with aclosing(self._app.delivered.newest(channel)) as records:
            async for record in records:
                if record.repository != later.repository or record.id == later.id:
                    continue
                sha = next((sha for sha in record.shas if sha.startswith(reverted)), None)
                if sha is None:
                    continue
                marked = marked_reverted(record.page, sha, by, words_for(record.language))
                if marked != record.page:
                    shown = replace(record, page=marked, reverted=(*record.reverted, (sha, by)))
                    shown = await self._show(outlet, channel, shown)
                    await self._app.delivered.put(channel, shown)
                return

    async def _finished(self, channel: str, record: Delivered) -> Delivered:
        """The record as the model's analyses make it, or as it was if they are still missing."""
        app, words = self._app, words_for(record.language)
        if app.now() - record.at > GIVEN_UP:
            return replace(record, unfinished=())
        locator = app.locate(record.repository, channel)
        async with app.source(locator, channel) as source:

            async def analysed(shas: Sequence[str]) -> list[Analysed]:
                return await analyse_all(
                    source.read(shas),
                    app.analyzer,
                    record.language,
                    workers=app.settings.commitcast_llm_concurrency,
                    on_commit=lambda _: None,
                )

            if any(not analysis.by_model for _, analysis in await analysed(record.unfinished)):
                return record
            groups = rearranged(record.groups, await analysed(record.shas))
            digest = Digest(
                repository=source.repository,
                branch=record.branch,
                span=record.span,
                head=record.head,
                language=record.language,
                groups=with_branches(groups, record.branches),
                generated_at=record.at,
                left_out=record.left_out,
                remarks=record.remarks,
            )
        page = digest_page(digest, words, record.id)
        for sha, by in record.reverted:
            page = marked_reverted(page, sha, by, words)
        return replace(record, page=page, unfinished=())

    async def _show(self, outlet: Outlet, channel: str, record: Delivered) -> Delivered:
        """Show a record's page in its messages, and in another where it has grown out of them.

        Raises:
            ChatError: not all of it is shown.
        """
        words = words_for(record.language)
        messages = record.messages
        for part in range(outlet.count(record.page, words)):
            posting = Posting(channel, record.page, words, part, messages[0] if part else None)
            await self._pacing.wait(outlet, channel)
            if part < len(messages):
                await outlet.edit(posting, messages[part])
            else:
                messages = (*messages, await outlet.post(posting))
        return replace(record, messages=messages)
