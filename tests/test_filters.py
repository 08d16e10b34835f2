"""Which commits a digest shows, which it leaves out, and that it says so."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import EmptyRepository, RevisionNotFound
from analyzers.model import (
    Commit,
    Day,
    Digest,
    FileChange,
    FileStatus,
    Importance,
    LeftOut,
    Person,
    Range,
)
from analyzers.ports import Analyzer
from analyzers.rules import RulesAnalyzer
from bot.branches import MAX_BRANCHES, branches_of, tips_of
from bot.digest import DigestRequest, make_digest
from bot.filters import is_author, left_out_read, left_out_unread
from bot.globs import branch_glob, path_glob, selected_branches
from bot.sources.git import GitSource
from bot.spans import AskedSpan
from bot.subscriptions import EVERYTHING, Filters
from formatters.digest import outline
from formatters.text import LANGUAGES, words_for
from tests.digests import ADA, NOON, a_commit, rules_analysis
from tests.fakes import NOBODY, MemorySource, RecordingAnalyzer
from tests.repositories import Repo, git

BOT = Person("renovate[bot]", "29139614+renovate[bot]@users.noreply.forge.example")


def changing(*paths: str) -> tuple[FileChange, ...]:
    return tuple(FileChange(path, FileStatus.MODIFIED, 1, 0) for path in paths)


async def digest_of(
    source: MemorySource | GitSource,
    filters: Filters = EVERYTHING,
    span: AskedSpan | None = None,
    analyzer: Analyzer | None = None,
) -> Digest:
    return await make_digest(
        source,
        analyzer or RulesAnalyzer(),
        DigestRequest(span, "UTC", "en", filters),
        account=NOBODY,
        workers=4,
        now=NOON,
        progress=lambda done, total: None,
    )


def shas_of(digest: Digest) -> set[str]:
    return {entry.commit.sha for entry in digest.entries}


# Patterns


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("src/**", "src/a src/a/b", "src source/a lib/src/a"),
        ("src", "src src/a lib/src/a", "source"),
        ("docs/", "docs/a lib/docs/a/b", "docs lib/docs"),
        ("/docs", "docs docs/a", "lib/docs"),
        ("*.py", "a.py src/b.py", "a.pyc py"),
        ("src/*.py", "src/a.py", "src/b/a.py a.py"),
        ("src/**/test", "src/test src/a/b/test/c", "test src/tests"),
        ("**/test/*.py", "test/a.py a/b/test/c.py", "test/a/b.py"),
        ("a?c", "abc x/abc", "ac a/c"),
        ("[ab].c", "a.c x/b.c", "c.c"),
        ("**", "a a/b", ""),
        ("**/", "a/b", "a"),
        ("a/**/", "a/b/c", "a/b"),
        ("功能/*", "功能/缓存", "功能"),
        ("[x", "[x", "x"),
    ],
)
def test_paths_match_like_git_s_own_rules(pattern: str, matched: str, others: str) -> None:
    glob = path_glob(pattern)
    assert [path for path in matched.split() if not glob.matches(path)] == []
    assert [path for path in others.split() if glob.matches(path)] == []


@pytest.fixture(scope="module")
def ignoring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose ignore rules the tests write."""
    return Repo(tmp_path_factory.mktemp("ignoring") / "repository").path


segments = st.sampled_from(["a", "b", "ab", "a.py", "*", "*.py", "a*", "?", "[ab]", "**", "a**b"])
patterns = st.builds(
    lambda start, parts, end: f"{start}{'/'.join(parts)}{end}",
    st.sampled_from(["", "", "/"]),
    st.lists(segments, min_size=1, max_size=4),
    st.sampled_from(["", "", "/"]),
)
names = st.sampled_from(["a", "b", "ab", "c", "a.py", "b.py", "axb"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(pattern=patterns, given_paths=st.lists(paths, min_size=30, max_size=30, unique=True))
def test_paths_match_as_git_itself_says(
    ignoring: Path, pattern: str, given_paths: list[str]
) -> None:
    (ignoring / ".gitignore").write_text(f"{pattern}\n")
    # With a file that is always ignored, git does not fail for want of any.
    (ignoring / ".git" / "info" / "exclude").write_text("/always\n")
    asked = "\0".join([*given_paths, "always"]).encode()
    told = git(ignoring, "check-ignore", "--no-index", "-z", "--stdin", stdin=asked)
    ignored = set(told.split("\0")) - {"", "always"}
    assert {path for path in given_paths if path_glob(pattern).matches(path)} == ignored


@pytest.mark.parametrize("pattern", ["*a" * 90 + "b", "**/a/" * 40 + "b", "a*" * 60 + "/*b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    """Anybody may write a commit whose paths are made for it; a slow match would be minutes."""
    for path in ("a" * 4000, "a/" * 2000, ("a" * 200 + "/") * 20):
        assert not path_glob(pattern).matches(path)


@pytest.mark.parametrize(
    ("patterns", "selected"),
    [
        (["main"], ["main"]),
        (["release/*", "main"], ["release/1.0", "release/1.1", "main"]),
        (["release/**"], ["release/1.0", "release/1.0/fix", "release/1.1"]),
        (["*"], ["main", "release/1.0", "release/1.0/fix", "release/1.1", "wip"]),
        (["*", "-release/**", "-wip"], ["main"]),
        (["-release/**"], ["main", "wip"]),
        (["Main"], []),
        (["ma"], []),
    ],
)
def test_branches_are_selected_by_their_whole_names(
    patterns: list[str], selected: list[str]
) -> None:
    there = ["wip", "release/1.1", "main", "release/1.0", "release/1.0/fix"]
    assert selected_branches(patterns, there) == tuple(selected)
    assert not branch_glob("release/**").matches("release")


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("ada example", True),
        ("ADA@EXAMPLE.ORG", True),
        ("ada", True),
        ("*@example.org", True),
        ("ada*", True),
        ("example", False),
        ("*@example.com", False),
        ("ad?", False),
        ("bots", False),
    ],
)
def test_an_author_is_known_by_name_or_address(pattern: str, *, meant: bool) -> None:
    assert is_author(ADA, pattern) is meant


@pytest.mark.parametrize("pattern", ["bots", "renovate[bot]", "Renovate*"])
def test_a_bot_is_known_as_one_and_by_its_own_name(pattern: str) -> None:
    assert is_author(BOT, pattern)


def test_an_address_without_a_name_matches_no_empty_pattern() -> None:
    assert not is_author(Person("", ""), "*")


# Commits


@pytest.mark.parametrize(
    ("patterns", "reason"),
    [
        ((), None),
        (("src/",), None),
        (("docs/",), None),
        (("lib/",), LeftOut.PATHS),
        (("-docs/",), None),
        (("-docs/", "-src/"), LeftOut.PATHS),
        (("src/", "-*.py"), LeftOut.PATHS),
    ],
)
def test_one_file_that_is_selected_is_enough(
    patterns: tuple[str, ...], reason: LeftOut | None
) -> None:
    commit = a_commit(files=changing("src/a.py", "docs/a.md"))
    assert left_out_unread(commit, Filters(paths=patterns)) is reason


def test_a_file_counts_by_where_it_was_too() -> None:
    moved = FileChange("lib/a.py", FileStatus.RENAMED, 0, 0, previous_path="src/a.py")
    assert left_out_unread(a_commit(files=(moved,)), Filters(paths=("src/",))) is None


def test_a_merge_is_left_out_where_paths_are_asked_for_and_stays_where_some_are_excluded() -> None:
    merge = replace(a_commit(files=()), parents=("a" * 40, "b" * 40))
    assert left_out_unread(merge, Filters(paths=("src/",))) is LeftOut.PATHS
    assert left_out_unread(merge, Filters(paths=("-docs/",))) is None
    assert left_out_unread(merge, EVERYTHING) is None


def test_a_commit_that_was_not_listed_whole_may_touch_anything() -> None:
    """Invariant 1."""
    huge = replace(a_commit(), files_omitted=True)
    assert left_out_unread(huge, Filters(paths=("lib/",))) is None


@pytest.mark.parametrize(
    ("author", "patterns", "reason"),
    [
        (BOT, ("-bots",), LeftOut.BOTS),
        (BOT, ("-bots", "-renovate*"), LeftOut.BOTS),
        (BOT, ("-renovate*",), LeftOut.AUTHORS),
        (BOT, ("bots",), None),
        (BOT, ("ada",), LeftOut.AUTHORS),
        (ADA, ("-bots",), None),
        (ADA, ("bots",), LeftOut.AUTHORS),
        (ADA, ("ada", "-*@example.org"), LeftOut.AUTHORS),
    ],
)
def test_authors_are_asked_for_and_excluded(
    author: Person, patterns: tuple[str, ...], reason: LeftOut | None
) -> None:
    commit = a_commit(author=author, files=changing("a"))
    assert left_out_unread(commit, Filters(authors=patterns)) is reason
    # Of two reasons the author comes first, so that each commit is counted once.
    filters = Filters(authors=patterns, paths=("nowhere",))
    assert left_out_unread(commit, filters) is (reason or LeftOut.PATHS)


def test_the_least_importance_is_shown() -> None:
    for minimum in Importance:
        filters = Filters(minimum=minimum)
        shown = [i for i in Importance if left_out_read(i, filters) is None]
        assert shown == [i for i in Importance if i.rank >= minimum.rank]
    assert left_out_read(Importance.LOW, Filters(minimum=Importance.MEDIUM)) is LeftOut.BELOW_MEDIUM
    assert left_out_read(Importance.MEDIUM, Filters(minimum=Importance.HIGH)) is LeftOut.BELOW_HIGH


# Digests


some_commits = st.lists(
    st.tuples(
        st.sampled_from(["Fix a crash", "Fix typo in docs", "Add a thing", "Update tests", ""]),
        st.sampled_from([ADA, BOT, Person("Bo Example", "bo@example.com")]),
        st.sampled_from([(), ("src/a.py",), ("docs/a.md",), ("src/b.py", "tests/b.py")]),
    ),
    max_size=12,
).map(
    lambda drawn: [
        a_commit(number, message, author=author, files=changing(*paths))
        for number, (message, author, paths) in enumerate(drawn, start=1)
    ]
)
some_filters = st.builds(
    Filters,
    branches=st.sampled_from([(), ("main",), ("*",), ("main", "release/*"), ("-main",)]),
    paths=st.sampled_from([(), ("src/",), ("-docs/",), ("*.py", "-tests/"), ("nowhere",)]),
    authors=st.sampled_from([(), ("-bots",), ("ada",), ("bots",), ("-bo@*", "-ada")]),
    minimum=st.sampled_from(Importance),
)


@given(commits=some_commits.filter(bool), cut=st.integers(0, 12), filters=some_filters)
def test_what_is_shown_and_what_is_left_out_are_the_whole_range(
    commits: list[Commit], cut: int, filters: Filters
) -> None:
    """Invariants 1 and 3: for any history on two branches that share a part of it."""
    own, shared = commits[:cut], commits[cut:]
    main = own[::2] + shared
    release = own[1::2] + shared or main
    source = MemorySource(commits, branches={"main": main, "release/1.0": release})
    analyzer = RecordingAnalyzer(rules_analysis(importance=Importance.MEDIUM))
    digest = asyncio.run(digest_of(source, filters, analyzer=analyzer))
    chosen = selected_branches(filters.branches or ("main",), source.histories)
    covered = {commit.sha for name in chosen for commit in source.histories[name]}
    shown = [entry.commit.sha for entry in digest.entries]
    left_out = sum(n for _, n in digest.left_out)
    assert len(shown) == len(set(shown))
    assert len(shown) + left_out == len(covered)
    assert set(shown) <= covered
    assert all(n > 0 for _, n in digest.left_out)
    # Nothing that its author or paths rule out costs an analysis.
    unread = {c.sha for c in commits if c.sha in covered and left_out_unread(c, filters)}
    assert sorted(sha for sha, _ in analyzer.calls) == sorted(covered - unread)
    for language in LANGUAGES:
        told = outline(digest, words_for(language)).completeness
        numbers = [int(n) for n in re.findall(r"\d+", told.replace("release/1.0", ""))]
        assert numbers[0] == len(covered)
        if left_out:
            assert numbers[-len(digest.left_out) :] == [n for _, n in digest.left_out]
        if left_out and shown:
            assert left_out in numbers[1:-1]


@pytest.fixture
def branching(tmp_path: Path) -> Repo:
    """`main`, which `release/1.0` was merged into, and a `wip` of the day before."""
    repo = Repo(tmp_path / "branching")
    repo.commit({"README.md": "1"}, "Start")
    repo.branch("wip")
    repo.commit({"wip.py": "1"}, "Try something")
    repo.branch("main")
    repo.now += timedelta(days=1)
    repo.commit({"src/a.py": "1"}, "Add a")
    repo.branch("release/1.0")
    repo.commit({"src/a.py": "2"}, "Fix a")
    repo.branch("main")
    repo.merge("release/1.0", message="Merge release/1.0")
    repo.commit({"docs/a.md": "1"}, "Tell of a")
    return repo


async def test_a_commit_on_several_branches_appears_once(branching: Repo) -> None:
    """Invariants 1 and 3, by git."""
    fix = git(branching.path, "rev-parse", "release/1.0")
    source = await GitSource.open_folder(branching.path)
    try:
        both = await digest_of(source, Filters(branches=("release/*", "main")))
        assert both.branch == "release/1.0, main"
        assert both.head == git(branching.path, "rev-parse", "main")
        assert both.left_out == ()
        on = {entry.commit.title: entry.branch for entry in both.entries}
        assert on == {
            "Add a": "release/1.0",
            "Fix a": "release/1.0",
            "Merge release/1.0": "main",
            "Tell of a": "main",
        }
        alone = await digest_of(source, Filters(branches=("release/*",)))
        assert (alone.branch, {entry.branch for entry in alone.entries}) == ("release/1.0", {""})
        everything = await digest_of(source, Filters(branches=("*",)), Range(fix, "HEAD"))
        titles = {entry.commit.title for entry in everything.entries}
        assert titles == {"Merge release/1.0", "Tell of a", "Try something"}
        default = await digest_of(source, Filters(paths=("src/",)))
        assert default.branch == "main"
        assert default.left_out == ((LeftOut.PATHS, 2),)
    finally:
        await source.aclose()


async def test_the_latest_day_is_that_of_the_newest_tip(branching: Repo) -> None:
    source = await GitSource.open_folder(branching.path)
    try:
        digest = await digest_of(source, Filters(branches=("wip", "release/1.0")))
        assert digest.head == git(branching.path, "rev-parse", "release/1.0")
        newest = (await source.head("release/1.0")).committed_at
        assert digest.span == Day(newest.date(), "UTC")
    finally:
        await source.aclose()


class UnlistedError(Exception):
    """The branches were listed where their names were enough."""


def source_with(*names: str) -> MemorySource:
    """Branches of one commit each."""
    commits = [a_commit(number) for number in range(len(names))]
    branches = {name: [commit] for name, commit in zip(names, commits, strict=True)}
    return MemorySource(commits, branches=branches)


async def test_plain_names_need_no_list_of_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    async def listing(self: MemorySource) -> tuple[str, ...]:
        raise UnlistedError

    monkeypatch.setattr(MemorySource, "branches", listing)
    source = source_with("main", "dev")
    for patterns in ((), ("main",), ("dev", "main"), ("main", "-dev")):
        assert await tips_of(source, patterns)
        assert await branches_of(source, patterns)
    with pytest.raises(UnlistedError):
        await tips_of(source, ("d*",))


async def test_a_name_that_is_no_branch_is_not_found() -> None:
    for ask in (tips_of, branches_of):
        with pytest.raises(RevisionNotFound) as caught:
            await ask(source_with("main"), ("*", "gone"))
        assert caught.value.details == {"name": "gone"}


async def test_patterns_that_match_nothing_are_answered_with_what_there_is() -> None:
    source = source_with("main", *(f"topic/{number:02}" for number in range(14)))
    for ask in (tips_of, branches_of):
        with pytest.raises(RevisionNotFound) as caught:
            await ask(source, ("release/*",))
        told = words_for("en").error(caught.value)
        assert told.startswith("No branch of acme/widget matches release/*. There are main, topic/")
        assert told.endswith(" and 5 more.")
    with pytest.raises(RevisionNotFound, match="error-branches-none"):
        await tips_of(source, ("main", "-*"))


async def test_a_pattern_beside_others_may_match_nothing_later_but_not_when_it_is_typed() -> None:
    """A digest of `main` does not fail because the last release branch is gone."""
    source = source_with("main", "dev")
    assert [tip.branch for tip in await tips_of(source, ("main", "release/*"))] == ["main"]
    with pytest.raises(RevisionNotFound) as caught:
        await branches_of(source, ("main", "release/*"))
    assert caught.value.details["patterns"] == "release/*"


async def test_too_many_branches_are_refused_before_any_is_read() -> None:
    many = [f"topic/{number:03}" for number in range(MAX_BRANCHES + 1)]
    assert len(await branches_of(source_with(*many[1:]), ("*",))) == MAX_BRANCHES
    with pytest.raises(RevisionNotFound, match="error-branches-many") as caught:
        await branches_of(source_with(*many), ("*",))
    assert words_for("zh").error(caught.value)


async def test_an_empty_repository_is_empty_whatever_the_pattern(tmp_path: Path) -> None:
    source = await GitSource.open_folder(Repo(tmp_path / "empty").path)
    for patterns in ((), ("main",), ("*",)):
        with pytest.raises(EmptyRepository):
            await tips_of(source, patterns)
    await source.aclose()


# What people read


async def test_a_digest_says_what_it_does_not_show() -> None:
    """Invariant 3."""
    commits = [
        a_commit(1, "Fix a crash at the start", files=changing("src/a.py")),
        a_commit(2, "Update things", author=BOT, files=changing("src/b.py")),
        a_commit(3, "Tell of a thing", files=changing("docs/a.md")),
        a_commit(4, "Fix typo", files=changing("README.md")),
    ]
    filters = Filters(paths=("-docs/",), authors=("-bots",), minimum=Importance.MEDIUM)
    digest = await digest_of(MemorySource(commits), filters)
    assert shas_of(digest) == {commits[0].sha}
    assert outline(digest, words_for("en")).completeness == (
        "4 commits: 1 by rules (no model is set up); "
        "3 more not shown: 1 by bots, 1 by path, 1 below medium"
    )
    assert outline(digest, words_for("zh")).completeness == (
        "4 个提交：1 个仅由规则判断（未配置模型）；"
        "另有 3 个未显示：机器人提交 1 个、路径不符 1 个、重要程度低于中 1 个"
    )


async def test_a_digest_of_which_everything_is_left_out_says_so() -> None:
    """Invariant 3: it is no quiet day."""
    source = MemorySource([a_commit(number, author=BOT) for number in (1, 2)])
    digest = await digest_of(source, Filters(authors=("-bots",)))
    assert digest.entries == ()
    page = outline(digest, words_for("en"))
    assert page.completeness == "2 commits on main, none of them shown: 2 by bots"
    assert page.stats == "No commit shown · main"
    assert outline(digest, words_for("zh")).completeness == (
        "main 上有 2 个提交，均未显示：机器人提交 2 个"
    )


async def test_lines_name_their_branch_where_branches_differ() -> None:
    source = source_with("main", "release/1.0")
    several = outline(await digest_of(source, Filters(branches=("*",))), words_for("en"))
    tags = {line.tags[-1] for section in several.sections for line in section.lines}
    assert tags == {"main", "release/1.0"}
    assert several.stats.endswith("main, release/1.0")
    one = outline(await digest_of(source, Filters(branches=("main",))), words_for("en"))
    assert all("main" not in line.tags for section in one.sections for line in section.lines)
