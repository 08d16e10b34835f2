"""Commits of invented projects, each with the kind and the importance that a careful reader gives.

The shapes are those of real histories: most titles follow no convention. A line of `CASES` holds
the message, the files (`path+added-removed`), the principal kind and the bounds of importance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzers.model import Commit, FileChange, FileStatus, Importance, Kind
from tests.digests import a_commit

SRC = "widget/store/pool.py+40-12"
TESTED = f"{SRC} tests/store/test_pool.py+20-0"
TINY = "widget/cli.py+4-1"
BIG = "widget/engine/planner.py+640-40"
DOCS = "docs/guide.md+14-3"
TESTS = "tests/store/test_pool.py+31-4"
CI = ".github/workflows/tests.yml+6-2"
LOCK = "uv.lock+12-12"

_BOUNDS = {
    "L": (Importance.LOW, Importance.LOW),
    "LM": (Importance.LOW, Importance.MEDIUM),
    "M": (Importance.MEDIUM, Importance.MEDIUM),
    "MH": (Importance.MEDIUM, Importance.HIGH),
    "H": (Importance.HIGH, Importance.HIGH),
}


@dataclass(frozen=True)
class Case:
    """One labelled commit."""

    commit: Commit
    kind: Kind
    at_least: Importance
    at_most: Importance


def a_patch(path: str, added: int, removed: int) -> str:
    """A patch of plain statements, with neither definitions nor comments."""
    lines = [f"@@ -1,{removed} +1,{added} @@"]
    lines += [f"-    old_{path[0]}_{number}.run()" for number in range(removed)]
    lines += [f"+    new_{path[0]}_{number}.run({number})" for number in range(added)]
    return "\n".join(lines)


def a_change(path: str, patch: str, status: FileStatus = FileStatus.MODIFIED) -> FileChange:
    """A file with a patch, its lines counted."""
    signs = [line[:1] for line in patch.split("\n")]
    return FileChange(path, status, signs.count("+"), signs.count("-"), patch=patch)


def changes(spec: str) -> tuple[FileChange, ...]:
    """Files from their short form."""
    found = re.findall(r"(\S+?)\+(\d+)-(\d+)", spec)
    files = [a_change(path, a_patch(path, int(plus), int(minus))) for path, plus, minus in found]
    return tuple(sorted(files, key=lambda file: file.path.encode()))


def commit_of(message: str, files: str | tuple[FileChange, ...] = SRC) -> Commit:
    """A commit with these files, its lines counted."""
    made = changes(files) if isinstance(files, str) else files
    return a_commit(
        message=message,
        files=made,
        additions=sum(file.additions for file in made),
        deletions=sum(file.deletions for file in made),
    )


def cases() -> list[Case]:
    """All labelled commits."""
    return [
        Case(commit_of(message, files), Kind(kind), *_BOUNDS[bounds])
        for message, files, kind, bounds in CASES
    ]


CASES: tuple[tuple[str, str, str, str], ...] = (
    # Conventional commits, kept and bent
    ("feat: stream rows while they are read", TESTED, "feature", "M"),
    ("feat(store)!: return bytes from get", TESTED, "feature", "H"),
    ("fix(store): keep the order of keys (#812)", TESTED, "fix", "M"),
    ("fix: moving the planner tests to nightly (#77)", TESTS, "test", "L"),
    ("perf(engine): cache the plan of repeated queries", TESTED, "performance", "M"),
    ("refactor(engine): split planner into stages", SRC, "refactor", "LM"),
    ("refactor: drop the unused retry argument", TINY, "refactor", "L"),
    ("docs: explain how to avoid a deadlock", DOCS, "docs", "L"),
    ("docs(readme): fix the crash course link", "README.md+1-1", "docs", "L"),
    ("docs: rewrite docstrings of the store", SRC, "docs", "L"),
    ("test: cover the crash of empty pools", TESTS, "test", "L"),
    ("tests(store): wait for the pool", TESTS, "test", "L"),
    ("ci: migrate planner tests to the new runners", CI, "ci", "L"),
    ("ci: raise the timeout of nightly jobs", CI, "ci", "L"),
    ("build: link the engine statically", "CMakeLists.txt+12-3", "build", "LM"),
    ("chore: tidy the scripts", "scripts/tidy.sh+9-9", "chore", "L"),
    ("chore(deps): bump httpkit from 1.4.2 to 1.5.0", "pyproject.toml+1-1", "dependencies", "L"),
    ("build(deps-dev): bump lintkit from 4.0.1 to 5.0.0", LOCK, "dependencies", "LM"),
    ("chore(release): 2.4.0", "pyproject.toml+1-1 CHANGELOG.md+20-0", "release", "M"),
    ("style: reorder imports", SRC, "style", "L"),
    ("style(store): format with the new rules", TINY, "style", "L"),
    ("revert: feat(store): stream rows", SRC, "revert", "M"),
    ("feat(helm) add a budget for each pod", "charts/widget/values.yaml+30-2", "feature", "M"),
    ("Feat/streaming rows of large tables", TESTED, "feature", "M"),
    ("bugfix: omit the field where scaling is on", SRC, "fix", "M"),
    ("fix(ci): pin the runner image", CI, "ci", "L"),
    ("security: validate redirect targets", SRC, "security", "H"),
    ("hotfix: restore login of guests", SRC, "fix", "M"),
    ("wip: new planner", SRC, "chore", "LM"),
    # Tags in brackets
    ("[store] Unify ReadContext and WriteContext (#1649)", TESTED, "refactor", "LM"),
    ("[FP8] Fix scale shape under compilation (#1635)", TESTED, "fix", "M"),
    ("[viewer] feat: support warm-up with resolutions", TESTED, "feature", "M"),
    ("[viewer] fix: fix bench always using one prompt", SRC, "fix", "M"),
    ("[test] update threshold to 2.7 for the merge tests", TESTS, "test", "L"),
    ("[test] Add cache release test (#42)", TESTS, "test", "L"),
    ("[Fix]Pin meshlib version to 0.3.7 on arm", "docker/Dockerfile+1-1", "fix", "M"),
    ("[3/N][Sparse Reads]: Init the coordinator (#1608)", BIG, "feature", "MH"),
    ("[gateway][rpc] Refactor regular/responses.rs", "gateway/src/rpc.rs+80-70", "refactor", "M"),
    ("[gateway] Tighten visibility in modules (#1652)", "gateway/src/lib.rs+9-9", "refactor", "LM"),
    ("[gateway] refactor e2e test infrastructure", f"{TESTS} {CI}", "test", "L"),
    ("[gateway][e2e_test]: Create directory structure", "e2e_test/base.py+200-0", "test", "L"),
    ("[ARM] Fix CI and add retry for clone timeouts", CI, "ci", "L"),
    ("[Auto Sync] Update token_pool.py (20260105)", SRC, "refactor", "LM"),
    ("[Bugfix][Router] Return 400 for malformed payloads", TESTED, "fix", "M"),
    ("[Doc] Fix references to values files", DOCS, "docs", "L"),
    ("[CI/Build] Pin actions to commits", CI, "ci", "L"),
    ("[Feat][Helm] Add a revision to pin versions", TESTED, "feature", "M"),
    ("[breaking] Rename all settings", SRC, "refactor", "H"),
    ("[Misc] Lower the log level", TINY, "chore", "L"),
    ("【模型】支持多轮对话", TESTED, "feature", "M"),
    ("[BUG FIX] export the missing symbol (#23)", SRC, "fix", "M"),
    # A component before a colon
    ("store: fix the age of buckets", SRC, "fix", "M"),
    ("net/http: prevent double close of bodies", SRC, "fix", "M"),
    ("engine, store: share one clock", SRC, "refactor", "LM"),
    ("widget-core: fix nested error downcast (#38)", TESTED, "fix", "M"),
    ("examples: remove redundant borrows", "examples/form.rs+3-6", "docs", "L"),
    ("widget: add docs describing state", "docs/state.md+70-1", "docs", "L"),
    # Plain words
    ("Tiny add --seed-order (#1657)", TINY, "feature", "LM"),
    ("Tiny support routing keys in engine", "widget/engine/keys.py+18-2", "feature", "LM"),
    ("Fix evict window for overlap scheduler and page size > 1", TESTED, "fix", "M"),
    ("fix double Unicode escape issue in streamed arguments", SRC, "fix", "M"),
    ("Migrate sampling tests to test/registered/sampling/", TESTS, "test", "L"),
    ("use async load for encoder_server (#15)", SRC, "refactor", "LM"),
    ("Remove hybrid_ratio in server args (#16)", SRC, "refactor", "LM"),
    ("Support multi-round conversations in bench (#61)", TESTED, "feature", "M"),
    ('Fix the problem where Viewer raises an "object has no attribute', SRC, "fix", "M"),
    ("Add integration tests for block coverage", f"{TESTS} {CI}", "test", "L"),
    ("Implement a provider for remote pools", BIG, "feature", "H"),
    ("Improve performance of plan dispatching", SRC, "performance", "M"),
    ("Reduce memory usage of idle pools", SRC, "performance", "M"),
    ("Speed up start by lazy imports", SRC, "performance", "M"),
    ("Avoid contention of the shutdown waiter", SRC, "performance", "M"),
    ("Optimize lookup of types", SRC, "performance", "M"),
    ("Do not fail on unhashable aliases", TESTED, "fix", "M"),
    ("Correct default class of runtimes", TINY, "fix", "M"),
    ("Respect the zone of schedules", TESTED, "fix", "M"),
    ("Rename Pool to Lease everywhere", "widget/a.py+70-70", "refactor", "M"),
    ("Clean up imports", TINY, "refactor", "L"),
    ("Refactor references of types", SRC, "refactor", "LM"),
    ("Update README.md", "README.md+3-1", "docs", "L"),
    ("Update pool.py", TINY, "refactor", "LM"),
    ("Fix typo in pool error message", TINY, "fix", "L"),
    ("Fix typo in crash handler docs", DOCS, "docs", "L"),
    ("Fix linter warnings", TINY, "fix", "L"),
    ("Add test for crash on empty input", TESTS, "test", "L"),
    ("Add crash reporter", SRC, "feature", "M"),
    ("Add deadlock detection to the pool", SRC, "feature", "M"),
    ("Run migrations without data loss", SRC, "refactor", "LM"),
    ("keep actions updated", CI, "ci", "L"),
    ("Allow reuse of validators", TESTED, "feature", "M"),
    ("Expose log level as a setting and default to INFO", SRC, "feature", "M"),
    ("Use constant-time comparison for tokens", SRC, "refactor", "LM"),
    # What nobody may miss
    ("Fix crash when the pool is empty", TESTED, "fix", "H"),
    ("Fix deadlock between writer and reader", TESTED, "fix", "H"),
    ("Fix data loss on power failure", SRC, "fix", "H"),
    ("Don't panic when an array is used for a path", SRC, "fix", "H"),
    ("Prevent index corruption during compaction", SRC, "fix", "H"),
    ("fix: race condition in trie insert", TINY, "fix", "H"),
    ("Fix memory leak of cached plans", TINY, "fix", "H"),
    ("Fix CVE-2026-1234 by checking paths", TINY, "security", "H"),
    ("Bump cryptokit to 3.0.1 for GHSA-2345-6789-cfgh", LOCK, "security", "H"),
    ("Escape names to stop SQL injection in reports", SRC, "security", "H"),
    ("Fix wrong sum\n\nThe worker could crash on overflow; fix the bound.", SRC, "fix", "M"),
    ("Drop support for Python 3.9", SRC, "refactor", "H"),
    ("Rework settings\n\nBREAKING CHANGE: `url` is now `urls`.", SRC, "refactor", "H"),
    ("Rework settings\n\nThis is a breaking change for callers.", SRC, "refactor", "H"),
    ("Rework settings\n\nThis is a non-breaking change.", SRC, "refactor", "LM"),
    ("Rework settings\n\n- [ ] Breaking change (fix or feature)", SRC, "refactor", "LM"),
    ("Rework settings\n\n## Breaking changes\nNone", SRC, "refactor", "LM"),
    ("Replace the format\n\n此更新不兼容旧版本。", SRC, "refactor", "H"),
    ('Revert "Stream rows while they are read" (#99)', SRC, "revert", "M"),
    ('Revert "docs: fix a link"', DOCS, "revert", "M"),
    ("Roll back the new planner", SRC, "revert", "M"),
    # Releases, dependencies, merges
    ("v2.4.0", "pyproject.toml+1-1", "release", "M"),
    ("Release 2.4.0", "CHANGELOG.md+9-0 setup.py+1-1", "release", "M"),
    ("Bump version to 2.5.0.dev0", "widget/__init__.py+1-1", "release", "M"),
    ("Prepare release v2.4.0b1", "widget/version.py+1-1", "release", "M"),
    ("Bump httpkit from 1.4.2 to 1.4.3", LOCK, "dependencies", "L"),
    ("Bump actions/checkout from 4 to 5", CI, "dependencies", "L"),
    ("Update dependency vite to v6.0.1", "package.json+1-1", "dependencies", "LM"),
    ("Upgrade formkit to 0.0.32", "pyproject.toml+1-1", "dependencies", "L"),
    ("update locks", LOCK, "dependencies", "L"),
    # Gitmoji
    ("🐛 Fix rounding of prices", SRC, "fix", "M"),
    ("✨ Add dark mode", TESTED, "feature", "M"),
    ("⚡️ Faster start", SRC, "performance", "M"),
    (":memo: Describe the cache", DOCS, "docs", "L"),
    ("♻️ Split the store", SRC, "refactor", "LM"),
    ("💥 New wire format", SRC, "refactor", "H"),
    (":arrow_up: Upgrade httpkit", LOCK, "dependencies", "L"),
    ("🔥 Remove old planner", SRC, "refactor", "LM"),
    # Chinese
    ("修复空指针导致的崩溃", SRC, "fix", "H"),
    ("修复分页大小大于 1 时的错误", SRC, "fix", "M"),
    ("新增多轮对话支持", TESTED, "feature", "M"),
    ("支持流式输出", TESTED, "feature", "M"),
    ("优化调度性能", SRC, "performance", "M"),
    ("重构存储模块", SRC, "refactor", "LM"),
    ("更新文档", DOCS, "docs", "L"),
    ("feat：增加重试", TESTED, "feature", "M"),
    ("修复数据丢失问题", SRC, "fix", "H"),
    ("回滚 3f2a1bc", SRC, "revert", "M"),
    ("添加单元测试", TESTS, "test", "L"),
    ("移除对旧格式的支持", SRC, "refactor", "H"),
    # Nearly nothing to go by
    ("", SRC, "refactor", "LM"),
    (".", TINY, "refactor", "LM"),
    ("update", TINY, "refactor", "LM"),
    ("wip", TINY, "refactor", "LM"),
    ("(#12)", DOCS, "docs", "L"),
    ("Add logo", "assets/logo.png+0-0", "feature", "L"),
)
