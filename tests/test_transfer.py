"""Data that moves to another server, or back from a copy: all of it, or nothing (invariant 1)."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import InputError, StoreError
from analyzers.model import Importance
from bot import transfer
from bot.deliveries.ledger import Ledger, Outgoing, Stopped
from bot.stores.durable import FAMILIES, PASSING, put_new
from bot.stores.embedded import embedded_server
from bot.stores.families import Entry, Shape, read_entry
from bot.stores.migrations import IMPORTING, open_store
from bot.stores.subscriptions import RedisSubscriptions
from bot.subscriptions import Defaults, Filters, Subscription
from bot.transfer import Into, export_lines, import_entries, line_of, read_export
from tests.deliveries import MADE, Clock, a_courier, a_subscription, opened, subscribe
from tests.living_repository import MAIN, LivingRepository
from tests.outlets import Fault, MemoryOutlet, scripted
from tests.shell import Shell
from tests.stored import CHANNELS, OTHER, SLACK, another_store, fill, require_alike, stored
from tests.test_delivered import a_delivery

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from bot.ports import CommitSource

BY_KIND = {family.kind: family for family in FAMILIES}
DELIVERED = a_delivery(commits=2)
NINE = datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture
async def other(redis: Redis, redis_url: str) -> AsyncIterator[Redis]:
    async with another_store(redis_url) as client:
        yield client


async def exported(redis: Redis) -> bytes:
    return b"".join([chunk async for chunk in export_lines(redis, Counter())])


async def imported(redis: Redis, export: bytes, into: Into = Into.EMPTY) -> None:
    spool = BytesIO()
    read_export(BytesIO(export), spool)
    await import_entries(redis, spool, into)


def refusal(export: bytes) -> InputError:
    """How an export is refused; it is, or the test fails."""
    with pytest.raises(InputError) as caught:
        read_export(BytesIO(export), BytesIO())
    return caught.value


def an_export(*entries: Any) -> bytes:
    """An export of these entries, whatever they are."""
    lines = [{"format": transfer.FORMAT}, *entries, {"entries": len(entries)}]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


# There and back


async def test_a_server_that_data_moves_to_has_all_of_it_and_each_digest_ends_when_it_would_have(
    redis: Redis, tmp_path: Path
) -> None:
    await fill(redis, *CHANNELS)
    export = await exported(redis)
    with tempfile.TemporaryDirectory(prefix="cc") as data:
        async with open_store(None, Path(data)) as other:
            await imported(other, export)
            require_alike(await stored(other), await stored(redis))
            assert not await other.exists("commitcast:1:claims", "commitcast:1:fence")
            assert not await other.keys("commitcast:1:cache:*")
            again = await exported(other)
    assert sorted(again.splitlines()[1:]) == sorted(export.splitlines()[1:])


async def test_a_move_is_one_pipe(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="cc") as old,
        tempfile.TemporaryDirectory(prefix="cc") as new,
    ):
        before = Shell(tmp_path, Path(old), is_forked=True)
        after = Shell(tmp_path, Path(new), is_forked=True)
        async with open_store(None, Path(old)) as redis:
            await fill(redis, SLACK)
            kept = await stored(redis)
        export = await before.run("export")
        assert export.status == 0
        assert "2 subscriptions" in export.err
        cut = await after.run("import", typed=export.out[:-20])
        assert (cut.status, cut.out) == (2, "")
        assert "is not whole" in cut.err
        async with embedded_server(Path(new)) as socket:
            ran = await after.run("import", typed=export.out, REDIS_URL=f"unix://{socket}")
            assert ran.status == 0, ran.err
            assert "2 delivered digests" in ran.out
            async with open_store(f"unix://{socket}", tmp_path) as redis:
                require_alike(await stored(redis), kept)
            again = await after.run("import", typed=export.out)
            assert again.status == 2
            assert "--merge" in again.err
            copy = tmp_path / "copies" / "copy.jsonl"
            assert (await after.run("export", copy)).out == ""
    # A server lists its keys in an order of its own.
    assert sorted(copy.read_text().splitlines()[1:]) == sorted(export.out.splitlines()[1:])
    assert copy.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("fault", [None, Fault.LOST_AFTER])
async def test_digests_go_on_where_they_ended_before_the_move(
    redis: Redis, other: Redis, redis_url: str, tmp_path: Path, fault: Fault | None
) -> None:
    """Invariants 1 and 2, also for a message whose outcome was not known yet."""
    sources: dict[str, CommitSource] = {}
    clock = Clock()
    outlet = MemoryOutlet(now=clock)
    history = LivingRepository("acme/widget", 1, MADE - timedelta(days=9))
    sources["acme/widget"] = history
    before = set(history.commits)
    async with opened(redis_url, tmp_path, sources, clock) as app:
        await subscribe(app, a_subscription(SLACK))
        for _ in range(3):
            history.commit_on(MAIN)
        clock.now = NINE
        outlet.faults = scripted(fault)
        await a_courier(app, outlet).serve(SLACK, "acme/widget")
    await imported(other, await exported(redis))
    async with opened(f"{redis_url}?db=1", tmp_path, sources, clock) as app:
        clock.advance(minutes=5)
        for channel, key in await app.ledgers.due(clock.now, 10):
            await a_courier(app, outlet).serve(channel, key)
        history.commit_on(MAIN)
        clock.now = NINE + timedelta(days=1)
        assert await app.ledgers.due(clock.now, 10) == ((SLACK, "acme/widget"),)
        await a_courier(app, outlet).serve(SLACK, "acme/widget")
    assert [len(one.shas) for one in outlet.shown] == [3, 1]
    assert {sha for one in outlet.shown for sha in one.shas} == set(history.commits) - before
    assert not outlet.violations


# Any value


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
times = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive limits
texts = st.text(max_size=9)
shas = st.dictionaries(texts, texts, max_size=3)


def subscribed(channel: str) -> st.SearchStrategy[Subscription]:
    filters = st.builds(
        Filters,
        branches=st.lists(texts, max_size=2).map(tuple),
        authors=st.lists(texts, max_size=2).map(tuple),
        minimum=st.sampled_from(Importance),
        first_parent=st.booleans(),
    )
    return st.builds(
        Subscription,
        channel=st.just(channel),
        repository=st.text(min_size=1, max_size=20),
        filters=filters,
        at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        zone=texts,
        days=st.lists(st.integers(0, 6), unique=True).map(tuple),
        language=texts,
        made_by=texts,
        made_at=times,
        tells_quiet_days=st.booleans(),
    )


outgoings = st.builds(
    Outgoing, texts, st.dates(), shas, times, times, st.lists(texts).map(tuple), st.none() | times
)
stops = st.builds(Stopped, texts, st.dictionaries(texts, texts | st.integers(0, 9)), times)
ledgers = st.builds(
    Ledger,
    shas,
    st.none() | times,
    st.none() | st.dates(),
    st.none() | outgoings,
    st.none() | stops,
)
defaults = st.builds(Defaults, st.none() | st.just(time(9)), st.none() | texts)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry as a store has it."""
    family = BY_KIND[draw(st.sampled_from([f.kind for f in FAMILIES if f.is_exported]))]
    name = draw(names) if family.is_split else ""
    field, value = draw(names), b""
    if family.shape is Shape.SORTED:
        value = repr(draw(st.floats(allow_nan=False, allow_infinity=False))).encode()
        field = f"{field} {draw(texts)}"
    elif family.adapter:
        made: Any = draw(subscribed(name) if family.kind == "subscriptions" else ledgers)
        if family.kind == "delivered":
            made = replace(DELIVERED, id=name, branch=draw(texts), messages=(draw(texts),))
        elif family.kind == "defaults":
            made = draw(defaults)
        elif family.kind == "usage":
            made = draw(st.integers(0, 10**12))
        field = made.key if family.kind == "subscriptions" else draw(names)
        value = family.adapter().dump_json(made)
    if family.shape is Shape.VALUE:
        field = ""
    ends = draw(times).replace(microsecond=1000) if family.passes else None
    entry = Entry(family, name, field, value, ends)
    return read_entry(family, name, field.encode(), entry.stored, ends)


@given(st.lists(entries(), max_size=4))
def test_whatever_stores_write_comes_back_to_the_byte(written: list[Entry]) -> None:
    lines = b"".join(map(line_of, written))
    ends = json.dumps({"format": transfer.FORMAT}), json.dumps({"entries": len(written)})
    spool = BytesIO()
    counts = read_export(BytesIO(f"{ends[0]}\n".encode() + lines + f"{ends[1]}\n".encode()), spool)
    assert counts == Counter(entry.family.kind for entry in written)
    read = [entry for batch in transfer._batched(spool) for entry in transfer._entries(batch)]
    assert read == written
    assert [entry.stored for entry in read] == [entry.stored for entry in written]


# What is no export


A_SUBSCRIPTION: dict[str, Any] = {
    "kind": "subscriptions",
    "name": "slack:T1/C1",
    "field": "acme/widget",
    "value": json.loads(
        BY_KIND["subscriptions"].adapter().dump_json(a_subscription())  # type: ignore[misc]
    ),
}
DUE: dict[str, Any] = {"kind": "due", "field": "slack:T1/C1 acme/widget", "value": 1.5}
LIST: dict[str, Any] = {
    "kind": "delivered-to",
    "name": "slack:T1/C1",
    "field": "abc",
    "value": 1,
    "expires": "2030-01-01T00:00:00Z",
}

HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "a kind of a later version": ({"kind": "wishes", "field": "x"}, "error-import-kind"),
    "a kind that is not exported": (DUE | {"kind": "claims", "value": "1:2"}, "error-import-kind"),
    "a key elsewhere": (A_SUBSCRIPTION | {"kind": "../cache"}, "error-import-kind"),
    "a word that means nothing": (DUE | {"key": "commitcast:1:due"}, "error-import-line"),
    "no kind": ({"name": "x"}, "error-import-line"),
    "another chat's": (A_SUBSCRIPTION | {"name": "slack:T1/C2"}, "error-import-value"),
    "another repository's": (A_SUBSCRIPTION | {"field": "acme/other"}, "error-import-value"),
    "a value that is none": (A_SUBSCRIPTION | {"value": {}}, "error-import-value"),
    "no value": (A_SUBSCRIPTION | {"value": None}, "error-import-value"),
    "a value where none is": ({"kind": "channels", "field": "x", "value": 1}, "error-import-value"),
    "no field": (A_SUBSCRIPTION | {"field": ""}, "error-import-value"),
    "no name": (A_SUBSCRIPTION | {"name": ""}, "error-import-value"),
    "a name of two words": ({"kind": "channels", "field": "\x1b[2J"}, "error-import-value"),
    "a name where none is": (DUE | {"name": "x"}, "error-import-value"),
    "no number": (DUE | {"value": "soon"}, "error-import-value"),
    "no number at all": (DUE | {"value": float("nan")}, "error-import-value"),
    "an endless number": (DUE | {"value": float("inf")}, "error-import-value"),
    "an end where there is none": (DUE | {"expires": LIST["expires"]}, "error-import-value"),
    "no end where there is one": (LIST | {"expires": None}, "error-import-value"),
    "an end before all time": (LIST | {"expires": "0001-01-01T00:00:00Z"}, "error-import-value"),
    "an end without a zone": (LIST | {"expires": "2030-01-01T00:00:00"}, "error-import-line"),
    "half a character": (DUE | {"field": "\ud800 x"}, "error-import-line"),
}


@pytest.mark.parametrize(("line", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_value_that_no_store_has_written_is_refused_with_its_line(
    line: dict[str, Any], code: str
) -> None:
    caught = refusal(an_export(A_SUBSCRIPTION, DUE, LIST, line))
    assert (caught.code, caught.details["line"]) == (code, 5)


async def test_what_is_cut_off_anywhere_is_refused_and_nothing_is_written(
    redis: Redis, other: Redis
) -> None:
    await fill(redis, SLACK)
    export = await exported(redis)
    lines = export.splitlines(keepends=True)
    for number in range(len(lines)):
        whole, part = b"".join(lines[:number]), lines[number][:-1]
        assert refusal(whole).code in ("error-import-cut", "error-import-format")
        assert refusal(whole + part).code in ("error-import-cut", "error-import-format")
    without_one = b"".join([*lines[:3], *lines[4:]])
    assert refusal(without_one).code == "error-import-cut"
    assert refusal(export + export).code == "error-import-cut"
    with pytest.raises(InputError):
        await imported(other, without_one)
    assert await other.dbsize() == 0


@pytest.mark.parametrize(
    ("export", "code"),
    [
        (b"", "error-import-format"),
        (b"\n", "error-import-format"),
        (b"REDIS0011\xfa\x00", "error-import-format"),
        (b'{"format": "commitcast.digest/1"}\n', "error-import-version"),
        (b'{"format": "commitcast.export/2"}\n', "error-import-version"),
        (an_export()[:-1] + b"[" * 100_000, "error-import-cut"),
        (an_export().replace(b'{"e', b"[" * 100_000 + b'\n{"e'), "error-import-line"),
        (an_export().replace(b'{"e', b'\n{"e'), "error-import-line"),
        (an_export().replace(b'{"e', b'"\xff"\n{"e'), "error-import-line"),
    ],
)
def test_what_is_something_else_is_refused(export: bytes, code: str) -> None:
    assert refusal(export).code == code


def test_a_line_without_an_end_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MOST", 1000)
    stream = BytesIO(an_export().replace(b"\n", b"\n" + b"x" * 9000, 1))
    with pytest.raises(InputError) as caught:
        read_export(stream, BytesIO())
    assert caught.value.code == "error-import-line"
    assert stream.tell() < 2000


# Into what is there


async def test_a_store_that_holds_something_is_left_as_it_is(redis: Redis, other: Redis) -> None:
    await fill(redis, SLACK)
    await fill(other, OTHER)
    before = await stored(other)
    with pytest.raises(InputError) as caught:
        await imported(other, await exported(redis))
    assert caught.value.code == "error-import-occupied"
    require_alike(await stored(other), before)
    assert not await other.exists(IMPORTING)


async def test_caches_are_no_hindrance(redis: Redis, other: Redis) -> None:
    await fill(redis, SLACK)
    await fill(other)
    assert await other.dbsize()
    await imported(other, await exported(redis))
    require_alike(await stored(other), await stored(redis))


async def test_what_is_replaced_is_gone_and_no_claim_on_it_is_worth_anything(
    redis: Redis, other: Redis
) -> None:
    await fill(redis, SLACK)
    await fill(other, *CHANNELS)
    fence = await other.get("commitcast:1:fence")
    await imported(other, await exported(redis), Into.REPLACE)
    require_alike(await stored(other), await stored(redis))
    assert not await other.exists("commitcast:1:claims")
    assert await other.get("commitcast:1:fence") == fence


async def test_what_is_merged_adds_what_is_lacking_and_changes_nothing(
    redis: Redis, other: Redis
) -> None:
    await fill(redis, *CHANNELS)
    export = await exported(redis)
    await fill(other, SLACK)
    subscriptions = RedisSubscriptions(other)
    await subscriptions.change_defaults(SLACK, Defaults(language="en"))
    await subscriptions.put(a_subscription(SLACK, "/a folder", zone="Asia/Tokyo"))
    listed = f"commitcast:1:delivered-to:{SLACK}"
    await other.pexpire(listed, 5000)  # it is to end with what comes
    before = await stored(other)
    for _ in range(2):
        await imported(other, export, Into.MERGE)
    both, expected = await stored(other), await stored(redis) | before
    expected[listed] = both[listed]
    of_all = ("allowed", "channels", "due", "grants", "repairs")
    shared = {f"commitcast:1:{kind}" for kind in of_all}
    require_alike(
        {key: kept for key, kept in both.items() if key not in shared},
        {key: kept for key, kept in expected.items() if key not in shared},
    )
    for key in shared:
        assert len(both[key].value) == len((await stored(redis))[key].value)
    assert both[listed].ends - before[listed].ends > timedelta(days=300).total_seconds()


@pytest.mark.parametrize("into", Into)
async def test_an_import_that_was_stopped_is_repeated_and_meanwhile_nobody_uses_half_of_it(
    redis: Redis, other: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, into: Into
) -> None:
    await fill(redis, *CHANNELS)
    export = await exported(redis)
    monkeypatch.setattr(transfer, "AT_ONCE", 7)
    left = 3

    async def put_some(to: Redis, some: list[Entry]) -> None:
        nonlocal left
        if not (left := left - 1):
            raise StoreError("error-redis-timeout", permanent=False, url="x")
        await put_new(to, some)

    if into is not Into.EMPTY:
        await fill(other, OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(transfer, "put_new", put_some)
        with pytest.raises(StoreError):
            await imported(other, export, into)
    with pytest.raises(StoreError) as caught:
        async with open_store(f"{redis_url}?db=1", Path()):
            pass
    assert caught.value.code == "error-store-importing"
    otherwise = Into.EMPTY if into is Into.MERGE else Into.MERGE
    with pytest.raises(InputError) as refused:
        await imported(other, export, otherwise)
    unfinished = "error-import-unfinished", "error-import-occupied"
    assert refused.value.code == unfinished[into is Into.MERGE]
    await imported(other, export, Into.MERGE if into is Into.MERGE else Into.EMPTY)
    async with open_store(f"{redis_url}?db=1", Path()):
        assert (await stored(other)).keys() == (await stored(redis)).keys()
        if into is not Into.MERGE:
            require_alike(await stored(other), await stored(redis))


# What cannot be read


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("commitcast:1:subscriptions:slack:T1/C1", "acme/widget"),
        ("commitcast:1:ledgers:slack:T1/C1", "acme/widget"),
        ("commitcast:1:defaults:slack:T1/C1", ""),
    ],
)
async def test_a_value_that_cannot_be_read_stops_an_export_and_its_key_is_told(
    redis: Redis, key: str, field: str
) -> None:
    await fill(redis, SLACK, OTHER)
    await (redis.hset(key, field, b"{]") if field else redis.set(key, b"{]"))
    with pytest.raises(StoreError) as caught:
        await exported(redis)
    assert caught.value.code == "error-store-value"
    assert key in str(caught.value.details["key"])
    assert field in str(caught.value.details["key"])


async def test_a_key_that_is_no_text_is_told_too(redis: Redis) -> None:
    await redis.hset(b"commitcast:1:ledgers:\xff", b"x", b"{}")
    with pytest.raises(StoreError) as caught:
        await exported(redis)
    assert "xff" in str(caught.value.details["key"])


async def test_a_digest_that_nobody_can_read_any_more_is_left_out(
    redis: Redis, other: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(redis, SLACK, OTHER)
    key = "commitcast:1:delivered:id-slack:T1-C1"
    await redis.set(key, b"\x00", keepttl=True)
    await imported(other, await exported(redis))
    assert key in caplog.text
    assert not await other.exists(key)
    assert await other.exists("commitcast:1:delivered:id-slack:T1-C2")


def test_every_kind_of_key_is_exported_or_said_not_to_stay() -> None:
    """Who adds a kind declares it beside the code that writes it."""
    root = Path(__file__).parents[1]
    sources = [path.read_text(encoding="utf-8") for path in (root / "bot").rglob("*.py")]
    kinds = {kind for text in sources for kind in re.findall(r"commitcast:1:([a-z-]+)", text)}
    assert "subscriptions" in kinds
    assert kinds <= {*BY_KIND, *PASSING}
