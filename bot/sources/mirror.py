"""Mirrors: bare copies of remote repositories under the data folder, fetched and never re-cloned.

A mirror has all commits and folders and, where the server can leave them out, no files' contents:
those are fetched when commits are read, many at once. It stores neither its address nor any
credential; git gets them through the environment, call by call.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final, final

from analyzers.errors import SourceError
from bot.ports import Notice, Notify
from bot.sources.gitcommand import Git, users_environment
from bot.sources.giturls import GitAddress

_REMOTE: Final = "commitcast"
"""The address's name in the settings that git gets from us; users have no settings for it."""
_FETCH: Final = ("fetch", "--quiet", "--no-write-fetch-head", "--recurse-submodules=no")
_HEADS: Final = "+refs/heads/*:refs/heads/*"
_TAGS: Final = "+refs/tags/*:refs/tags/*"
_USER, _PASSWORD = "COMMITCAST_GIT_USER", "COMMITCAST_GIT_PASSWORD"
# Its words are arguments of a shell, which everybody can see: it takes the secret from its
# environment.
_HELPER: Final = (
    '!f() { test "$1" = get && '
    f"""printf 'username=%s\\npassword=%s\\n' "${_USER}" "${_PASSWORD}"; }}; f"""
)
# Where the server's HEAD is kept when it is on no branch.
_DETACHED: Final = "refs/commitcast/head"
_PAUSE: Final = 0.1
"""Seconds between two looks at a lock that another process holds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that the network may take."""

    clone: float = 3600
    """For the first fetch of a repository."""
    fetch: float = 900
    """For every other one."""
    stall: int = 60
    """Without a byte over HTTP."""


@dataclass(frozen=True, slots=True)
class _RemoteHead:
    """What the server's HEAD is."""

    branch: str
    """The ref that it stands for; empty if it is detached or does not exist."""
    exists: bool
    """False while the branch that it stands for has no commit."""
    naming: str
    """How the server names objects: `sha1` or `sha256`."""


@final
class Mirror:
    """One mirror. Several processes may use it at once; one at a time writes to it."""

    def __init__(self, address: GitAddress, data: Path, limits: Limits, ssh: str = "") -> None:
        """Name it; nothing is touched before `update`.

        Args:
            ssh: the user's own SSH command, if one is configured.
        """
        root = data.resolve() / "mirrors"
        self.path: Final = root / f"{address.folder_name}.git"
        self._lock = root / f"{address.folder_name}.lock"
        self._limits = limits
        environment = users_environment(_settings(address, limits, ssh))
        if address.login:
            environment |= dict(zip((_USER, _PASSWORD), address.login, strict=True))
        self._git = Git(environment, address.url)

    async def update(self, notify: Notify) -> None:
        """Bring branches and tags to where the server has them; make the mirror if there is none.

        A first fetch that is interrupted leaves nothing; a later one what was there before.

        Raises:
            SourceError: the server cannot be reached, or refuses.
        """
        async with self._locked(self._limits.clone):
            exists = await asyncio.to_thread(_tidied, self.path)
            code = "notice-git-fetch" if exists else "notice-git-clone"
            notify(Notice(code, {"place": self._git.place}))
            head = await self._remote_head()
            if exists:
                await self._fetch(self.path, head, self._limits.fetch)
                return
            unfinished = self.path.with_suffix(".new")
            await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
            try:
                init = ("init", "-q", "--bare", "--template=", f"--object-format={head.naming}")
                await self._git.run(*init, str(unfinished))
                await self._fetch(unfinished, head, self._limits.clone)
                await asyncio.to_thread(unfinished.rename, self.path)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)

    async def fetch_contents(self, names: Sequence[str]) -> None:
        """Fetch files' contents by their objects' names, in one request.

        Raises:
            SourceError: the server cannot be reached, or does not give them.
        """
        # Without telling the server what is here: contents build on nothing.
        await self._fetch_names(names, "-c", "fetch.negotiationAlgorithm=noop")

    async def fetch_commit(self, sha: str) -> None:
        """Fetch a commit that is on no branch and no tag, with its history.

        Raises:
            SourceError: the server cannot be reached, or does not give it.
        """
        await self._fetch_names([sha])

    async def _fetch_names(self, names: Sequence[str], *options: str) -> None:
        async with self._locked(self._limits.fetch):
            await self._git.run(
                *("--git-dir", str(self.path), *options, *_FETCH),
                *("--no-tags", "--stdin", _REMOTE),
                stdin="".join(f"{name}\n" for name in names).encode(),
                limit=self._limits.fetch,
            )

    async def _fetch(self, folder: Path, head: _RemoteHead, limit: float) -> None:
        there = ("--git-dir", str(folder))
        detached = head.exists and not head.branch
        await self._git.run(
            *(*there, *_FETCH, "--prune", "--force", "--no-show-forced-updates", _REMOTE),
            *(_HEADS, _TAGS, *[f"+HEAD:{_DETACHED}"] * detached),
            limit=limit,
        )
        if head.branch:
            await self._git.run(*there, "symbolic-ref", "HEAD", head.branch)
        elif detached:
            await self._git.run(*there, "update-ref", "--no-deref", "HEAD", _DETACHED)

    async def _remote_head(self) -> _RemoteHead:
        told = await self._git.run(
            "ls-remote", "--symref", _REMOTE, "HEAD", limit=self._limits.fetch
        )
        lines = [line.split("\t") for line in told.decode(errors="replace").splitlines()]
        targets = [target for target, name in lines if name == "HEAD"]
        branch = next((t.removeprefix("ref: ") for t in targets if t.startswith("ref: ")), "")
        sha = next((target for target in targets if not target.startswith("ref: ")), "")
        return _RemoteHead(branch, bool(sha), "sha256" if len(sha) == 64 else "sha1")

    @asynccontextmanager
    async def _locked(self, patience: float) -> AsyncIterator[None]:
        """Be the one process that writes here."""
        descriptor = await asyncio.to_thread(_opened, self._lock)
        try:
            deadline = monotonic() + patience
            while not _taken(descriptor):
                if monotonic() > deadline:
                    raise SourceError("error-git-locked", permanent=False, place=self._git.place)
                await asyncio.sleep(_PAUSE)
            yield
        finally:
            os.close(descriptor)


def _settings(address: GitAddress, limits: Limits, ssh: str) -> dict[str, str]:
    settings = {
        f"remote.{_REMOTE}.url": address.url,
        f"remote.{_REMOTE}.promisor": "true",
        f"remote.{_REMOTE}.partialCloneFilter": "blob:none",
        "core.hooksPath": os.devnull,
        "credential.interactive": "false",
        "gc.autoDetach": "false",
        "maintenance.autoDetach": "false",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": str(limits.stall),
        "core.sshCommand": ssh or f"ssh -oBatchMode=yes -oConnectTimeout={limits.stall}",
    }
    if address.login:
        # A header of our own would go along with every redirect, to whatever host. git asks
        # helpers for the host that wants a login, and ours knows but this one. The user's are
        # left out: they would be told to keep this password.
        root = "/".join(address.url.split("/", 3)[:3])
        settings |= {"credential.helper": "", f"credential.{root}.helper": _HELPER}
    return settings


def _opened(lock: Path) -> int:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise SourceError(
            "error-git-data", place=str(lock.parent), reason=exc.strerror or ""
        ) from exc


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tidied(folder: Path) -> bool:
    """Whether there is a mirror; what a killed git has left locked in it is free afterwards.

    Whoever calls holds the lock of the mirror, so these files belong to nobody.
    """
    if not folder.is_dir():
        return False
    for stale in (*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")):
        stale.unlink(missing_ok=True)
    return True
