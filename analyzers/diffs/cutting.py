"""Text within a number of tokens, in linear time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzers.tokens import CHARACTERS_PER_TOKEN, count_tokens


def cut(text: str, budget: int) -> tuple[str, bool]:
    """The leading lines of a text that fit into `budget` tokens, and whether that is all of it.

    A first line that does not fit by itself is cut inside.
    """
    if cost_within(text, budget) is not None:
        return text, True
    # One character too long, so that a line cut at its end never fits.
    head = text[: max(budget, 0) * CHARACTERS_PER_TOKEN + 1]
    kept = "".join(while_they_fit(head.splitlines(keepends=True), budget))
    # No token is shorter than a character, so that this many always fit.
    return kept or head[: int(max(budget - 1, 0) / 1.1)], False


def cost_within(text: str, budget: int) -> int | None:
    """The tokens of a text, or None if it has more than `budget`; a long one is not even read."""
    if len(text) > budget * CHARACTERS_PER_TOKEN:
        return None
    tokens = count_tokens(text)
    return tokens if tokens <= budget else None


def while_they_fit(pieces: Iterable[str], budget: int) -> Iterator[str]:
    """The leading pieces that fit into `budget` tokens together."""
    for piece in pieces:
        cost = cost_within(piece, budget)
        if cost is None:
            return
        yield piece
        budget -= cost
