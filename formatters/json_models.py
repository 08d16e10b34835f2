"""The models of the JSON that other tools read: the contract of `commitcast.digest/1` and
`commitcast.commit/1`, explained in `docs/json.md`.

Within a version fields are only added; a reader ignores those that it does not know. Every field
is always there. The docstrings become the descriptions of `docs/digest.schema.json`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from analyzers import model
from analyzers.text import clean
from formatters.digest import OBJECT_NAME

Text = Annotated[str, BeforeValidator(clean)]
"""Text without control characters: whoever prints it is not surprised."""


class _Model(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Repository(_Model):
    """Whose commits these are."""

    name: Text
    """`owner/name` on a forge, the folder's name for a local repository."""
    url: Text | None = Field(validation_alias="web_url")
    """Its page; null where there is none."""


class Day(_Model):
    """One local calendar day."""

    type: Literal["day"] = "day"
    date: date
    """The day."""
    zone: str
    """The IANA zone whose midnight starts and ends it."""


class Period(_Model):
    """The commits from `since` up to, not including, `until`."""

    type: Literal["period"] = "period"
    since: datetime
    """The first instant."""
    until: datetime
    """The first instant after."""
    zone: str
    """The IANA zone that the limits were given in."""


class Edition(_Model):
    """A scheduled digest: what is new since the one before it."""

    type: Literal["edition"] = "edition"
    date: date
    """The local day that it was due on."""
    zone: str
    """The IANA zone of that day."""
    since: datetime | None
    """When the one before it was made; null for the first."""


class Remark(_Model):
    """Something to know of the history itself."""

    code: model.RemarkCode
    """What it is."""
    branch: Text
    """The branch that it is about; may be empty."""
    n: int
    """A number of commits, where the code has one."""


class Range(_Model):
    """What `head` has and `base` has not."""

    type: Literal["range"] = "range"
    base: Text
    """What is already known."""
    head: Text
    """What is wanted."""


Span = Day | Period | Range | Edition


class Person(_Model):
    """An author or committer as the commit names them."""

    name: Text
    """May be empty."""
    email: Text
    """May be empty or not an address."""
    bot: bool = Field(validation_alias="is_bot")
    """Whether the name or address is one that only automation uses."""


class File(_Model):
    """One changed file."""

    path: Text
    """The path after the commit; before it, for a removed file."""
    status: model.FileStatus
    """What happened to it."""
    additions: int
    """Lines added; 0 for a binary file."""
    deletions: int
    """Lines removed; 0 for a binary file."""
    previous_path: Text | None
    """The path before a rename or copy."""


class Reason(_Model):
    """One ground for an importance."""

    code: model.ReasonCode
    """Which rule spoke."""
    evidence: Text
    """What in the commit made it speak; may be empty."""


class Verdict(_Model):
    """What the rules hold, and how far a model may move that."""

    importance: model.Importance
    """The rules' own judgement."""
    floor: model.Importance
    """No analysis may say less."""
    ceiling: model.Importance
    """No analysis may say more."""
    reasons: tuple[Reason, ...]
    """The grounds, the strongest first."""


class Dependency(_Model):
    """A dependency that moved."""

    name: Text
    """The package."""
    before: Text | None
    """The version before; null when it is new."""
    after: Text | None
    """The version after; null when it is gone."""


class PossibleSecret(_Model):
    """Where the commit seems to add a secret. Its value is nowhere."""

    kind: str
    """What it looks like: `github-token`, `private-key` ..."""
    path: Text | None
    """The file; null where it stands in the message."""
    line: int | None
    """The line of that file after the commit; null in a message."""


class Facts(_Model):
    """What the rules read off the commit, the same whoever analysed it."""

    roles: Annotated[dict[model.FileRole, int], BeforeValidator(dict)]
    """How many files of each role, the most first."""
    components: tuple[Text, ...]
    """The parts of the repository that it touches, the most touched first."""
    symbols_added: tuple[Text, ...]
    """Names that appear."""
    symbols_removed: tuple[Text, ...]
    """Names that disappear."""
    symbols_changed: tuple[Text, ...]
    """Names whose definition or body changed."""
    public_removed: tuple[Text, ...]
    """Those removed that others could have used."""
    dependencies: tuple[Dependency, ...]
    """Dependencies that moved."""
    breaking: tuple[Text, ...]
    """The marks by which the commit says that it breaks something, word for word."""
    references: tuple[Text, ...]
    """Issues, pull requests and CVE numbers that the message names."""
    reverts: Text | None
    """The commit that it reverts: a SHA or a title."""
    follows: tuple[Text, ...]
    """Earlier commits that it says to fix or complete: SHAs, `#123`, or titles."""
    secrets: tuple[PossibleSecret, ...]
    """Where it seems to add passwords, keys or tokens."""
    tests_missing: bool
    """Whether behaviour in source files changed and no test file did."""


class Coverage(_Model):
    """How much of the commit the analysis saw."""

    files_read: int
    """Files whose patch was read whole."""
    files_total: int
    """Files of the commit."""
    partly: tuple[Text, ...]
    """The paths of those that were read in part, the most worth reading first."""
    unread: tuple[Text, ...]
    """The paths of those that were not read and would have been worth it, in the same order. The
    others are generated, vendored, locked, minified, binary or empty."""


class Risk(_Model):
    """Something that may go wrong."""

    text: Text
    """What, and to whom."""
    severity: model.Severity
    """How bad that is."""
    path: Text | None
    """The file of the commit that it stands in."""
    line: int | None
    """The line of that file after the commit."""


class Analysis(_Model):
    """What is known of a commit, by a model or by the rules."""

    analyzer: Text
    """`rules`, or the model's name."""
    analyzed_at: datetime | None
    """When a model wrote it; null from the rules."""
    rules_reason: model.RulesReason | None
    """Why the rules answered; null from a model."""
    language: str | None
    """The language of the texts (BCP 47); null when they are the commit's own words."""
    kinds: Annotated[tuple[model.Kind, ...], Field(min_length=1)]
    """What the commit does, the principal kind first."""
    importance: model.Importance
    """How important it is, between the verdict's floor and ceiling."""
    importance_reason: Text
    """The model's ground for it; empty from the rules."""
    proposed: model.Importance | None
    """The importance that the model asked for; null from the rules."""
    verdict: Verdict
    """The rules' judgement."""
    headline: Text
    """One line that says what changed."""
    summary: tuple[Text, ...]
    """What changed, a sentence or short paragraph each."""
    scope: tuple[Text, ...]
    """Parts of the system and their users that it reaches."""
    architecture: Text
    """What it means for the structure; empty if nothing."""
    performance: Text
    """What it means for speed and memory; empty if nothing."""
    security: Text
    """What it means for security; empty if nothing."""
    risks: tuple[Risk, ...]
    """What may go wrong, the worst first."""
    advice: tuple[Text, ...]
    """What who takes the commit should do."""
    coverage: Coverage
    """How much was read."""
    is_brief: bool
    """Whether a model was asked for the main points only."""
    withheld: int
    """Sentences of the model that were taken out because the commit does not bear them out."""
    facts: Facts
    """What the rules read off it."""


class Tie(_Model):
    """Another commit of the same digest that belongs to this one."""

    kind: model.TieKind
    """What this one is to the other."""
    number: int
    """The other one's number."""


class Commit(_Model):
    """One commit with its analysis."""

    number: int
    """Its number in the digest, from 1, in the order of reading."""
    sha: Annotated[str, Field(pattern=OBJECT_NAME)]
    """The full object name."""
    branch: Text
    """The first of the digest's branches that has it; empty where there is only one."""
    url: Text | None
    """Its page; null where there is none."""
    parents: tuple[str, ...]
    """The parents' object names, first parent first."""
    merge: bool
    """Whether it has more than one parent."""
    author: Person
    """Who wrote it."""
    committer: Person
    """Who put it into the history."""
    authored_at: datetime
    """When it was written."""
    committed_at: datetime
    """When it was committed."""
    title: Text
    """The message's first line; may be empty."""
    message: Text
    """The whole message; may be empty."""
    additions: int
    """Lines added in all files."""
    deletions: int
    """Lines removed in all files."""
    files: tuple[File, ...]
    """What changed against the first parent; empty for a merge."""
    files_omitted: bool
    """Whether the forge listed only a part of the files."""
    ties: tuple[Tie, ...]
    """What it reverts, fixes or completes in this digest, and what does so to it."""
    analysis: Analysis
    """What is known of it."""


class Group(_Model):
    """Commits that are read together. Every commit is in exactly one group."""

    kind: model.GroupKind
    """Why they stand together."""
    name: Text
    """The component, or what the titles have in common; may be empty."""
    importance: model.Importance
    """The highest importance among them."""
    folded: bool
    """Whether one line may stand for all of them."""
    numbers: tuple[int, ...]
    """The numbers of its commits, in the order of reading."""


class Counts(_Model):
    """What can be counted. `analysed` and `by_rules` add up to `commits`, `commits` and `left_out`
    to all commits of the span."""

    commits: int
    """All commits of the digest."""
    people: int
    """Different authors that are no bots, told apart by their names."""
    bots: int
    """Different authors that are bots."""
    additions: int
    """Lines added in all commits."""
    deletions: int
    """Lines removed in all commits."""
    importance: dict[model.Importance, int]
    """Commits of each importance, also of those that none has."""
    kinds: dict[model.Kind, int]
    """Commits of each principal kind that one has, the most frequent first."""
    analysed: int
    """Commits that a model analysed."""
    read_in_part: int
    """Those of `analysed` of which something was not read that is worth it."""
    by_rules: dict[model.RulesReason, int]
    """Commits shown with what the rules know, by the reason."""
    left_out: dict[model.LeftOut, int]
    """Further commits of the span that are not shown, by the reason."""


class DigestDocument(_Model):
    """What happened on one or more branches in one span of time or history."""

    format: Literal["commitcast.digest/1"] = "commitcast.digest/1"
    generated_at: datetime
    """When the digest was made."""
    language: str
    """The language that it was asked for in (BCP 47)."""
    repository: Repository
    branch: Text
    """The branch, the branches with commas between them, or the name that a range ends in."""
    head: str
    """The commit at the branch's tip when the digest was made; of several, at the newest tip."""
    span: Annotated[Span, Field(discriminator="type")]
    """What the digest covers."""
    remarks: tuple[Remark, ...]
    """What is to be said of the history itself; mostly empty."""
    overview: tuple[Text, ...]
    """What it was about by a model, at most three sentences; mostly empty without one."""
    counts: Counts
    groups: tuple[Group, ...]
    """In the order of reading; empty on a quiet day."""
    commits: tuple[Commit, ...]
    """Every commit that is shown, in the order of their numbers."""


class CommitDocument(_Model):
    """One commit, analysed by itself."""

    format: Literal["commitcast.commit/1"] = "commitcast.commit/1"
    repository: Repository
    commit: Commit
