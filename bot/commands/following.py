"""What a channel follows, and its settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import InputError
from analyzers.text import clean_line
from bot.branches import branches_of, tips_of
from bot.commands.grammar import USAGE, Command, Name
from bot.commands.scene import Scene, Show
from bot.conversation import Answer
from bot.deliveries.ledger import Ledger
from bot.deliveries.schedule import due_at, due_day, next_due
from bot.options import SETTINGS, Options, parse_options, written
from bot.ports import Head
from bot.subscriptions import Subscription
from bot.weekdays import written_days
from formatters.model import Page, Points, Prose, Small, Title
from formatters.text import Words, words_for

if TYPE_CHECKING:
    from bot.app import Application

MOST: Final = 50
"""Repositories that one channel can follow: nobody reads more digests a day."""

IN_WORDS: Final = ("daily", "weekdays", "weekends")
"""Days that have a name of their own in the catalogue."""


@final
class Following:
    """Answers `/subscribe`, `/unsubscribe`, `/subscriptions` and `/settings`."""

    def __init__(self, app: Application) -> None:
        """Keep what channels follow in the application's stores."""
        self._app = app

    async def subscribe(self, command: Command, scene: Scene, show: Show) -> Answer:
        """Follow a repository here, or follow it otherwise than before."""
        if len(command.operands) != 1:
            raise InputError("error-subscribe-what", command=scene.typed(USAGE[Name.SUBSCRIBE]))
        options = parse_options(command.options)
        await _require_manager(scene)
        locator = self._app.locate(command.operands[0], scene.channel)
        show(scene.words("progress-repository", name=locator.label))
        async with self._app.source(locator, scene.channel, scene.told(show)) as source:
            # Asked now, not at the first digest: a repository or branch that is not there.
            branches = await branches_of(source, options.branches)
            tips = await tips_of(source, options.branches)
            name = source.repository.name
        subscription = self._subscription(locator.address, options, scene)
        existing = await self._app.subscriptions.of_channel(scene.channel)
        before = next((s for s in existing if s.key == subscription.key), None)
        if before is None and len(existing) >= MOST:
            raise InputError("error-too-many-subscriptions", most=MOST)
        due = await self._open(subscription, tips)
        page = self._confirmation(subscription, name, branches, before, due, scene)
        return Answer(page, scene.words)

    async def unsubscribe(self, command: Command, scene: Scene) -> Answer:
        """Follow a repository here no longer."""
        existing = await self._app.subscriptions.of_channel(scene.channel)
        if len(command.operands) != 1 or command.options:
            raise InputError("error-unsubscribe-what", command=scene.typed(USAGE[Name.UNSUBSCRIBE]))
        await _require_manager(scene)
        address = self._app.locate(command.operands[0], scene.channel).address
        if not await self._app.subscriptions.remove(scene.channel, address):
            raise InputError(
                "error-not-followed" if existing else "error-nothing-followed",
                repository=clean_line(address),
                repositories=scene.words.listed(s.repository for s in existing),
            )
        said = scene.words("unsubscribed", repository=clean_line(address))
        return Answer(Page((Prose(said),)), scene.words)

    async def subscriptions(self, scene: Scene) -> Answer:
        """What is followed here, and when the next digest comes."""
        existing = await self._app.subscriptions.of_channel(scene.channel)
        if not existing:
            example = scene.typed(USAGE[Name.SUBSCRIBE])
            said = scene.words("subscriptions-none", command=example)
            return Answer(Page((Prose(said),)), scene.words, private=True)
        ledgers = await self._app.ledgers.of_channel(scene.channel)
        items = tuple(
            self._line(subscription, ledgers.get(subscription.key, Ledger()), scene)
            for subscription in existing
        )
        title = scene.words("subscriptions-title", n=len(existing))
        return Answer(Page((Points(title, items),)), scene.words, private=True)

    async def settings(self, command: Command, scene: Scene) -> Answer:
        """This chat's own defaults: shown, and changed where options are given."""
        if command.operands:
            raise InputError("error-settings-what", command=scene.typed(USAGE[Name.SETTINGS]))
        given = parse_options(command.options, allowed=SETTINGS).defaults
        chat = scene.settings
        if command.options:
            await _require_manager(scene)
            await self._app.subscriptions.change_defaults(scene.channel, given)
            chat = given.over(chat)
        words = words_for(chat.language)
        rows = (
            ("lang", chat.language),
            ("tz", chat.zone),
            ("at", f"{chat.at:%H:%M}"),
            ("days", written_days(chat.days)),
            ("min", chat.minimum.value),
        )
        items = tuple(words(f"setting-{name}", value=f"`{name}:{value}`") for name, value in rows)
        model = self._app.settings.openai_model if self._app.settings.has_model else ""
        blocks = (
            Points(words("settings-changed" if command.options else "settings-title"), items),
            Small(words("settings-model", model=model) if model else words("hint-no-model")),
            Small(words("settings-how", command=scene.typed(USAGE[Name.SETTINGS]))),
        )
        return Answer(Page(blocks), words, private=not command.options)

    async def _open(self, subscription: Subscription, tips: Sequence[Head]) -> datetime:
        """Keep a subscription, whose digests begin where its branches are now; when it is due."""
        now = self._app.now()
        await self._app.subscriptions.put(subscription)
        ledgers = await self._app.ledgers.of_channel(subscription.channel)
        before = ledgers.get(subscription.key, Ledger())
        ledger = Ledger(heads={tip.branch: tip.sha for tip in tips}, since=now)
        due = next_due(subscription, now, before.date)
        assert due is not None  # noqa: S101 - one that somebody subscribes to has days
        await self._app.ledgers.open(subscription, ledger, due)
        return due

    def _subscription(self, address: str, options: Options, scene: Scene) -> Subscription:
        chat = scene.settings
        return Subscription(
            channel=scene.channel,
            repository=address,
            filters=options.filters(chat.minimum),
            at=options.at or chat.at,
            zone=options.zone or chat.zone,
            days=options.days or chat.days,
            language=options.language or chat.language,
            made_by=scene.person.id,
            made_at=self._app.now(),
            tells_quiet_days=bool(options.tells_quiet_days),
        )

    def _confirmation(
        self,
        subscription: Subscription,
        name: str,
        branches: tuple[str, ...],
        before: Subscription | None,
        due: datetime,
        scene: Scene,
    ) -> Page:
        words = scene.words
        lines = [
            words(
                "subscribed-when",
                time=f"{subscription.at:%H:%M}",
                zone=subscription.zone,
                days=_days(subscription.days, words),
                due=words.instant(due, subscription.zone),
            ),
            words(
                "subscribed-what",
                branches=words.listed(branches[:5]),
                options=f"`{written(subscription)}`",
            ),
        ]
        if before is not None:
            lines.append(words("subscribed-before", options=f"`{written(before)}`"))
        lines.append(
            words("subscribed-now", command=scene.typed(f"digest {subscription.repository}"))
        )
        title = words("subscribed", repository=clean_line(name))
        return Page((Title(title), *(Prose(line) for line in lines)))

    def _line(self, subscription: Subscription, ledger: Ledger, scene: Scene) -> str:
        """A subscription with when its next digest comes, or why none does."""
        words, options = scene.words, written(subscription)
        name = f"`{subscription.repository}`"
        if stopped := ledger.stopped:
            return words(
                "subscription-stopped",
                repository=name,
                since=words.instant(stopped.at, subscription.zone),
                reason=words(stopped.code, **stopped.details),
                command=scene.typed(f"subscribe {subscription.repository} {options}"),
            )
        when = self._when(subscription, ledger, words)
        return words("subscription", repository=name, options=f"`{options}`", when=when)

    def _when(self, subscription: Subscription, ledger: Ledger, words: Words) -> str:
        now = self._app.now()
        due = next_due(subscription, now, ledger.date)
        if due is None:
            return words("due-posted")
        outgoing = ledger.outgoing
        if day := outgoing.date if outgoing else due_day(subscription, ledger.date, now):
            late = due_at(subscription, day)
            return words("due-late", due=words.instant(late, subscription.zone))
        return words("due-at", due=words.instant(due, subscription.zone))


def _days(days: tuple[int, ...], words: Words) -> str:
    known = written_days(days)
    return words(f"days-{known}") if known in IN_WORDS else words.weekdays(days)


async def _require_manager(scene: Scene) -> None:
    if not await scene.person.may_manage():
        raise InputError("error-may-not-manage")
