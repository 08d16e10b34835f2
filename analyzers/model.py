"""The words of the domain: commits, analyses, digests.

Everything here is frozen and free of I/O. Text that came from a repository has been cleaned
(`analyzers.text.clean`) by the source that read it; it is still untrusted and every formatter
escapes it for its own dialect. All instants are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a commit does, in the words that commit titles use."""

    SECURITY = "security"
    FIX = "fix"
    FEATURE = "feature"
    PERFORMANCE = "performance"
    REFACTOR = "refactor"
    REVERT = "revert"
    DEPENDENCIES = "dependencies"
    TEST = "test"
    DOCS = "docs"
    BUILD = "build"
    CI = "ci"
    STYLE = "style"
    RELEASE = "release"
    MERGE = "merge"
    CHORE = "chore"


class Importance(StrEnum):
    """How much a reader who depends on the repository has to know of a commit."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for low, 1 for medium, 2 for high: importances compare by rank."""
        return ("low", "medium", "high").index(self.value)


class FileRole(StrEnum):
    """What a file is for, told from its path alone."""

    SOURCE = "source"
    TEST = "test"
    DOCS = "docs"
    BUILD = "build"
    CI = "ci"
    CONFIG = "config"
    LOCK = "lock"
    GENERATED = "generated"
    VENDORED = "vendored"
    ASSET = "asset"


class FileStatus(StrEnum):
    """What happened to a file. A changed mode or type counts as modified."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    RENAMED = "renamed"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Person:
    """An author or committer as the commit names them."""

    name: str
    """The display name; may be empty."""
    email: str
    """The address; may be empty or not an address at all."""

    @property
    def is_bot(self) -> bool:
        """Whether the name or the address is one that only automation uses."""
        name = self.name.lower()
        return name.endswith(("[bot]", "-bot", " bot")) or "[bot]@" in self.email.lower()


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a commit."""

    path: str
    """The path after the commit (before it, for a removed file), `/` between its parts."""
    status: FileStatus
    """What happened to it."""
    additions: int
    """Lines added; 0 for a binary file."""
    deletions: int
    """Lines removed; 0 for a binary file."""
    previous_path: str | None = None
    """The path before a rename or copy, otherwise None."""
    patch: str | None = None
    """The hunks in unified format, from the first `@@` on, without a final newline. None for a
    binary file, an empty one, a mode change, and a patch over `MAX_PATCH_BYTES`."""


MAX_PATCH_BYTES = 1_000_000
"""A file's patch beyond this is dropped by every source: nobody reads it, no model takes it, and
forges refuse to render it (GitHub stops at 1 MB of diff, docs.github.com: repository limits)."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, the same whichever source read it."""

    sha: str
    """The full object name: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits."""
    parents: tuple[str, ...]
    """The parents' object names, first parent first; empty for a root commit."""
    author: Person
    """Who wrote the change."""
    committer: Person
    """Who put it into the history."""
    authored_at: datetime
    """When it was written, by the author's clock."""
    committed_at: datetime
    """When it was committed, by the committer's clock; windows of time go by this one."""
    message: str
    """The whole message without surrounding white space; lines end in `\\n`; may be empty."""
    files: tuple[FileChange, ...]
    """What changed against the first parent, in byte order of the paths. Empty for a merge: its
    changes are those of the commits that it brings in."""
    additions: int
    """Lines added in all files, listed or not."""
    deletions: int
    """Lines removed in all files, listed or not."""
    files_omitted: bool = False
    """True when the forge listed only a part of the files (GitHub lists at most 3,000)."""

    @property
    def short_sha(self) -> str:
        """The first seven digits, as people write them."""
        return self.sha[:7]

    @property
    def is_merge(self) -> bool:
        """Whether it has more than one parent."""
        return len(self.parents) > 1

    @property
    def title(self) -> str:
        """The first line of the message; may be empty."""
        return self.message.partition("\n")[0].strip()

    @property
    def body(self) -> str:
        """The message below its first line; may be empty."""
        return self.message.partition("\n")[2].strip()

    def without_patches(self) -> Commit:
        """The same commit, small enough to keep by the thousand."""
        return replace(self, files=tuple(replace(f, patch=None) for f in self.files))


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as people name it and where its pages are."""

    name: str
    """`owner/name` on a forge, the folder's name for a local repository."""
    web_url: str | None = None
    """The address of its page without a trailing slash; None where there is none to link to."""

    def commit_url(self, sha: str) -> str | None:
        """The page of a commit, or None without a forge. `sha` comes from git, never from text."""
        return f"{self.web_url}/commit/{sha}" if self.web_url else None


class Severity(StrEnum):
    """How bad it is if a risk comes true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that may go wrong for those who take the commit."""

    text: str
    """What may happen and to whom."""
    severity: Severity
    """How bad that is."""
    path: str | None = None
    """The file that it stands in, always one of the commit's; None where it has no one place."""
    line: int | None = None
    """The line of that file after the commit, always one that the diff shows; None where the model
    named none."""

    @property
    def place(self) -> str:
        """Where it stands, `src/widget.py:12`; empty where it has no one place."""
        return f"{self.path}:{self.line}" if self.path and self.line else self.path or ""


class ReasonCode(StrEnum):
    """Why the rules hold a commit to be as important as they say; worded by the formatters."""

    SECURITY_FIX = "security-fix"
    SECRET_COMMITTED = "secret-committed"  # noqa: S105 - a word, no secret
    CRASH_FIX = "crash-fix"
    DATA_LOSS_FIX = "data-loss-fix"
    HANG_FIX = "hang-fix"
    BREAKING_MARK = "breaking-mark"
    PUBLIC_REMOVED = "public-removed"
    REVERT = "revert"
    MAJOR_DEPENDENCY = "major-dependency"
    SCHEMA_CHANGE = "schema-change"
    LARGE_CHANGE = "large-change"
    FIX = "fix"
    FEATURE = "feature"
    PERFORMANCE = "performance"
    SOURCE_CHANGE = "source-change"
    DEPENDENCY_CHANGE = "dependency-change"
    DOCS_ONLY = "docs-only"
    TESTS_ONLY = "tests-only"
    CI_ONLY = "ci-only"
    GENERATED_ONLY = "generated-only"
    STYLE_ONLY = "style-only"
    SENSITIVE_CHANGE = "sensitive-change"
    INTERFACE_CHANGE = "interface-change"
    NEW_CHECK = "new-check"
    SMALL_CHANGE = "small-change"
    NO_FILES = "no-files"
    MERGE = "merge"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground for an importance."""

    code: ReasonCode
    """Which rule spoke."""
    evidence: str = ""
    """The words or the name in the commit that made it speak; untrusted, may be empty."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How important the rules hold a commit to be, and how far a model may move that."""

    importance: Importance
    """The rules' own judgement; between floor and ceiling."""
    floor: Importance
    """No analysis may say less."""
    ceiling: Importance
    """No analysis may say more."""
    reasons: tuple[Reason, ...]
    """The grounds, the strongest first; at least one."""


@dataclass(frozen=True, slots=True)
class DependencyMove:
    """A dependency that a manifest or lock file names differently than before."""

    name: str
    """The package's name as the file writes it."""
    before: str | None
    """The version or constraint before; None when it is new."""
    after: str | None
    """The version or constraint after; None when it is gone."""


@dataclass(frozen=True, slots=True)
class PossibleSecret:
    """Where a commit seems to add a password, key or token. Nobody holds its value."""

    kind: str
    """What it looks like, in the words of its mark: `github-token`, `private-key` ..."""
    path: str | None = None
    """The file; None where it stands in the commit's message."""
    line: int | None = None
    """The line of that file after the commit; None in a message."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be read off a commit without judging it; the same for every analyzer."""

    roles: tuple[tuple[FileRole, int], ...] = ()
    """How many files of each role, the most first."""
    components: tuple[str, ...] = ()
    """The parts of the repository that it touches, from its title's scope or its paths, the most
    touched first; at most three."""
    symbols_added: tuple[str, ...] = ()
    """Functions, classes and constants that appear, as far as the patches tell."""
    symbols_removed: tuple[str, ...] = ()
    """Those that disappear and do not reappear elsewhere in the commit."""
    symbols_changed: tuple[str, ...] = ()
    """Those whose definition or body changed."""
    public_removed: tuple[str, ...] = ()
    """Those of `symbols_removed` that others could have used: not in tests, not private by name."""
    dependencies: tuple[DependencyMove, ...] = ()
    """Dependencies that moved."""
    breaking: tuple[str, ...] = ()
    """The marks by which the commit itself says that it breaks something, word for word."""
    references: tuple[str, ...] = ()
    """Issues, pull requests and CVE numbers that the message names (`#123`, `CVE-2026-1234`)."""
    reverts: str | None = None
    """The commit that it reverts: a SHA (may be short) or, failing that, its quoted title."""
    follows: tuple[str, ...] = ()
    """Earlier commits that it says to fix or complete: SHAs (may be short), `#123`, or titles."""
    secrets: tuple[PossibleSecret, ...] = ()
    """Where it seems to add secrets."""
    tests_missing: bool = False
    """True when behaviour in source files changed and no test file did."""


class RulesReason(StrEnum):
    """Why a commit is shown with what the rules know; worded by the formatters."""

    NOT_CONFIGURED = "not-configured"
    NOT_NEEDED = "not-needed"
    DAILY_LIMIT = "daily-limit"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    SERVER_ERROR = "server-error"
    RATE_LIMITED = "rate-limited"
    QUOTA_EXHAUSTED = "quota-exhausted"
    UNAUTHORIZED = "unauthorized"
    MODEL_NOT_FOUND = "model-not-found"
    REQUEST_REJECTED = "request-rejected"
    REFUSED = "refused"
    CUT_OFF = "cut-off"
    EMPTY_REPLY = "empty-reply"
    INVALID_REPLY = "invalid-reply"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a commit the analysis saw."""

    files_read: int
    """Files whose patch was read whole."""
    files_total: int
    """Files of the commit; merges have none."""
    partly: tuple[str, ...] = ()
    """The paths of those that were read in part, the most worth reading first."""
    unread: tuple[str, ...] = ()
    """The paths of those that are worth reading and were not read, the same order. The others are
    generated, vendored, locked, minified, binary or empty, and only counted."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out that anybody would read: a lock file is only counted."""
        return not (self.partly or self.unread)

    @property
    def only_counted(self) -> int:
        """Files that nobody reads."""
        return self.files_total - self.files_read - len(self.partly) - len(self.unread)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of one commit, by a model or by the rules."""

    kinds: tuple[Kind, ...]
    """What the commit does, the principal kind first; at least one."""
    verdict: Verdict
    """The rules' judgement; `importance` lies between its floor and its ceiling."""
    importance: Importance
    """How important the commit is, after all."""
    headline: str
    """One line that says what changed; never empty."""
    facts: Facts
    """What the rules read off the commit."""
    coverage: Coverage
    """How much of it was read."""
    analyzer: str
    """Who analysed it: `rules`, or the model's name."""
    language: str | None
    """The language that the texts below are written in (BCP 47), None when they are the commit's
    own words."""
    summary: tuple[str, ...] = ()
    """What changed, a sentence or short paragraph each."""
    importance_reason: str = ""
    """The model's own ground for its importance; empty from the rules, whose grounds are in
    `verdict.reasons`."""
    proposed: Importance | None = None
    """The importance that the model asked for, before floor and ceiling; None from the rules."""
    scope: tuple[str, ...] = ()
    """Parts of the system and their users that the change reaches."""
    architecture: str = ""
    """What it means for the structure; empty if nothing."""
    performance: str = ""
    """What it means for speed and memory; empty if nothing."""
    security: str = ""
    """What it means for security; empty if nothing."""
    risks: tuple[Risk, ...] = ()
    """What may go wrong, the worst first."""
    advice: tuple[str, ...] = ()
    """What a reader who takes the commit should do."""
    analyzed_at: datetime | None = None
    """When a model wrote it; None from the rules."""
    rules_reason: RulesReason | None = None
    """Why the rules and not a model answered; None from a model."""
    is_brief: bool = False
    """Whether the model was asked for the main points only."""
    withheld: int = 0
    """How many of the model's sentences and places were taken out because the commit does not bear
    them."""

    @property
    def kind(self) -> Kind:
        """The principal kind."""
        return self.kinds[0]

    @property
    def by_model(self) -> bool:
        """Whether a model wrote it."""
        return self.rules_reason is None

    @property
    def is_provisional(self) -> bool:
        """Whether the rules stand in for a model that failed, and that may answer later."""
        return self.rules_reason not in (
            None,
            RulesReason.NOT_CONFIGURED,
            RulesReason.NOT_NEEDED,
            RulesReason.DAILY_LIMIT,
        )


Date = date  # a field of that name hides the class from who resolves annotations later


@dataclass(frozen=True, slots=True)
class Day:
    """A digest of one local calendar day."""

    date: Date
    """The day."""
    zone: str
    """The IANA zone whose midnight starts and ends it."""


@dataclass(frozen=True, slots=True)
class Period:
    """A digest of the commits from `since` up to, not including, `until`."""

    since: datetime
    """The first instant, in UTC."""
    until: datetime
    """The first instant after, in UTC."""
    zone: str
    """The IANA zone that the limits were given in and are shown in."""


@dataclass(frozen=True, slots=True)
class Range:
    """A digest of what `head` has and `base` has not, as `git rev-list base..head` lists it."""

    base: str
    """What is already known: any name of a commit."""
    head: str
    """What is wanted: any name of a commit."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A scheduled digest: what is new since the one before it, whatever the commits' dates say."""

    date: Date
    """The local day that it was due on: a label, which selects nothing."""
    zone: str
    """The IANA zone of that day."""
    since: datetime | None
    """When the one before it was made, in UTC; None for the first."""


Span = Day | Period | Range | Edition


class TieKind(StrEnum):
    """What a commit of a digest has to do with another one of the same digest."""

    REVERTS = "reverts"
    REVERTED_BY = "reverted-by"
    FOLLOWS = "follows"
    FOLLOWED_BY = "followed-by"


@dataclass(frozen=True, slots=True)
class Tie:
    """A commit of the same digest that belongs to this one."""

    kind: TieKind
    """What this one is to the other."""
    number: int
    """The other one's number."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit in a digest."""

    number: int
    """Its number in this digest, from 1, in the order of reading; `/expand 12` means number 12."""
    commit: Commit
    """The commit, without its patches."""
    analysis: Analysis
    """What is known of it."""
    branch: str = ""
    """The first of the digest's branches that has it; empty where there is only one."""
    ties: tuple[Tie, ...] = ()
    """What it reverts, fixes or completes in this digest, and what does so to it."""


class GroupKind(StrEnum):
    """Why commits stand together in a digest."""

    ATTENTION = "attention"
    COMPONENT = "component"
    ALIKE = "alike"
    DEPENDENCIES = "dependencies"
    BOTS = "bots"
    MERGES = "merges"


@dataclass(frozen=True, slots=True)
class Group:
    """Commits of a digest that are read together. Every commit is in exactly one group."""

    kind: GroupKind
    """Why they stand together."""
    name: str
    """The component, or what the titles have in common; empty where the kind says it all."""
    importance: Importance
    """The highest importance among them."""
    entries: tuple[Entry, ...]
    """The commits, in order of their numbers; at least one."""

    @property
    def is_folded(self) -> bool:
        """Whether one line stands for all of them."""
        return self.kind not in (GroupKind.ATTENTION, GroupKind.COMPONENT)


@dataclass(frozen=True, slots=True)
class Placed:
    """Which commits stand together in a digest: a group without what is said of them."""

    kind: GroupKind
    """Why they stand together."""
    name: str
    """As `Group.name`."""
    shas: tuple[str, ...]
    """The commits' full names, in order of their numbers."""


class LeftOut(StrEnum):
    """Why a commit of a digest's span is counted and not shown."""

    BOTS = "bots"
    AUTHORS = "authors"
    PATHS = "paths"
    BELOW_MEDIUM = "below-medium"
    BELOW_HIGH = "below-high"
    BROUGHT_IN = "brought-in"
    """Only what landed itself is asked for, and a merge that is shown brought it in."""
    KNOWN = "known"
    """The same change under another name, which was reported before the history was rewritten."""
    TOO_MANY = "too-many"
    """There are more than anybody reads: the oldest are only counted."""


class RemarkCode(StrEnum):
    """What is said of the history itself; worded by the formatters."""

    REWRITTEN = "rewritten"
    """`branch` was rewritten: `n` commits that were reported are no longer on it."""
    CURSOR_LOST = "cursor-lost"
    """The commit where the last digest ended is gone: commits are chosen by their dates."""
    BRANCH_GONE = "branch-gone"
    """`branch` does not exist any more."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that readers of a digest should know of the history."""

    code: RemarkCode
    branch: str = ""
    """The branch that it is about; may be empty."""
    n: int = 0
    """A number of commits, where the code has one."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What happened on one or more branches in one span of time or history."""

    repository: Repository
    """Whose commits these are."""
    branch: str
    """The branch, the branches with commas between them, or the name that a range ends in."""
    span: Span
    """What it covers."""
    head: str
    """The commit at the branch's tip when the digest was made; of several, at the newest tip."""
    language: str
    """The language it is written in (BCP 47)."""
    groups: tuple[Group, ...]
    """Every commit, grouped, in the order of reading; empty on a quiet day."""
    generated_at: datetime
    """When it was made."""
    left_out: tuple[tuple[LeftOut, int], ...] = ()
    """How many commits of the span are not shown, by the reason, in the order of `LeftOut`. With
    the entries they are all commits of the span."""
    remarks: tuple[Remark, ...] = ()
    """What is to be said of the history itself."""
    overview: tuple[str, ...] = ()
    """What it was about by a model, at most three sentences; empty where the rules are to say."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every commit in the order of reading."""
        return tuple(entry for group in self.groups for entry in group.entries)
