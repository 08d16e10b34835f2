"""What models cost: counted, capped and told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from analyzers.errors import ModelError
from analyzers.model import RulesReason
from analyzers.ports import Account, Usage
from bot.prices import Price, Prices
from bot.stores.spending import KEPT, Caps, RedisSpending, Spent
from formatters.text import words_for
from tests.digests import NOON

ADA, BO = Account("slack:T1/C1", "acme/widget"), Account("telegram:-7", "/srv/my repo")


class Clock:
    """A time of day that is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> object:
        return self.now


def spending(redis: Redis, clock: Clock, caps: Caps | None = None) -> RedisSpending:
    return RedisSpending(redis, clock, caps or Caps())  # type: ignore[arg-type]


async def ask(counts: RedisSpending, account: Account, usage: Usage, model: str = "m") -> None:
    await counts.reserve(account, usage.sent + 1_000)
    await counts.settle(account, model, usage.sent + 1_000, usage)


async def test_tokens_are_counted_by_day_channel_repository_and_model(redis: Redis) -> None:
    clock = Clock()
    counts = spending(redis, clock)
    await ask(counts, ADA, Usage(1_000, 200, 300))
    await ask(counts, ADA, Usage(500, 100))
    await ask(counts, ADA, Usage(7, 3), "other")
    await ask(counts, BO, Usage(50, 5))
    clock.now = NOON + timedelta(days=1)
    await ask(counts, ADA, Usage(9, 1))
    assert await counts.of_channel(ADA.channel) == [
        Spent(NOON.date(), "acme/widget", "m", Usage(1_500, 300, 300), 2),
        Spent(NOON.date(), "acme/widget", "other", Usage(7, 3), 1),
        Spent(NOON.date() + timedelta(days=1), "acme/widget", "m", Usage(9, 1), 1),
    ]
    assert [one.repository for one in await counts.of_channel(BO.channel)] == ["/srv/my repo"]
    assert len(await counts.of_all()) == 4


async def test_what_is_long_ago_is_forgotten(redis: Redis) -> None:
    clock = Clock()
    counts = spending(redis, clock)
    await ask(counts, ADA, Usage(1))
    clock.now = NOON + KEPT + timedelta(days=1)
    assert await counts.of_channel(ADA.channel) == []
    assert await redis.hlen("commitcast:1:usage:slack:T1/C1") == 0


@pytest.mark.parametrize("caps", [Caps(in_all=10_000), Caps(of_a_channel=10_000)])
async def test_beyond_a_cap_no_request_is_made_until_the_next_day(redis: Redis, caps: Caps) -> None:
    clock = Clock()
    counts = spending(redis, clock, caps)
    await ask(counts, ADA, Usage(8_000, 900))
    with pytest.raises(ModelError) as refused:
        await counts.reserve(ADA, 2_000)
    assert refused.value.reason is RulesReason.DAILY_LIMIT
    if caps.of_a_channel:
        await counts.reserve(BO, 2_000)
    else:
        with pytest.raises(ModelError):
            await counts.reserve(BO, 2_000)
    clock.now = NOON + timedelta(days=1)
    await counts.reserve(ADA, 2_000)


async def test_requests_under_way_together_do_not_exceed_a_cap(redis: Redis) -> None:
    counts = spending(redis, Clock(), Caps(in_all=10_000))

    async def one(_: int) -> bool:
        try:
            await counts.reserve(ADA, 700)
        except ModelError:
            return False
        await asyncio.sleep(0)
        await counts.settle(ADA, "m", 700, Usage(600, 100))
        return True

    made = await asyncio.gather(*map(one, range(40)))
    assert sum(made) == 14
    assert await counts.left(ADA.channel) == {"in_all": 200, "of_a_channel": None}


async def test_a_request_that_came_to_nothing_costs_nothing(redis: Redis) -> None:
    counts = spending(redis, Clock(), Caps(in_all=1_000, of_a_channel=500))
    await counts.reserve(ADA, 400)
    await counts.settle(ADA, "m", 400, Usage(0))
    assert await counts.left(ADA.channel) == {"in_all": 1_000, "of_a_channel": 500}
    assert await counts.of_channel(ADA.channel) == []


async def test_without_a_server_nothing_is_counted_and_nothing_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Redis(unix_socket_path="/nowhere.sock", retry=None)  # type: ignore[arg-type]
    counts = spending(nowhere, Clock(), Caps(in_all=1))
    for _ in range(3):
        await counts.reserve(ADA, 400)
        await counts.settle(ADA, "m", 400, Usage(300))
    await nowhere.aclose()
    assert len([record for record in caplog.records if "not counted" in record.message]) == 1


def test_prices_are_of_a_million_tokens() -> None:
    prices = Prices.parse("USD gpt-5-mini=0.25/0.025/2, llama=0/0/0.5")
    assert prices.currency == "USD"
    assert prices.of["llama"] == Price(Decimal(0), Decimal(0), Decimal("0.5"))
    cost = prices.cost("gpt-5-mini", Usage(1_000_000, 100_000, 400_000))
    assert cost == Decimal("0.15") + Decimal("0.01") + Decimal("0.2")
    assert prices.cost("unknown", Usage(1)) is None
    assert Prices.parse(" ") == Prices()


@pytest.mark.parametrize(
    "text", ["gpt=1/1/1", "usd gpt=1/1/1", "USD", "USD gpt=1/1", "USD gpt=-1/0/1"]
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Prices.parse(text)


@given(st.text(max_size=60))
def test_no_text_makes_prices_fail_otherwise(text: str) -> None:
    try:
        Prices.parse(text)
    except ValueError:
        return


def test_amounts_are_written_as_the_language_does() -> None:
    assert words_for("en").money(Decimal("12.346"), "USD") == "$12.35"
    assert words_for("en").money(Decimal("0.00421"), "USD") == "$0.0042"
    assert words_for("zh").money(Decimal("12.346"), "CNY") == "¥12.35"
