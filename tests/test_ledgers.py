"""Ledgers and claims on a real server: who may write what, and when somebody is due."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from analyzers.errors import StoreError
from bot.deliveries.ledger import Claim, Claimed, Ledger, Outgoing, Stopped
from bot.stores.ledgers import RedisLedgers
from bot.stores.subscriptions import RedisSubscriptions
from bot.subscriptions import Subscription
from tests.deliveries import MADE, a_subscription
from tests.digests import sha_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

CHANNEL, KEY = "slack:T1/C1", "acme/widget"
GROUP, TOPIC, GREATER = "telegram:-1", "telegram:-1/7", "telegram:-1001"
LONG = 100.0
NOON = MADE
TOMORROW = MADE + timedelta(days=1)
OUTGOING = Outgoing(
    digest="abc",
    date=date(2026, 3, 3),
    heads={"main": sha_of(2)},
    since=NOON,
    planned_at=NOON,
    sent=("1.2", "1.3"),
    sending_since=NOON,
)
LEDGER = Ledger(
    heads={"main": sha_of(1), "gone": sha_of(3)},
    since=NOON,
    date=date(2026, 3, 2),
    outgoing=OUTGOING,
)


@pytest.fixture
def ledgers(redis: Redis) -> RedisLedgers:
    return RedisLedgers(redis)


@pytest.fixture
def subscriptions(redis: Redis) -> RedisSubscriptions:
    return RedisSubscriptions(redis)


@pytest.fixture
async def followed(ledgers: RedisLedgers, subscriptions: RedisSubscriptions) -> Subscription:
    """A subscription that is due since noon."""
    subscription = a_subscription(CHANNEL)
    await subscriptions.put(subscription)
    await ledgers.open(subscription, LEDGER, NOON)
    return subscription


async def claimed(
    ledgers: RedisLedgers, seconds: float = LONG, channel: str = CHANNEL, key: str = KEY
) -> Claimed:
    found = await ledgers.claim(channel, key, seconds)
    assert found
    return found


async def kept(ledgers: RedisLedgers, channel: str = CHANNEL) -> Ledger | None:
    return (await ledgers.of_channel(channel)).get(KEY)


async def everything(redis: Redis) -> dict[bytes, object]:
    """All that the server has, but the ends of claims."""
    found: dict[bytes, object] = {}
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        if kind == b"hash":
            values = cast("dict[bytes, bytes]", await redis.hgetall(key))
            if key.endswith(b":claims"):
                values = {name: value.partition(b":")[0] for name, value in values.items()}
            found[key] = values
        elif kind == b"zset":
            found[key] = await redis.zrange(key, 0, -1, withscores=True)
        elif kind == b"set":
            found[key] = await redis.smembers(key)
        else:
            found[key] = await redis.get(key)
    return found


# Claims


async def test_who_claims_is_given_what_is_to_be_done(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    found = await claimed(ledgers)
    assert (found.subscription, found.ledger) == (followed, LEDGER)
    assert (found.claim.channel, found.claim.key) == (CHANNEL, KEY)


async def test_a_subscription_is_claimed_by_one_of_many(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    found = await asyncio.gather(*(ledgers.claim(CHANNEL, KEY, LONG) for _ in range(20)))
    assert sum(one is not None for one in found) == 1


async def test_a_claim_ends_when_its_holder_dies(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    first = await claimed(ledgers, 0.02)
    assert await ledgers.claim(CHANNEL, KEY, LONG) is None
    await asyncio.sleep(0.03)
    second = await claimed(ledgers)
    assert second.claim.fence > first.claim.fence


async def test_a_claim_that_is_renewed_lasts(ledgers: RedisLedgers, followed: Subscription) -> None:
    first = await claimed(ledgers, 0.02)
    assert await ledgers.renew(first.claim, LONG)
    await asyncio.sleep(0.03)
    assert await ledgers.claim(CHANNEL, KEY, LONG) is None


async def test_writing_keeps_a_claim(ledgers: RedisLedgers, followed: Subscription) -> None:
    first = await claimed(ledgers, 0.02)
    assert await ledgers.save(first.claim, LEDGER, LONG)
    await asyncio.sleep(0.03)
    assert await ledgers.claim(CHANNEL, KEY, LONG) is None


async def test_what_is_given_back_can_be_claimed_at_once(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    first = await claimed(ledgers)
    await ledgers.release(first.claim)
    second = await claimed(ledgers)
    await ledgers.release(first.claim)  # too late: it is another's
    assert await ledgers.claim(CHANNEL, KEY, LONG) is None
    assert await ledgers.save(second.claim, LEDGER, LONG)


async def test_who_was_slow_may_still_write_if_nobody_has_claimed_since(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    slow = await claimed(ledgers, 0)
    written = replace(LEDGER, outgoing=None)
    assert await ledgers.save(slow.claim, written, 0)
    assert await ledgers.renew(slow.claim, 0)
    assert await ledgers.close(slow.claim, written, TOMORROW)
    assert await kept(ledgers) == written


@pytest.mark.parametrize("ending", ["runs out", "is given back", "is closed", "moves away"])
async def test_an_older_claim_writes_nothing(
    redis: Redis, ledgers: RedisLedgers, followed: Subscription, ending: str
) -> None:
    """Invariant 2."""
    old = await claimed(ledgers, 0 if ending == "runs out" else LONG)
    if ending == "is given back":
        await ledgers.release(old.claim)
    if ending == "is closed":
        assert await ledgers.close(old.claim, LEDGER, NOON)
    if ending == "moves away":
        await redis.hdel("commitcast:1:claims", f"{CHANNEL} {KEY}")
    for new in (await claimed(ledgers, LONG), None):  # while another has it, and after
        before = await everything(redis)
        other = Ledger(heads={"main": sha_of(9)})
        assert not await ledgers.save(old.claim, other, LONG)
        assert not await ledgers.close(old.claim, other, None)
        assert not await ledgers.renew(old.claim, LONG)
        await ledgers.release(old.claim)
        assert await everything(redis) == before
        if new:
            assert await ledgers.close(new.claim, new.ledger, TOMORROW)


# Ledgers


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(),
        LEDGER,
        replace(LEDGER, outgoing=replace(OUTGOING, sent=(), sending_since=None)),
        replace(LEDGER, outgoing=None, stopped=Stopped("error-slack-closed", {"n": 1}, NOON)),
    ],
)
async def test_a_ledger_is_kept_as_it_was_written(
    ledgers: RedisLedgers, followed: Subscription, ledger: Ledger
) -> None:
    first = await claimed(ledgers)
    assert await ledgers.save(first.claim, ledger, 0)
    assert await kept(ledgers) == ledger
    second = await claimed(ledgers)
    assert second.ledger == ledger
    assert await ledgers.close(second.claim, LEDGER, None)
    assert await kept(ledgers) == LEDGER


async def test_who_follows_anew_goes_on_from_where_they_were(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    first = await claimed(ledgers)
    stopped = replace(LEDGER, stopped=Stopped("error-slack-closed", {}, NOON))
    assert await ledgers.close(first.claim, stopped, None)
    assert await ledgers.due(TOMORROW, 10) == ()
    now = Ledger(heads={"main": sha_of(7), "dev": sha_of(8)}, since=TOMORROW)
    await ledgers.open(followed, now, TOMORROW)
    assert await kept(ledgers) == replace(LEDGER, heads={**LEDGER.heads, "dev": sha_of(8)})
    assert await ledgers.due(TOMORROW, 10) == ((CHANNEL, KEY),)


async def test_two_who_follow_at_once_leave_one_whole_ledger(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    branches = [f"topic-{number}" for number in range(10)]
    opens = [
        ledgers.open(followed, Ledger(heads={branch: sha_of(1)}), TOMORROW) for branch in branches
    ]
    await asyncio.gather(*opens)
    ledger = await kept(ledgers)
    assert ledger
    assert set(ledger.heads) == {"main", "gone", *branches}


async def test_what_is_followed_no_longer_is_not_written(
    redis: Redis,
    ledgers: RedisLedgers,
    subscriptions: RedisSubscriptions,
    followed: Subscription,
) -> None:
    found = await claimed(ledgers)
    await subscriptions.remove(CHANNEL, KEY)
    assert not await ledgers.save(found.claim, LEDGER, LONG)
    assert not await ledgers.close(found.claim, LEDGER, TOMORROW)
    assert await ledgers.claim(CHANNEL, KEY, LONG) is None
    assert set(await everything(redis)) == {b"commitcast:1:channels", b"commitcast:1:fence"}


async def test_a_ledger_that_cannot_be_read_is_told_and_leaves_the_others_alone(
    redis: Redis,
    ledgers: RedisLedgers,
    subscriptions: RedisSubscriptions,
    followed: Subscription,
) -> None:
    other = a_subscription("slack:T1/C2")
    await subscriptions.put(other)
    await ledgers.open(other, Ledger(), TOMORROW)
    await redis.hset(f"commitcast:1:ledgers:{CHANNEL}", KEY, b"{]")
    with pytest.raises(StoreError) as failure:
        await ledgers.claim(CHANNEL, KEY, LONG)
    assert failure.value.code == "error-store-value"
    assert await ledgers.due(TOMORROW, 10) == ((other.channel, KEY),)  # the other is left for now
    assert (await claimed(ledgers, channel=other.channel)).subscription == other


# Answers that are lost


@pytest.mark.parametrize("write", ["save", "close", "renew", "release", "open", "expect", "move"])
async def test_a_change_that_is_sent_twice_changes_nothing_more(
    redis: Redis, ledgers: RedisLedgers, followed: Subscription, write: str
) -> None:
    """An answer that was lost: nobody knows whether the change was made (invariant 2)."""
    found = await claimed(ledgers)
    later = replace(LEDGER, heads={"main": sha_of(5)})
    change: dict[str, Callable[[], Awaitable[object]]] = {
        "save": lambda: ledgers.save(found.claim, later, LONG),
        "close": lambda: ledgers.close(found.claim, later, TOMORROW),
        "renew": lambda: ledgers.renew(found.claim, LONG),
        "release": lambda: ledgers.release(found.claim),
        "open": lambda: ledgers.open(followed, later, TOMORROW),
        "expect": lambda: ledgers.expect([(followed, NOON - timedelta(hours=1))]),
        "move": lambda: ledgers.move(CHANNEL, "slack:T1/C9"),
    }
    before = await everything(redis)
    await change[write]()
    after = await everything(redis)
    assert (after == before) is (write in ("renew", "release"))
    await change[write]()
    assert await everything(redis) == after


async def test_a_claim_whose_answer_was_lost_ends_by_itself(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    await ledgers.claim(CHANNEL, KEY, 0.02)
    assert await ledgers.claim(CHANNEL, KEY, LONG) is None
    await asyncio.sleep(0.03)
    assert await ledgers.claim(CHANNEL, KEY, LONG)


async def test_a_late_answer_to_the_one_before_closes_nothing_for_the_next(
    redis: Redis, ledgers: RedisLedgers, followed: Subscription
) -> None:
    first = await claimed(ledgers)
    assert await ledgers.close(first.claim, LEDGER, NOON)
    second = await claimed(ledgers)
    before = await everything(redis)
    assert not await ledgers.close(first.claim, Ledger(), None)  # sent again, and arrives now
    assert await everything(redis) == before
    assert await ledgers.save(second.claim, LEDGER, LONG)


# When somebody is due


async def test_due_are_those_whose_time_has_come_the_longest_due_first(
    ledgers: RedisLedgers, subscriptions: RedisSubscriptions
) -> None:
    for number, minutes in enumerate((30, 10, 20, 40)):
        subscription = a_subscription(f"slack:T1/C{number}")
        await subscriptions.put(subscription)
        await ledgers.open(subscription, Ledger(), NOON + timedelta(minutes=minutes))
    now = NOON + timedelta(minutes=30)
    assert await ledgers.due(now, 10) == (
        ("slack:T1/C1", KEY),
        ("slack:T1/C2", KEY),
        ("slack:T1/C0", KEY),
    )
    assert await ledgers.due(now, 1) == (("slack:T1/C1", KEY),)
    assert await ledgers.next_due(now) == NOON + timedelta(minutes=40)
    assert await ledgers.next_due(NOON + timedelta(minutes=40)) is None


async def test_what_is_claimed_hides_nobody_who_is_due_later(redis: Redis) -> None:
    """One page of the index is a thousand."""
    ledgers = RedisLedgers(redis)
    many = [a_subscription(f"slack:T1/C{number:04}") for number in range(2_100)]
    await ledgers.expect([(s, NOON + timedelta(seconds=n)) for n, s in enumerate(many)])
    held = [item for s in many[:2_050] for item in (f"{s.channel} {KEY}", f"1:{2**42}")]
    await redis.hset("commitcast:1:claims", items=held)
    assert await ledgers.due(TOMORROW, 20) == tuple((s.channel, KEY) for s in many[2_050:2_070])


async def test_closing_says_when_to_look_next(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    first = await claimed(ledgers)
    assert await ledgers.due(NOON, 10) == ()
    assert await ledgers.close(first.claim, LEDGER, TOMORROW)
    assert await ledgers.due(TOMORROW - timedelta(seconds=1), 10) == ()
    assert await ledgers.due(TOMORROW, 10) == ((CHANNEL, KEY),)
    second = await claimed(ledgers)
    assert await ledgers.close(second.claim, LEDGER, None)
    assert await ledgers.due(TOMORROW + timedelta(days=9), 10) == ()


async def test_the_index_is_made_anew_without_putting_anybody_off(
    redis: Redis, ledgers: RedisLedgers, followed: Subscription
) -> None:
    await ledgers.expect([(followed, TOMORROW)])
    assert await ledgers.due(NOON, 10) == ((CHANNEL, KEY),)
    await redis.delete("commitcast:1:due")
    await ledgers.expect([(followed, TOMORROW)])
    assert await ledgers.due(NOON, 10) == ()
    await ledgers.expect([(followed, NOON)])
    assert await ledgers.due(NOON, 10) == ((CHANNEL, KEY),)


async def test_who_follows_anew_while_something_is_on_its_way_is_served_when_they_said(
    ledgers: RedisLedgers, followed: Subscription
) -> None:
    """The one who delivers does not know of it, and notes a time by what it knew before."""
    first = await claimed(ledgers)
    sooner = NOON + timedelta(hours=3)
    await ledgers.open(followed, LEDGER, sooner)
    assert await ledgers.close(first.claim, LEDGER, TOMORROW)
    assert await ledgers.due(sooner, 10) == ((CHANNEL, KEY),)


# A channel that becomes another


async def test_a_channel_moves_with_its_topics_and_what_is_on_its_way(
    ledgers: RedisLedgers, subscriptions: RedisSubscriptions
) -> None:
    for channel in (GROUP, TOPIC, "telegram:-12"):
        subscription = a_subscription(channel)
        await subscriptions.put(subscription)
        await ledgers.open(subscription, LEDGER, NOON)
    old = await claimed(ledgers, channel=GROUP)
    await ledgers.move(GROUP, GREATER)
    await subscriptions.move(GROUP, GREATER)
    assert not await ledgers.save(old.claim, Ledger(), LONG)
    assert await ledgers.of_channel(GROUP) == await ledgers.of_channel(TOPIC) == {}
    assert set(await ledgers.due(NOON, 10)) == {
        (GREATER, KEY),
        (f"{GREATER}/7", KEY),
        ("telegram:-12", KEY),
    }
    found = await claimed(ledgers, channel=GREATER)
    assert found.ledger == LEDGER
    assert found.subscription.channel == GREATER


async def test_what_the_new_channel_has_stays(
    ledgers: RedisLedgers, subscriptions: RedisSubscriptions
) -> None:
    newer = replace(LEDGER, date=date(2026, 3, 9), outgoing=None)
    for channel, ledger, due in ((GROUP, LEDGER, NOON), (GREATER, newer, TOMORROW)):
        subscription = a_subscription(channel)
        await subscriptions.put(subscription)
        await ledgers.open(subscription, ledger, due)
    for _ in range(2):
        await ledgers.move(GROUP, GREATER)
        await subscriptions.move(GROUP, GREATER)
    assert await kept(ledgers, GREATER) == newer
    assert await ledgers.due(NOON, 10) == ()
    assert await ledgers.due(TOMORROW, 10) == ((GREATER, KEY),)


async def test_who_looks_while_a_channel_moves_does_not_make_it_forgotten(
    ledgers: RedisLedgers, subscriptions: RedisSubscriptions
) -> None:
    """Another process may find the new channel due before its subscriptions have come."""
    subscription = a_subscription(GROUP)
    await subscriptions.put(subscription)
    await ledgers.open(subscription, LEDGER, NOON)
    await ledgers.move(GROUP, GREATER)
    for channel, key in await ledgers.due(NOON, 10):
        assert await ledgers.claim(channel, key, LONG) is None
    await subscriptions.move(GROUP, GREATER)
    assert await ledgers.due(NOON, 10) == ((GREATER, KEY),)


# All of it


@pytest.mark.parametrize("seed", range(6))
async def test_whoever_has_claimed_last_is_the_only_one_who_writes(
    ledgers: RedisLedgers, followed: Subscription, seed: int
) -> None:
    """Against a model: any order of claims, writes and ends, by any number of holders."""
    rng = random.Random(seed)
    claims: list[Claim] = []
    holder, is_held, expected = None, False, LEDGER
    for number in range(120):
        step = rng.choice(["claim", "claim", "save", "close", "renew", "release"])
        seconds = rng.choice([0, LONG])
        ledger = Ledger(heads={"main": sha_of(number)}, since=NOON)
        if step == "claim":
            found = await ledgers.claim(CHANNEL, KEY, seconds)
            assert (found is None) is is_held
            if found:
                assert found.ledger == expected
                assert all(found.claim.fence > claim.fence for claim in claims)
                claims.append(found.claim)
                holder, is_held = found.claim, seconds > 0
            continue
        if not claims:
            continue
        claim = rng.choice([*claims, claims[-1], claims[-1]])
        wins = claim is holder
        if step == "release":
            await ledgers.release(claim)
            is_held = is_held and not wins
        elif step == "renew":
            assert await ledgers.renew(claim, seconds) is wins
            is_held = seconds > 0 if wins else is_held
        elif step == "save":
            assert await ledgers.save(claim, ledger, seconds) is wins
            is_held = seconds > 0 if wins else is_held
        else:
            assert await ledgers.close(claim, ledger, datetime.now(UTC)) is wins
            holder, is_held = (None, False) if wins else (holder, is_held)
        if wins and step in ("save", "close"):
            expected = ledger
        assert await kept(ledgers) == expected
