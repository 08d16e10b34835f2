"""The arranging of a digest: groups, their order, and numbers (invariants 1 and 3)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.grouping import arrange, placed, rearranged
from analyzers.model import Analysis, Commit, Group, GroupKind, Importance, Kind, Person
from analyzers.rules import rules_analysis
from tests.digests import ADA, NOON, sha_of
from tests.growth import grows_no_faster_than_its_material
from tests.rules_cases import commit_of

BOT = Person("widget-bot", "bot@example.org")
Pair = tuple[Commit, Analysis]


def a_pair(
    number: int,
    title: str,
    importance: Importance = Importance.MEDIUM,
    components: tuple[str, ...] = (),
    *,
    kind: Kind = Kind.FEATURE,
    author: Person = ADA,
    parents: int = 1,
) -> Pair:
    """A commit, the later the higher its number, and an analysis that says this of it."""
    commit = replace(
        commit_of(title),
        sha=sha_of(number),
        author=author,
        parents=tuple(sha_of(1000 + n) for n in range(parents)),
        committed_at=NOON + timedelta(minutes=number),
    )
    analysis = rules_analysis(commit)
    facts = replace(analysis.facts, components=components)
    return commit, replace(analysis, kinds=(kind,), importance=importance, facts=facts)


def shape(groups: Sequence[Group]) -> list[tuple[str, str, int]]:
    """Kind, name and size of each group."""
    return [(group.kind.value, group.name, len(group.entries)) for group in groups]


TITLES = st.text(max_size=20) | st.sampled_from(
    ("", "Add rows", "Move a tests to all/tests/a/", "Move b tests to all/tests/b/", "修复崩溃")
)
PAIRS = st.lists(
    st.builds(
        a_pair,
        number=st.integers(1, 40),
        title=TITLES,
        importance=st.sampled_from(Importance),
        components=st.lists(st.sampled_from(["store", "Store", "ui", ""]), max_size=3).map(tuple),
        kind=st.sampled_from(Kind),
        author=st.sampled_from([ADA, BOT]),
        parents=st.integers(0, 2),
    ),
    max_size=30,
    unique_by=lambda pair: pair[0].sha,
)


@given(PAIRS, st.randoms(use_true_random=False))
def test_every_commit_is_in_one_group_and_numbered_in_reading_order(
    pairs: list[Pair], shuffler: random.Random
) -> None:
    """Invariants 1 and 3."""
    groups = arrange(pairs)
    entries = [entry for group in groups for entry in group.entries]
    assert sorted(entry.commit.sha for entry in entries) == sorted(c.sha for c, _ in pairs)
    assert [entry.number for entry in entries] == list(range(1, len(pairs) + 1))
    for group in groups:
        ranks = [entry.analysis.importance.rank for entry in group.entries]
        assert group.importance.rank == max(ranks)
        assert (group.kind is GroupKind.ATTENTION) == (max(ranks) == Importance.HIGH.rank)
    assert [g.importance.rank for g in groups] == sorted(
        (g.importance.rank for g in groups), reverse=True
    )
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    assert arrange(shuffled) == groups


def test_nothing_happened_is_no_groups() -> None:
    assert arrange([]) == ()


def test_attention_comes_first_newest_first_whoever_wrote_it() -> None:
    pairs = [
        a_pair(1, "Fix crash", Importance.HIGH),
        a_pair(2, "Bump kit", Importance.HIGH, kind=Kind.DEPENDENCIES, author=BOT),
        a_pair(3, "Add rows"),
        a_pair(4, "Merge it", Importance.HIGH, kind=Kind.MERGE, parents=2),
    ]
    first, *_ = arrange(pairs)
    assert first.kind is GroupKind.ATTENTION
    assert [entry.commit.sha for entry in first.entries] == [sha_of(4), sha_of(2), sha_of(1)]


def test_groups_go_by_importance_then_size_and_folded_ones_come_after() -> None:
    pairs = [
        *(a_pair(n, f"Add {n}", components=("ui",)) for n in (1, 2)),
        *(a_pair(n, f"Add {n}", components=("store",)) for n in (3, 4, 5)),
        a_pair(6, "Bump a", Importance.LOW, kind=Kind.DEPENDENCIES, author=BOT),
        a_pair(7, "Bump b", kind=Kind.DEPENDENCIES),
        a_pair(8, "Sync texts", Importance.LOW, author=BOT),
        a_pair(9, "Merge it", Importance.LOW, kind=Kind.MERGE, parents=2),
        *(a_pair(n, f"Tidy {n}", Importance.LOW, ("ui",)) for n in (10, 11)),
    ]
    assert shape(arrange(pairs)) == [
        ("component", "store", 3),
        ("component", "ui", 2),
        ("dependencies", "", 2),
        ("component", "ui", 2),
        ("bots", "", 1),
        ("merges", "", 1),
    ]


def test_commits_alone_with_their_component_are_gathered_at_the_end() -> None:
    pairs = [
        *(a_pair(n, f"Add {n}", components=(f"part{n}",)) for n in (1, 2, 3)),
        *(a_pair(n, f"Add {n}", components=("store",)) for n in (4, 5)),
        a_pair(6, "Add it"),
    ]
    assert shape(arrange(pairs)) == [("component", "store", 2), ("component", "", 4)]
    assert shape(arrange(pairs[:2])) == [("component", "part1", 1), ("component", "part2", 1)]


def test_a_commit_joins_the_larger_of_its_components_in_its_usual_spelling() -> None:
    pairs = [
        a_pair(1, "Add one", components=("Gateway",)),
        a_pair(2, "Add two", components=("gateway", "rpc")),
        a_pair(3, "Add three", components=("rpc", "gateway")),
    ]
    assert shape(arrange(pairs)) == [("component", "gateway", 3)]


PLACES = ["sampling", "metrics", "parsing", "Constrained Decoding", "HiCache 1-GPU", "Mamba/Layers"]


def test_titles_of_one_template_fold_whatever_prefix_they_have() -> None:
    titles = [
        f"{'ci: migrate' if n % 2 else 'Migrate'} {place} tests to test/registered/{n}/ (#{n})"
        for n, place in enumerate(PLACES)
    ]
    pairs = [a_pair(n, title, Importance.LOW) for n, title in enumerate(titles)]
    pairs.append(a_pair(90, "Migrate settings", Importance.LOW))
    assert shape(arrange(pairs)) == [
        ("alike", "Migrate … tests to test/registered/…", 6),
        ("component", "", 1),
    ]


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        (["Update README.md"] * 3, "Update README.md"),
        (["Fix typo in a", "Fix typo in b", "Fix typo in the c d"], "Fix typo in …"),
        (["更新甲的文档说明", "更新乙的文档说明", "更新丙丁的文档说明"], "更新…的文档说明"),
        (["Add x", "Add y", "Add z"], None),
        (["wip", "more", "done"], None),
    ],
)
def test_low_commits_that_say_the_same_fold(titles: list[str], name: str | None) -> None:
    pairs = [a_pair(n, title, Importance.LOW, ("ui",)) for n, title in enumerate(titles)]
    (group,) = arrange(pairs)
    assert group.is_folded == (name is not None)
    assert group.name == (name or "ui")


def test_different_fixes_of_one_part_are_not_alike() -> None:
    titles = ["Fix rounding in parser", "Fix order in parser", "Fix colours in parser"]
    assert shape(arrange([a_pair(n, title) for n, title in enumerate(titles)])) == [
        ("component", "", 3)
    ]


def test_two_that_say_the_same_stay_apart() -> None:
    pairs = [a_pair(n, "Update README.md", Importance.LOW) for n in (1, 2)]
    assert shape(arrange(pairs)) == [("component", "", 2)]


def test_time_is_linear_in_the_commits_of_a_digest() -> None:
    verbs, things = ("Add", "Fix", "Move", "Support"), ("rows", "pools", "plans", "zones", "keys")
    words = random.Random(7)
    model = a_pair(0, "Add rows")

    def pairs(commits: int) -> list[tuple[Commit, Analysis]]:
        made = []
        for number in range(commits):
            title = " ".join(
                [
                    words.choice(verbs),
                    *(f"{words.choice(things)}{words.randrange(90)}" for _ in range(9)),
                ]
            )
            commit = replace(model[0], sha=sha_of(number), message=title)
            facts = replace(model[1].facts, components=(f"part{number % 97}",))
            made.append((commit, replace(model[1], facts=facts)))
        return made

    def arranged(pairs: list[tuple[Commit, Analysis]]) -> None:
        assert sum(len(group.entries) for group in arrange(pairs)) == len(pairs)

    assert grows_no_faster_than_its_material(arranged, pairs, 625)


def test_what_is_arranged_again_keeps_its_numbers_and_groups_whatever_it_is_by_now() -> None:
    """Invariant 4: a posted digest is edited where it stands, and its numbers are in use."""
    titles = ("Add rows", "Fix pools", "Move plans", "Support zones", "Add keys")
    pairs = [
        a_pair(n, title, importance)
        for n, (title, importance) in enumerate(
            zip(titles, (*Importance, *Importance), strict=False)
        )
    ]
    before = arrange(pairs)
    low = [(commit, replace(a, importance=Importance.LOW)) for commit, a in pairs]
    low[0] = (low[0][0], replace(low[0][1], importance=Importance.HIGH))
    after = rearranged(placed(before), list(reversed(low)))
    assert placed(after) == placed(before)
    assert [e.number for g in after for e in g.entries] == [1, 2, 3, 4, 5]
    for group in after:
        importances = [entry.analysis.importance for entry in group.entries]
        assert group.importance is max(importances, key=lambda importance: importance.rank)
    assert {e.commit.sha: e.analysis for g in after for e in g.entries} == {
        commit.sha: analysis for commit, analysis in low
    }
    assert rearranged(placed(before), pairs) == before


def ties_of(*messages: str) -> dict[int, set[tuple[str, int]]]:
    """What ties commits with these messages: of each commit, by its place, what and to which."""
    commits = [
        replace(commit_of(message), sha=sha_of(number)) for number, message in enumerate(messages)
    ]
    groups = arrange([(commit, rules_analysis(commit)) for commit in commits])
    entries = [entry for group in groups for entry in group.entries]
    places = {entry.number: commits.index(entry.commit) for entry in entries}
    return {
        places[entry.number]: {(tie.kind.value, places[tie.number]) for tie in entry.ties}
        for entry in entries
        if entry.ties
    }


@pytest.mark.parametrize(
    "message",
    [
        f'Revert "Cache tokens (#12)"\n\nThis reverts commit {sha_of(0)}.',
        'Revert "Cache tokens (#12)" (#14)',
        'Revert "Cache tokens"',
        f"回滚提交 {sha_of(0)[:9]}",
    ],
)
def test_a_revert_is_tied_to_what_it_reverts(message: str) -> None:
    assert ties_of("Cache tokens (#12)", message, "Another change") == {
        0: {("reverted-by", 1)},
        1: {("reverts", 0)},
    }


@pytest.mark.parametrize(
    "message",
    [
        f'Fix a leak\n\nFixes: {sha_of(0)[:12]} ("Cache tokens")',
        "Fix a leak\n\nFollow-up to #12.",
        "Fix the regression introduced in #12",
        "fixup! Cache tokens (#12)",
        f"修复泄漏\n\n后续修复 {sha_of(0)[:10]}",
    ],
)
def test_a_fix_is_tied_to_what_it_fixes(message: str) -> None:
    assert ties_of("Cache tokens (#12)", message) == {
        0: {("followed-by", 1)},
        1: {("follows", 0)},
    }


@pytest.mark.parametrize(
    "message",
    ["Fix a leak (#12)", "Fixes #12", "See #12", "Follow-up to #120", f"Use {sha_of(0)[:9]}"],
)
def test_what_is_only_mentioned_is_not_tied(message: str) -> None:
    assert ties_of("Cache tokens (#12)", message) == {}


def test_a_name_that_two_commits_have_ties_nothing() -> None:
    assert ties_of("Cache tokens", "Cache tokens", 'Revert "Cache tokens"') == {}
