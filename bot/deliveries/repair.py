"""Repairs digests where they stand: with analyses that were missing, and with marks of what was
reverted later. Every message is edited at most once for each."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import (
    ChatError,
    CommitcastError,
    OutcomeUnknown,
    StoreError,
    TokenRefused,
)
from analyzers.grouping import rearranged
from analyzers.model import Digest, RulesReason
from analyzers.ports import Account, AnalysisRequest
from bot.analysing import Analysed, analyse_all, with_branches
from bot.deliveries.delivery import Delivered
from bot.deliveries.outbox import look_up
from bot.deliveries.outlet import Outlet, Posting
from bot.monitoring.logs import about, named
from bot.ports import CommitSource
from bot.subscriptions import key_of
from formatters.model import Page, Small
from formatters.pages import digest_page, marked_reverted
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.app import Application
    from bot.deliveries.pacing import Pacing

PAUSE: Final = 30.0
"""Seconds between two looks at what needs repair."""

AT_ONCE: Final = 20
"""Repairs at a look: they wait behind what is new."""

RETREAT: Final = timedelta(minutes=5)
"""Until a repair that failed is tried again, at least."""

SHARE_OF_AGE: Final = 4
"""Later it is tried again after so great a part of the digest's age: what a model never answers
costs some thirty requests in all."""

LONGEST: Final = 240.0
"""Seconds that one repair may take; less than `RETREAT`, before which nobody else begins it."""

GIVEN_UP: Final = timedelta(days=3)
"""How long analyses are waited for: nobody reads last week's digest again."""

_WAITED_FOR: Final = frozenset(
    {
        *(RulesReason.UNREACHABLE, RulesReason.TIMED_OUT, RulesReason.SERVER_ERROR),
        *(RulesReason.RATE_LIMITED, RulesReason.QUOTA_EXHAUSTED, RulesReason.UNAUTHORIZED),
        *(RulesReason.MODEL_NOT_FOUND, RulesReason.NOT_CONFIGURED, RulesReason.INTERNAL_ERROR),
    }
)
"""What has nothing to do with the commit: as long as it lasts, no other is asked about either."""

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
        """Repair what can be repaired now; what fails is tried again later, and fails no other.

        Raises:
            StoreError: what needs repair is not known.
        """
        now = self._app.now()
        of_channel: defaultdict[str, list[str]] = defaultdict(list)
        for channel, digest_id in await self._app.delivered.take_repairs(
            now, now + RETREAT, AT_ONCE
        ):
            of_channel[channel].append(digest_id)
        await asyncio.gather(*(self._serve(channel, ids) for channel, ids in of_channel.items()))

    async def _serve(self, channel: str, ids: Sequence[str]) -> None:
        """Repair digests of a channel, one after the other: each may change others of it."""
        for digest_id in ids:
            with about(digest=digest_id):
                await self._try(channel, digest_id)

    async def _try(self, channel: str, digest_id: str) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                await self._attempt(channel, digest_id)
        except TimeoutError:
            _log.warning("%s in %s took too long to repair", digest_id, channel)
        except CommitcastError as exc:
            _log.info("%s in %s is not repaired: %s", digest_id, channel, exc)
        except Exception:  # noqa: BLE001 - a fault in one repair must not end the process
            _log.exception("%s in %s is not repaired", digest_id, channel)

    async def _attempt(self, channel: str, digest_id: str) -> None:
        app = self._app
        record = await app.delivered.get(channel, digest_id)
        if record is None:
            await app.delivered.repair_at(channel, digest_id, None)
            return
        age = app.now() - record.at
        is_last = age > GIVEN_UP
        # First: one that ends the process is not tried at once again.
        retreat = max(RETREAT, age / SHARE_OF_AGE)
        await app.delivered.repair_at(channel, digest_id, app.now() + retreat)
        repaired = replace(record, reverts=(), unfinished=())
        outlet = self._outlets.get(channel.partition(":")[0])
        if outlet and await app.access.admits(channel):
            try:
                with about(subscription=named(key_of(record.repository), channel)):
                    repaired = await self._repaired(outlet, channel, record, is_last=is_last)
            except CommitcastError as exc:
                if isinstance(exc, StoreError) or not (is_last or _is_closed(exc)):
                    raise
        elif not is_last:  # another process may have one
            return
        await app.delivered.put(channel, repaired)

    async def _repaired(
        self, outlet: Outlet, channel: str, record: Delivered, *, is_last: bool
    ) -> Delivered:
        if record.reverts:
            await self._mark(outlet, channel, record)
            record = replace(record, reverts=())
        if record.unfinished:
            finished = await self._finished(channel, record, is_last=is_last)
            if finished:
                return await self._show(outlet, channel, record, finished)
        return replace(record, unfinished=()) if is_last else record

    async def _mark(self, outlet: Outlet, channel: str, later: Delivered) -> None:
        """Mark the commits that a digest reverts wherever they were shown before."""
        async with aclosing(self._app.delivered.newest(channel)) as records:
            async for record in records:
                if record.id == later.id or key_of(record.repository) != key_of(later.repository):
                    continue
                marked = _marked(record, later.reverts)
                if marked.page != record.page:
                    shown = await self._show(outlet, channel, record, marked)
                    await self._app.delivered.put(channel, shown)

    async def _finished(
        self, channel: str, record: Delivered, *, is_last: bool
    ) -> Delivered | None:
        """The record as the model's analyses make it; None as long as some may still come.

        Args:
            channel: who reads it.
            record: one that has unfinished commits.
            is_last: whether none is waited for any longer.
        """
        locator = self._app.locate(record.repository, channel)
        async with self._app.source(locator, channel) as source:
            # While nothing comes, no other commit is even read.
            [(_, first)] = await self._analysed(source, channel, record, record.unfinished[:1])
            if first.rules_reason is RulesReason.NOT_CONFIGURED:
                return None  # the rules would take the place of analyses that are there
            if first.rules_reason in _WAITED_FOR and not is_last:
                return None
            analysed = await self._analysed(source, channel, record, record.shas)
            missing = {c.sha: a.rules_reason for c, a in analysed if a.is_provisional}
            # What the model does not answer though it answers others, it never will.
            is_over = missing.keys() < {*record.unfinished} and not (
                _WAITED_FOR & {*missing.values()}
            )
            if missing and not (is_over or is_last):
                return None
            digest = Digest(
                repository=source.repository,
                branch=record.branch,
                span=record.span,
                head=record.head,
                language=record.language,
                groups=with_branches(rearranged(record.groups, analysed), record.branches),
                generated_at=record.at,
                left_out=record.left_out,
                remarks=record.remarks,
            )
        digest = await self._app.with_overview(digest, Account(channel, record.repository))
        page = digest_page(digest, words_for(record.language), record.id, is_final=True)
        bare = replace(record, page=page, unfinished=(), reverted=())
        return _marked(bare, record.reverted)

    async def _analysed(
        self, source: CommitSource, channel: str, record: Delivered, shas: Sequence[str]
    ) -> list[Analysed]:
        return await analyse_all(
            source.read(shas),
            self._app.analyzer,
            AnalysisRequest(record.language, Account(channel, record.repository)),
            workers=self._app.settings.commitcast_llm_concurrency,
            on_commit=lambda _: None,
        )

    async def _show(
        self, outlet: Outlet, channel: str, before: Delivered, after: Delivered
    ) -> Delivered:
        """Show another page in the messages of a digest.

        Args:
            outlet: edits.
            channel: where they are.
            before: the digest as it is stored.
            after: the same with another page.

        Raises:
            ChatError: not all of it is shown.
        """
        if not before.messages:  # they are not all sent yet, or were in another channel
            return after
        words, shown = words_for(after.language), before.messages
        count = outlet.count(after.page, words)
        # First: what the others have no room for any more would be nowhere.
        while len(before.messages) < count:
            before = await self._grow(outlet, channel, before, after.page)
        for part, message in enumerate(shown):
            if not message:
                continue
            first = shown[0] if part else ""
            posting = Posting(channel, after.page, words, part, first or None)
            if part >= count:
                posting = Posting(channel, Page((Small(words("digest-shorter")),)), words, 0)
            await self._pacing.wait(outlet, channel)
            await outlet.edit(posting, message)
        return replace(after, messages=before.messages, is_growing=False)

    async def _grow(self, outlet: Outlet, channel: str, record: Delivered, page: Page) -> Delivered:
        """Send one more message of a digest, noted as the outbox notes its own (invariant 2)."""
        delivered, part = self._app.delivered, len(record.messages)
        first = record.messages[0] or None
        posting = Posting(channel, page, words_for(record.language), part, first)
        message = None
        if record.is_growing:
            message = await look_up(outlet, posting, record.at)
            posting = replace(posting, may_repeat=message is None)
        else:
            await delivered.put(channel, replace(record, is_growing=True))
        if not message:
            await self._pacing.wait(outlet, channel)
            try:
                message = await outlet.post(posting)
            except ChatError as exc:
                if not isinstance(exc, OutcomeUnknown):
                    await delivered.put(channel, record)
                raise
        grown = replace(record, messages=(*record.messages, message), is_growing=False)
        await delivered.put(channel, grown)
        return grown


def _is_closed(error: CommitcastError) -> bool:
    """Whether a channel takes no more edits."""
    is_ours = isinstance(error, OutcomeUnknown | TokenRefused)
    return isinstance(error, ChatError) and error.permanent and not is_ours


def _marked(record: Delivered, reverts: Sequence[tuple[str, str]]) -> Delivered:
    """A record whose commits are marked that these revert, by names that may be short."""
    words, page, marked = words_for(record.language), record.page, list(record.reverted)
    for reverted, by in reverts:
        for sha in record.shas:
            if sha.startswith(reverted) and sha not in dict(marked):
                page = marked_reverted(page, sha, by, words)
                marked.append((sha, by))
    return replace(record, page=page, reverted=tuple(marked))
