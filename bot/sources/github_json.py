"""What GitHub's REST API answers, checked at the boundary, and the domain's commits made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
)

from analyzers.errors import SourceError
from analyzers.model import Commit, FileStatus, Person
from bot.sources import commits


def _object_name(text: str) -> str:
    if not commits.is_object_name(text):
        raise ValueError("no object name")
    return text


Instant = Annotated[AwareDatetime, AfterValidator(commits.in_calendar)]
Sha = Annotated[str, AfterValidator(_object_name)]
Count = Annotated[int, Field(ge=0, le=2**53)]

# Not only dots: names become paths.
_PART: Final = r"[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*"

STATUSES: Final = {
    "added": FileStatus.ADDED,
    "removed": FileStatus.REMOVED,
    "modified": FileStatus.MODIFIED,
    "changed": FileStatus.MODIFIED,
    "unchanged": FileStatus.MODIFIED,
    "renamed": FileStatus.RENAMED,
    "copied": FileStatus.COPIED,
}
"""GitHub's words for what happened to a file; `changed` is a mode or type, `unchanged` less."""


class Wire(BaseModel):
    """Whatever GitHub adds is ignored; what is needed has to have its own type."""

    model_config = ConfigDict(frozen=True, strict=True)


class Signature(Wire):
    """Who and when, as the commit object says; GitHub's accounts are not looked at."""

    name: str | None = None
    email: str | None = None
    date: Instant | None = None


class GitCommit(Wire):
    """The commit object."""

    message: str
    author: Signature | None = None
    committer: Signature | None = None


class Named(Wire):
    """Anything that is known by its object name."""

    sha: Sha


class ListedCommit(Named):
    """A commit in a list."""

    commit: GitCommit
    parents: tuple[Named, ...]

    @property
    def committed_at(self) -> datetime:
        """The committer's date; the author's where GitHub tells no committer."""
        for signature in (self.commit.committer, self.commit.author):
            if signature and signature.date:
                return signature.date
        raise SourceError("error-github-unexpected", problem="a commit without a date")


class FileEntry(Wire):
    """A file of a commit."""

    filename: str
    status: str
    additions: Count
    deletions: Count
    previous_filename: str | None = None
    patch: str | None = None

    @property
    def lacks_patch(self) -> bool:
        """Whether lines changed and are not shown: GitHub leaves out patches that are large."""
        return not self.patch and self.additions + self.deletions > 0


class Stats(Wire):
    """Lines of a whole commit, also of files that are not listed."""

    additions: Count
    deletions: Count


class CommitAnswer(ListedCommit):
    """`GET /repos/{owner}/{repo}/commits/{ref}`; further pages differ in `files` only."""

    files: tuple[FileEntry, ...] | None = None
    stats: Stats | None = None


class Comparison(Wire):
    """`GET /repos/{owner}/{repo}/compare/{base}...{head}`."""

    total_commits: Count
    commits: tuple[ListedCommit, ...]
    status: str = ""
    """How the head lies to the base: `ahead`, `behind`, `diverged` or `identical`."""


class CommitList(RootModel[tuple[ListedCommit, ...]]):
    """`GET /repos/{owner}/{repo}/commits`."""

    model_config = ConfigDict(frozen=True, strict=True)


class BranchAnswer(Wire):
    """`GET /repos/{owner}/{repo}/branches/{branch}`."""

    name: str
    commit: ListedCommit


class ListedBranch(Wire):
    """A branch in a list."""

    name: str


class BranchList(RootModel[tuple[ListedBranch, ...]]):
    """`GET /repos/{owner}/{repo}/branches`."""

    model_config = ConfigDict(frozen=True, strict=True)


class Tip(Wire):
    """A branch or a tag in a list, with its commit."""

    name: str
    commit: Named


class TipList(RootModel[tuple[Tip, ...]]):
    """`GET /repos/{owner}/{repo}/branches` or `/tags`."""

    model_config = ConfigDict(frozen=True, strict=True)


class Numbered(Wire):
    """Anything that is known by its number."""

    number: Count


class PullList(RootModel[tuple[Numbered, ...]]):
    """`GET /repos/{owner}/{repo}/commits/{sha}/pulls`."""

    model_config = ConfigDict(frozen=True, strict=True)


class RefAnswer(Wire):
    """`GET /repos/{owner}/{repo}/git/ref/{ref}`."""

    ref: str


class PullAnswer(Wire):
    """A pull request: the ends of what it brings in."""

    base: Named
    head: Named


class RepositoryAnswer(Wire):
    """`GET /repos/{owner}/{repo}`."""

    full_name: Annotated[str, Field(pattern=rf"^{_PART}/{_PART}$", max_length=200)]
    default_branch: str
    private: bool
    """Also of those that a company shows to all of its own."""


Answer = TypeVar("Answer", bound=BaseModel)


def parse(kind: type[Answer], body: bytes) -> Answer:
    """An answer's body as its model.

    Raises:
        SourceError: it is no JSON, or JSON of another shape.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"][:4])
        problem = f"{where}: {first['msg']}" if where else first["msg"]
        raise SourceError("error-github-unexpected", problem=problem[:200]) from exc


def with_patches(files: Sequence[FileEntry], diff: str) -> list[FileEntry]:
    """The files, with the patches that they lack taken from the commit's whole diff."""
    parts: dict[str, list[str]] = {}
    for part in commits.split_patch(diff):
        parts.setdefault(commits.path(part.path), []).append(part.hunks)
    alike = Counter(commits.path(file.filename) for file in files)
    filled = []
    for file in files:
        path = commits.path(file.filename)
        found = parts.get(path, [])
        # A changed type is two parts. Names that are no UTF-8 may read alike: both lists are in
        # git's order.
        own = found[:1] if alike[path] > 1 else found[:]
        del found[: len(own)]
        patch = "".join(own) or None
        filled.append(file.model_copy(update={"patch": patch}) if file.lacks_patch else file)
    return filled


def to_commit(answer: CommitAnswer, files: Sequence[FileEntry]) -> Commit:
    """The domain's commit.

    Args:
        answer: the first page.
        files: of all pages; empty for a merge.
    """
    additions = sum(file.additions for file in files)
    deletions = sum(file.deletions for file in files)
    stats = answer.stats if files and answer.stats else None
    committed_at = answer.committed_at
    author = answer.commit.author
    return Commit(
        sha=answer.sha,
        parents=tuple(parent.sha for parent in answer.parents),
        author=_person(author),
        committer=_person(answer.commit.committer),
        authored_at=author.date if author and author.date else committed_at,
        committed_at=committed_at,
        message=commits.message(answer.commit.message),
        files=commits.ordered(
            commits.file_change(
                file.filename,
                status := STATUSES.get(file.status, FileStatus.MODIFIED),
                file.additions,
                file.deletions,
                file.previous_filename
                if status in (FileStatus.RENAMED, FileStatus.COPIED)
                else None,
                file.patch,
            )
            for file in files
        ),
        additions=max(additions, stats.additions) if stats else additions,
        deletions=max(deletions, stats.deletions) if stats else deletions,
        files_omitted=bool(stats and (stats.additions > additions or stats.deletions > deletions)),
    )


def _person(signature: Signature | None) -> Person:
    if signature is None:
        return Person("", "")
    return commits.person(signature.name or "", signature.email or "")
