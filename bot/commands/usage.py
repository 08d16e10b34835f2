"""What a channel has spent on models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, final

from analyzers.ports import Usage
from bot.access import TERMINAL
from bot.commands.scene import Scene
from bot.conversation import Answer
from bot.stores.spending import Spent
from formatters.model import Page, Points, Prose, Small
from formatters.text import Words

if TYPE_CHECKING:
    from bot.app import Application

_SPANS: Final = (1, 7, 30)
"""Days, today included, that are summed up."""

_MOST: Final = 10
"""Repositories and models that are listed; the rest is counted."""


@final
class Spendings:
    """Answers `/usage`."""

    def __init__(self, app: Application) -> None:
        """Read the application's counts."""
        self._app = app

    async def usage(self, scene: Scene) -> Answer:
        """The tokens of this channel, of all channels in the terminal, and what is left of today's.

        Raises:
            StoreError: nobody knows.
        """
        spending, words = self._app.spending, scene.words
        of_all = scene.channel == TERMINAL
        spent = await (spending.of_all() if of_all else spending.of_channel(scene.channel))
        if not spent:
            return Answer(Page((Prose(words("usage-none")),)), words, private=True)
        today = self._app.now().date()
        spans = tuple(self._span(spent, today, days, words) for days in _SPANS)
        parts = tuple(self._parts(_since(spent, today, _SPANS[-1]), words))
        left = [Small(text) for text in await self._left(scene)]
        title = words("usage-title-all" if of_all else "usage-title")
        page = Page((Points(title, spans), Points(words("usage-by"), parts), *left))
        return Answer(page, words, private=True)

    def _span(self, spent: Iterable[Spent], today: date, days: int, words: Words) -> str:
        within = _since(spent, today, days)
        total = sum((one.usage for one in within), Usage(0))
        requests = sum(one.requests for one in within)
        costs = [self._app.prices.cost(one.model, one.usage) for one in within]
        told = words(
            "usage-span",
            days=days,
            sent=words.number(total.sent),
            received=words.number(total.received),
            share=round(100 * total.kept / total.sent) if total.sent else 0,
            requests=requests,
        )
        known = [cost for cost in costs if cost is not None]
        return f"{told} · {self._money(sum(known, Decimal(0)), words)}" if known else told

    def _parts(self, spent: Iterable[Spent], words: Words) -> Iterator[str]:
        sums: dict[tuple[str, str], Usage] = {}
        for one in spent:
            of = (one.repository, one.model)
            sums[of] = sums.get(of, Usage(0)) + one.usage
        ranked = sorted(sums.items(), key=lambda item: -(item[1].sent + item[1].received))
        for (repository, model), usage in ranked[:_MOST]:
            cost = self._app.prices.cost(model, usage)
            tokens = words.number(usage.sent + usage.received)
            told = words("usage-part", repository=repository, model=model, tokens=tokens)
            yield f"{told} · {self._money(cost, words)}" if cost is not None else told
        if len(ranked) > _MOST:
            yield words("facts-more", n=len(ranked) - _MOST)

    async def _left(self, scene: Scene) -> list[str]:
        left = await self._app.spending.left(scene.channel)
        return [
            scene.words(f"usage-left-{name.replace('_', '-')}", tokens=scene.words.number(n))
            for name, n in left.items()
            if n is not None
        ]

    def _money(self, amount: Decimal, words: Words) -> str:
        return words.money(amount, self._app.prices.currency)


def _since(spent: Iterable[Spent], today: date, days: int) -> list[Spent]:
    return [one for one in spent if one.day > today - timedelta(days=days)]
