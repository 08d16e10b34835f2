"""Commits of any repository that git can read: a folder here, or a mirror of an address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from analyzers.errors import (
    AccessRefused,
    EmptyRepository,
    RepositoryNotFound,
    RevisionNotFound,
    SourceError,
)
from analyzers.model import Commit, Range, Repository
from analyzers.text import clean_line
from bot.ports import CommitSource, Head, Node, Notify, Selection, Window
from bot.sources import gitwalk
from bot.sources.commits import is_object_name
from bot.sources.gitcommand import (
    Git,
    check_version,
    isolated_environment,
    users_environment,
)
from bot.sources.gitobjects import GitObjects
from bot.sources.giturls import parse_address, remote_repository
from bot.sources.mirror import Limits, Mirror

BATCH: Final = 500
"""Commits read by one pair of processes; their files' contents are fetched together."""

# Nothing that git would search, look up in a log of movements, or take for an option.
_REVISION: Final = re.compile(
    r"(?!-)(?!.*(?:@\{|\^\{|\.\.))[^\s:\x00-\x1f\x7f?*\[\\\ud800-\udfff]{1,250}"
)
_HEADS: Final = "refs/heads/"
_REMOTES: Final = "refs/remotes/"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the parts of a repository are."""

    git_dir: Path
    objects: Path
    shallow: Path
    object_format: str


@final
class GitSource(CommitSource):
    """Reads one repository with git and never writes to it."""

    def __init__(
        self, repository: Repository, layout: _Layout, place: str, mirror: Mirror | None
    ) -> None:
        """Use `open_folder` or `open_mirror`."""
        self._repository = repository
        self._place = place
        self._refs = Git(isolated_environment(layout.git_dir), place)
        self._objects = GitObjects(layout.objects, layout.object_format, layout.shallow, place)
        self._mirror = mirror

    @classmethod
    async def open_folder(cls, path: Path) -> GitSource:
        """A repository on this machine: a work tree or a folder in it, or a bare repository.

        Raises:
            SourceError: there is none, it may not be read, or git is missing or too old.
        """
        place = clean_line(str(path))
        try:
            folder = await asyncio.to_thread(path.resolve)
            exists = await asyncio.to_thread(folder.is_dir)
        except OSError as exc:
            raise AccessRefused("error-git-permission", place=place) from exc
        except ValueError as exc:  # a byte of zero
            raise RepositoryNotFound("error-git-no-folder", place=place) from exc
        if not exists:
            raise RepositoryNotFound("error-git-no-folder", place=place)
        git = Git(users_environment(), place)
        await check_version(git)
        layout = await _layout(git, folder)
        origin = await Git(isolated_environment(layout.git_dir), place).ask(
            "config", "--get", "remote.origin.url"
        )
        repository = remote_repository(origin.output.decode(errors="replace").strip())
        if not repository:
            top = await git.ask("-C", str(folder), "rev-parse", "--show-toplevel")
            root = layout.git_dir.parent if layout.git_dir.name == ".git" else layout.git_dir
            root = Path(top.output.decode(errors="replace").strip() or root)
            name = clean_line(root.name.removesuffix(".git"))
            repository = Repository(name if name.strip(".") else "repository")
        return cls(repository, layout, place, None)

    @classmethod
    async def open_mirror(
        cls, url: str, data: Path, notify: Notify, limits: Limits | None = None
    ) -> GitSource:
        """A mirror of an address under a data folder, brought up to date.

        Args:
            url: an `https`, `http`, `ssh` or `git` URL, or `user@host:path`.
            data: mirrors are kept in its folder `mirrors`.
            notify: told when the repository is cloned or fetched.
            limits: how long the network may take.

        Raises:
            SourceError: it cannot be reached, asks for other credentials, or git is missing or too
                old.
        """
        address = parse_address(url)
        git = Git(users_environment(), address.url)
        await check_version(git)
        ssh = await git.ask("config", "--get", "core.sshCommand")
        mirror = Mirror(address, data, limits or Limits(), ssh.output.decode().strip())
        await mirror.update(notify)
        # Ours by construction, so whoever owns the folder (a volume's root, say) is trusted.
        trusting = Git(isolated_environment(mirror.path), address.url)
        layout = await _layout(trusting, mirror.path)
        return cls(address.repository, layout, address.url, mirror)

    @property
    def repository(self) -> Repository:
        """The repository as people know it."""
        return self._repository

    async def head(self, branch: str | None) -> Head:
        """The tip of a branch, of the default branch for None."""
        if branch is None:
            ref = await self._refs.ask("symbolic-ref", "-q", "HEAD")
            if ref.code:
                return await self._detached()
            name = ref.output.decode(errors="replace").strip()
            branch = name.removeprefix(_HEADS)
        sha = await self._tip(branch)
        if sha is None:
            raise await self._no_branch(branch)
        return await self._head(branch, sha)

    async def branches(self) -> tuple[str, ...]:
        """The branches here, then those that a folder knows from remotes, as `origin/main`."""
        told = await self._refs.run(
            "for-each-ref", "--format=%(refname)%00%(symref)", _HEADS, _REMOTES
        )
        names = []
        for line in told.splitlines():
            ref, _, points_to = line.partition(b"\0")
            # `origin/HEAD` is another name of a branch. What is no UTF-8 nobody can ask for.
            if not points_to and (name := ref.decode(errors="ignore")).encode() == ref:
                names.append(name.removeprefix(_HEADS).removeprefix(_REMOTES))
        return tuple(names)

    async def is_public(self) -> bool:
        """False: git is given what this machine may read, not what everybody may."""
        return False

    async def list_nodes(self, selection: Selection) -> tuple[Node, ...]:
        """One walk, for a window through the whole history. Commits of the same second stand as
        `git rev-list` has them, children before their parents."""
        head = await self.resolve(selection.head)
        match selection:
            case Range(base):
                return await self.list_new([head], [await self.resolve(base)])
            case Window(_, since, until):
                return await gitwalk.list_window(self._objects.git, head, since, until)

    async def list_new(self, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
        """One walk, sometimes two. A mirror asks the server for commits that it does not have."""
        names = tuple(dict.fromkeys([*heads, *known]))
        for name in names:
            if not is_object_name(name):
                raise RevisionNotFound("error-revision-not-found", name=clean_line(name))
        for sha in await self._objects.no_commits(names):
            await self.resolve(sha)
        return await gitwalk.list_new(self._objects.git, heads, known)

    async def resolve(self, name: str) -> str:
        """The full name of the commit that a (short) SHA of 4 digits or more, branch or tag means.

        A mirror asks the server for a full SHA that is on none of its branches and tags.
        """
        if not _REVISION.fullmatch(name):
            raise RevisionNotFound("error-revision-not-found", name=clean_line(name))
        found = await self._lookup(name)
        if isinstance(found, str):
            return found
        if self._mirror and is_object_name(name):
            try:
                await self._mirror.fetch_commit(name)
            except SourceError as exc:
                if not exc.permanent:
                    raise
                raise found from exc
            found = await self._lookup(name)
            if isinstance(found, str):
                return found
        raise found

    async def read(self, shas: Sequence[str]) -> AsyncGenerator[Commit]:
        """The commits of these full names with their files and patches, each once, in this order.

        At most one commit is in memory at a time.
        """
        for sha in shas:
            if not is_object_name(sha):
                raise RevisionNotFound("error-revision-not-found", name=clean_line(sha))
        once = list(dict.fromkeys(shas))
        for start in range(0, len(once), BATCH):
            batch = once[start : start + BATCH]
            if self._mirror and (missing := await self._objects.missing(batch)):
                await self._mirror.fetch_contents(missing)
            async with aclosing(self._objects.read(batch)) as commits:
                async for commit in commits:
                    yield commit

    async def aclose(self) -> None:
        """Remove what was put aside. Safe to call twice."""
        await asyncio.to_thread(self._objects.close)

    async def _lookup(self, name: str) -> str | RevisionNotFound:
        outcome = await self._refs.ask(
            "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}"
        )
        sha = outcome.output.decode(errors="replace").strip()
        if not outcome.code and is_object_name(sha):
            return sha
        code = "error-revision-not-found"
        if "ambiguous" in outcome.complaint:
            code = "error-revision-ambiguous"
        elif "expected commit type" in outcome.complaint:
            code = "error-revision-no-commit"
        return RevisionNotFound(code, name=clean_line(name))

    async def _tip(self, branch: str) -> str | None:
        """The commit at the tip of a branch, or of one that a folder knows from a remote."""
        if not _REVISION.fullmatch(branch):
            return None
        for ref in (f"{_HEADS}{branch}", f"{_REMOTES}{branch}"):
            # Unlike `rev-parse`, it takes a name for a name and never for an expression.
            shown = await self._refs.ask("show-ref", "--verify", "--hash", ref)
            if not shown.code:
                return shown.output.decode().strip()
        return None

    async def _detached(self) -> Head:
        sha = await self.resolve("HEAD")
        return await self._head(sha[:7], sha)

    async def _no_branch(self, branch: str) -> SourceError:
        any_ref = await self._refs.run("for-each-ref", "--count=1", "refs/heads", "refs/remotes")
        if not any_ref:
            return EmptyRepository("error-repository-empty", place=self._place)
        return RevisionNotFound("error-branch-not-found", name=clean_line(branch))

    async def _head(self, branch: str, sha: str) -> Head:
        return Head(branch, sha, await gitwalk.committed_at(self._objects.git, sha))


async def _layout(git: Git, folder: Path) -> _Layout:
    told = await git.run(
        *("-C", str(folder), "rev-parse", "--path-format=absolute", "--git-dir"),
        *("--git-path", "objects", "--git-path", "shallow", "--show-object-format"),
    )
    lines = told.decode(errors="surrogateescape").removesuffix("\n").split("\n")
    if len(lines) != 4:
        raise git.failure("fatal: the folder's name has a line end in it")
    return _Layout(Path(lines[0]), Path(lines[1]), Path(lines[2]), lines[3])
