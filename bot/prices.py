"""What models' tokens cost, as whoever runs the bot says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from analyzers.ports import Usage

_PRICES: Final = re.compile(r"\s*([A-Z]{3})\s+(\S.*?)\s*", re.DOTALL)
_PRICE: Final = re.compile(r"(\S+)=(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens."""

    sent: Decimal
    kept: Decimal
    """Of those sent that the server had kept."""
    received: Decimal


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of some models."""

    currency: str = ""
    """Its ISO 4217 code; empty where there are no prices."""
    of: Mapping[str, Price] = field(default_factory=dict)
    """By the model's name."""

    @classmethod
    def parse(cls, text: str) -> Prices:
        """`USD gpt-5-mini=0.25/0.025/2, other=1/0.1/4`: a currency, and of each model the prices of
        a million tokens sent, sent and kept by the server, and received. Empty for none.

        Raises:
            ValueError: it is something else.
        """
        if not text.strip():
            return cls()
        found = _PRICES.fullmatch(text)
        if not found:
            raise ValueError(text)
        prices = {}
        for part in found[2].split(","):
            told = _PRICE.fullmatch(part.strip())
            if not told:
                raise ValueError(part)
            prices[told[1]] = Price(*map(Decimal, told.groups()[1:]))
        return cls(found[1], prices)

    def cost(self, model: str, usage: Usage) -> Decimal | None:
        """What these tokens cost; None for a model without a price."""
        price = self.of.get(model)
        if price is None:
            return None
        new = usage.sent - usage.kept
        total = new * price.sent + usage.kept * price.kept + usage.received * price.received
        return total / _MILLION
