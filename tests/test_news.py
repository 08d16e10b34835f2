"""What is new to those who follow branches, told from the histories' own graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from analyzers.errors import RevisionNotFound, SourceError
from analyzers.model import Commit, LeftOut, Remark, RemarkCode
from bot.deliveries.cursor import MOST_RETIRED
from bot.deliveries.news import News, gather
from bot.globs import selected_branches
from bot.ports import CommitSource
from bot.subscriptions import Filters
from tests.contracts.test_sources import by_git, by_github, on_github
from tests.histories import Change, History, Team
from tests.repositories import START, git
from tests.servers.github import GitHubServer

FOLLOWED: Final = ("main", "dev", "side/*")


async def nobody() -> Collection[str]:
    raise AssertionError("dates have no say here")


async def news(
    source: CommitSource,
    heads: Mapping[str, str],
    *branches: str,
    most: int = 500,
    first_parent: bool = False,
    since: datetime | None = None,
    window_since: datetime | None = None,
    now: datetime = START + timedelta(days=900),
    reported: Collection[str] | None = None,
) -> News:
    async def shown() -> Collection[str]:
        return await nobody() if reported is None else reported

    filters = Filters(branches=branches, first_parent=first_parent)
    return await gather(
        source,
        filters,
        heads,
        since,
        window_since=window_since,
        now=now,
        most=most,
        reported=shown,
    )


class Follower:
    """Takes every edition of a history, and knows from its graph alone what has to be in each."""

    def __init__(self, history: History, most: int = 500, *, first_parent: bool = False) -> None:
        """Follow from now on."""
        self.history = history
        self.most = most
        self.first_parent = first_parent
        self.heads: Mapping[str, str] = self._tips()
        self.delivered = history.reach(self.heads.values())
        self.ends = dict(self.heads)
        """Where each branch was when it was last there."""
        self.put_back: set[str] = set()
        """Those that are gone, and that another branch has reached since."""
        self.followed = set(self.heads)
        self.kinds: set[str] = set()
        """What has occurred."""

    def _tips(self) -> dict[str, str]:
        here = self.history.branches
        return {name: here[name] for name in selected_branches(FOLLOWED, here)}

    async def read(self, source: CommitSource) -> None:
        """Take an edition, and look at every word of it."""
        tips = self._tips()
        told = news(source, self.heads, *FOLLOWED, most=self.most, first_parent=self.first_parent)
        if not tips:
            with pytest.raises(RevisionNotFound):
                await told
            self.kinds.add("nothing there")
            return
        found = await told
        assert {tip.branch: tip.sha for tip in found.tips} == tips
        reached = self.history.reach(tips.values())
        assert not found.found_on.keys() & found.left_out.keys()
        assert found.found_on.keys() | found.left_out.keys() == reached - self.delivered
        self._check_shown(found)
        self._check_remarks(found, tips, reached)
        self.delivered |= reached
        self.heads = found.heads
        self.ends |= tips
        self.put_back = {n for n in self.ends if n not in tips and self.ends[n] in reached} | (
            self.put_back - tips.keys()
        )
        self.followed = set(tips)

    def _check_shown(self, found: News) -> None:
        dates = [self.history.commits[sha].committed_at for sha in found.found_on]
        assert dates == sorted(dates, reverse=True)
        assert len(dates) <= self.most
        for sha, branch in found.found_on.items():
            having = [t.branch for t in found.tips if sha in self.history.reach([t.sha])]
            assert branch == having[0]
        self.kinds |= set(found.left_out.values())
        if self.first_parent:
            lines = {sha for tip in found.tips for sha in self.history.line(tip.branch)}
            assert found.found_on.keys() <= lines
            brought = {s for s, why in found.left_out.items() if why is LeftOut.BROUGHT_IN}
            assert not brought & lines

    def _check_remarks(self, found: News, tips: Mapping[str, str], reached: set[str]) -> None:
        expected, dropped = [], set[str]()
        for branch in tips:
            before = self.history.reach([self.ends[branch]] if branch in self.ends else [])
            remark = Remark(RemarkCode.REWRITTEN, branch, len(before - reached))
            if remark.n and (branch not in self.put_back or remark in found.remarks):
                expected.append(remark)
                dropped |= before - reached
        self._check_known(found, dropped, reached - self.delivered)
        expected += [
            Remark(RemarkCode.BRANCH_GONE, name)
            for name in ("main", "dev")
            if name in self.followed and name not in tips
        ]
        assert list(found.remarks) == expected
        self.kinds |= {remark.code for remark in found.remarks}

    def _check_known(self, found: News, dropped: set[str], new: set[str]) -> None:
        """Each commit that fell out stands for one that makes the same change again."""
        known = {sha for sha, reason in found.left_out.items() if reason is LeftOut.KNOWN}
        before, after, left_out = map(self._changes, (dropped, new, known))
        if LeftOut.TOO_MANY in found.left_out.values() or self.first_parent:
            assert left_out <= before & after
        else:
            assert left_out == before & after

    def _changes(self, shas: Collection[str]) -> Counter[object]:
        """What these commits change; one that changes nothing is known by when it was written."""
        commits = (self.history.commits[sha] for sha in shas if sha in self.history.changes)
        return Counter(commit.files or commit.authored_at for commit in commits)


async def test_every_commit_is_new_once_whatever_happens_to_the_branches() -> None:
    """Invariants 1 and 2: in memory, where thousands of pushes are quick."""
    kinds: set[str] = set()
    for seed in range(60):
        history = History()
        team = Team(history, seed)
        most = 500 if seed % 3 else 4
        follower = Follower(history, most, first_parent=seed % 4 == 3)
        for _ in range(25):
            team.push()
            await follower.read(history.source())
        kinds |= follower.kinds
    assert kinds == {
        *("nothing there", RemarkCode.REWRITTEN, RemarkCode.BRANCH_GONE),
        *(LeftOut.BROUGHT_IN, LeftOut.KNOWN, LeftOut.TOO_MANY),
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_commit_of_a_real_repository_is_new_once(tmp_path: Path, seed: int) -> None:
    """Invariants 1 and 2."""
    history = History(tmp_path / "repository")
    team = Team(history, seed)
    follower = Follower(history)
    history.publish()
    async with by_git(tmp_path / "repository") as source:
        for _ in range(14):
            team.push()
            await follower.read(source)


async def test_every_commit_on_a_forge_is_new_once(tmp_path: Path) -> None:
    """Invariants 1 and 2."""
    history = History(tmp_path / "repository")
    team = Team(history, 3)
    follower = Follower(history)
    history.publish()
    async with by_github(tmp_path / "repository") as source:
        for _ in range(6):
            team.push()
            await follower.read(source)


# A first edition


def grown(history: History, count: int, branch: str = "main", skew: timedelta = timedelta()) -> str:
    """Add so many commits to a branch, an hour apart, and give the last."""
    for _ in range(count):
        history.now += timedelta(minutes=59)
        number = len(history.commits)
        change = Change(f"file-{number}", f"line {number}", history.now)
        parents = [history.branches[branch]] if branch in history.branches else []
        history.branches[branch] = history.commit(parents, change, skew)
    return history.branches[branch]


async def test_a_first_edition_tells_the_time_before_it_and_all_since_it_was_asked_for() -> None:
    """A digest is followed at 10, its first is due the next day: the day before is in it, and so
    is what was merged meanwhile, whatever its date."""
    history = History()
    grown(history, 10)
    history.branches["late"] = history.branches["main"]
    late = grown(history, 1, "late", timedelta(days=-40))
    followed = grown(history, 5)
    merge = history.commit([followed, late], None)
    history.branches["main"] = merge
    line = history.line("main")
    start = history.commits[line[4]].committed_at
    found = await news(
        history.source(), {"main": followed}, "main", window_since=start, now=history.now
    )
    assert list(found.found_on) == [*line[:5], late]
    assert found.heads == {"main": merge}


async def test_without_a_cursor_a_first_edition_is_what_its_time_holds() -> None:
    history = History()
    grown(history, 10)
    history.branches["dev"] = history.line("main")[3]
    grown(history, 2, "dev")
    line, dev = history.line("main"), history.line("dev")
    start = history.commits[line[4]].committed_at
    now = history.now + timedelta(hours=1)
    found = await news(history.source(), {}, "dev", "main", window_since=start, now=now)
    assert found.found_on == dict.fromkeys(dev[:4], "dev") | dict.fromkeys(line[:3], "main")
    assert found.heads == {"dev": dev[0], "main": line[0]}
    assert not found.remarks


async def test_without_a_cursor_a_later_edition_is_the_whole_history() -> None:
    history = History()
    grown(history, 10)
    found = await news(history.source(), {}, "main", most=4)
    assert list(found.found_on) == history.line("main")[:4]
    assert found.left_out == dict.fromkeys(history.line("main")[4:], LeftOut.TOO_MANY)


# Branches that come and go


async def test_a_default_branch_that_was_renamed_goes_on() -> None:
    """Invariant 1."""
    history = History()
    old = grown(history, 3)
    history.branches = {"trunk": old}
    new = grown(history, 1, "trunk")
    found = await news(history.source(), {"main": old})
    assert list(found.found_on) == [new]
    assert (found.heads, found.remarks) == ({"trunk": new}, ())


async def test_a_branch_that_is_gone_is_said_once_and_what_it_brought_stays_known() -> None:
    """Invariants 1 and 2."""
    history = History()
    base = grown(history, 3)
    history.branches["dev"] = history.branches["side/1"] = base
    heads: Mapping[str, str] = {name: grown(history, 1, name) for name in ("dev", "side/1")}
    heads = {"main": base, **heads}
    left = [history.branches.pop(name) for name in ("dev", "side/1")]
    for remarks in ((Remark(RemarkCode.BRANCH_GONE, "dev"),), ()):
        found = await news(history.source(), heads, *FOLLOWED)
        assert (found.remarks, found.found_on) == (remarks, {})
        heads = found.heads
    assert list(heads.values()) == [*left, base]
    history.branches["dev"] = left[0]
    new = grown(history, 1, "dev")
    history.branches["main"] = history.commit([base, left[1]], None)
    found = await news(history.source(), heads, *FOLLOWED)
    assert set(found.found_on) == {new, history.branches["main"]}
    assert (found.heads, found.remarks) == (history.branches, ())


async def test_a_branch_that_is_made_anew_tells_what_is_new_about_it() -> None:
    history = History()
    base = grown(history, 3)
    history.branches["dev"] = base
    old = grown(history, 2, "dev")
    del history.branches["dev"]
    heads = (await news(history.source(), {"main": base, "dev": old}, *FOLLOWED)).heads
    history.branches["dev"] = base
    new = history.commit([grown(history, 1, "dev")], history.changes[old])
    history.branches["dev"] = new
    for remarks in ((Remark(RemarkCode.REWRITTEN, "dev", 2),), ()):
        found = await news(history.source(), heads, *FOLLOWED)
        assert found.remarks == remarks
        heads = found.heads
        if remarks:
            assert [*found.found_on] == history.line("dev")[1:2]
            assert found.left_out == {new: LeftOut.KNOWN}


async def test_a_cursor_remembers_a_limited_number_of_lost_heads() -> None:
    """The oldest fall out."""
    history = History()
    base = grown(history, 1)
    heads: Mapping[str, str] = {"main": base}
    tips: list[str] = []
    for _ in range(MOST_RETIRED + 3):
        tips.append(history.commit([base], Change("file", f"{len(tips)}", history.now)))
        history.branches["main"] = tips[-1]
        heads = (await news(history.source(), heads, "main")).heads
    assert list(heads.values()) == tips[2:]


# A history that was rewritten


def rewritten(count: int, added: int) -> tuple[History, str, str]:
    """A history of which so many commits were made again, and some added; with both tips."""
    history = History()
    root = grown(history, 1)
    old = grown(history, count)
    again = [history.changes[sha] for sha in history.line("main")[:-1]]
    history.branches["main"] = root
    for change in reversed(again):
        history.branches["main"] = history.commit([history.branches["main"]], change)
    return history, old, grown(history, added)


async def test_a_history_that_was_rewritten_as_a_whole_tells_what_was_added() -> None:
    history, old, _ = rewritten(520, 3)
    found = await news(history.source(), {"main": old}, "main", most=50)
    line = history.line("main")
    assert list(found.found_on) == line[:3]
    assert Counter(found.left_out.values()) == {LeftOut.KNOWN: 497, LeftOut.TOO_MANY: 23}
    assert found.remarks == (Remark(RemarkCode.REWRITTEN, "main", 520),)


async def test_known_changes_take_no_place_from_new_ones() -> None:
    history = History()
    root = grown(history, 1)
    old = grown(history, 8)
    moved = history.line("main")[-2::-1]
    history.branches["main"] = root
    grown(history, 6)
    for sha in moved:
        rebased = history.commit([history.branches["main"]], history.changes[sha])
        history.branches["main"] = rebased
    found = await news(history.source(), {"main": old}, "main", most=4)
    assert list(found.found_on) == history.line("main")[8:12]
    assert Counter(found.left_out.values()) == {LeftOut.KNOWN: 8, LeftOut.TOO_MANY: 2}


async def test_a_change_that_was_told_once_is_told_again_the_second_time() -> None:
    """On, and after the rewriting on, off and on: the last is news."""
    history = History()
    on, off = (Change("switch", line, START) for line in ("on", "off"))
    root = history.commit([], off)
    old = history.commit([root], on)
    new = [history.commit([root], on)]
    for change in (off, on):
        new.append(history.commit([new[-1]], change))
    history.branches["main"] = new[-1]
    found = await news(history.source(), {"main": old}, "main")
    assert sorted([*found.found_on, *found.left_out]) == sorted(new)
    assert list(found.left_out.values()) == [LeftOut.KNOWN]
    assert new[1] in found.found_on


@pytest.mark.parametrize("permanent", [True, False])
async def test_old_commits_that_cannot_be_read_are_told_again(
    monkeypatch: pytest.MonkeyPatch, *, permanent: bool
) -> None:
    """Invariant 1: what no branch has nobody has to keep. What may pass is waited for."""
    history, old, new = rewritten(2, 1)
    source = history.source()
    read = source.read

    async def half_gone(shas: Sequence[str]) -> AsyncGenerator[Commit]:
        if old in shas:
            raise SourceError("error-git-objects", permanent=permanent, place="here")
        async for commit in read(shas):
            yield commit

    monkeypatch.setattr(source, "read", half_gone)
    if permanent:
        found = await news(source, {"main": old}, "main")
        assert list(found.found_on) == history.line("main")[:3]
        assert found.found_on[new] == "main"
    else:
        with pytest.raises(SourceError):
            await news(source, {"main": old}, "main")


# A commit that has vanished


async def test_where_the_cursor_is_lost_dates_decide_and_what_was_shown_is_left_aside(
    tmp_path: Path,
) -> None:
    """Invariants 1 and 2, as far as they go: `main` was made anew, and the old one is deleted for
    good. `dev` still knows where it was."""
    history = History(tmp_path / "repository")
    root = grown(history, 1)
    history.branches["dev"] = root
    dev = grown(history, 2, "dev")
    old = grown(history, 3)
    history.branches["main"] = root
    before = grown(history, 1)
    history.now += timedelta(days=2)
    shown = grown(history, 1)
    since = history.now + timedelta(hours=12)
    slow = grown(history, 1)
    history.now = since
    future = grown(history, 1, skew=timedelta(days=3000))
    history.branches["main"] = history.commit([future, dev], None)
    new = grown(history, 1, "dev")
    history.publish()
    git(tmp_path / "repository", "gc", "-q", "--prune=now")
    heads = {"main": old, "side/1~": "1" * 40, "dev": dev}
    async with by_git(tmp_path / "repository") as source:
        found = await news(source, heads, *FOLLOWED, since=since, now=history.now, reported={shown})
    tip = history.branches["main"]
    assert found.found_on == {future: "main", tip: "main", slow: "main", new: "dev"}
    assert found.remarks == (Remark(RemarkCode.CURSOR_LOST, "main"),)
    assert found.heads == {"main": tip, "dev": new}
    assert before not in found.left_out


async def test_where_nothing_of_the_cursor_is_left_dates_decide_for_every_branch() -> None:
    history = History()
    grown(history, 60)
    history.branches["dev"] = history.branches["main"]
    dev = grown(history, 1, "dev")
    line = history.line("main")
    since = history.commits[line[5]].committed_at + timedelta(days=1)
    found = await news(
        history.source(), {"main": "1" * 40}, *FOLLOWED, since=since, reported={line[2]}
    )
    assert list(found.found_on) == [dev, *line[:2], *line[3:6]]
    assert found.remarks == (Remark(RemarkCode.CURSOR_LOST, "main"),)


# What it costs


async def test_news_of_a_forge_cost_a_comparison(tmp_path: Path) -> None:
    history = History(tmp_path / "repository")
    old = grown(history, 3)
    new = grown(history, 2)
    history.branches["release/1"] = old
    history.publish()
    async with GitHubServer(tmp_path / "repository") as server:
        source = on_github(server)
        heads = {"main": old, "release/1": old}
        found = await news(source, heads, "main", "release/1")
        await source.aclose()
    assert list(found.found_on) == history.line("main")[:2]
    asked = [seen.target.rpartition("/widget")[2] for seen in server.seen]
    assert asked == [
        "/branches/main",
        "/branches/release%2F1",
        f"/compare/{old}...{new}?per_page=100",
    ]
