"""git as a child process: what it may see, how long it may take, and what its complaints mean."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from analyzers.errors import (
    AccessRefused,
    RepositoryNotFound,
    SourceError,
)
from analyzers.model import MAX_PATCH_BYTES
from analyzers.text import clean_line, shorten
from bot.sources.giturls import mask

MINIMUM: Final = (2, 32)
"""The oldest git that works: `GIT_CONFIG_GLOBAL` came with 2.32 (June 2021), without it the user's
configuration cannot be kept out."""

LOCAL_LIMIT: Final = 120.0
"""Seconds that a command without a network may take."""

WALK_LIMIT: Final = 600.0
"""Seconds that walking a whole history may take, or reading the changes of one commit."""

READ_LIMIT: Final = MAX_PATCH_BYTES + 65_536
"""Bytes read ahead at most: one whole patch and the lines above it."""

_USERS_TRANSPORT: Final = ("GIT_SSH", "GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_", "GIT_CONFIG_")
_COMPLAINT_LIMIT: Final = 4000
_PATIENCE: Final = 2.0
"""Seconds for which git may clean up behind itself when it is told to end."""


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    """Its exit status, 0 for success."""
    output: bytes
    """What it printed."""
    complaint: str
    """The end of what it said on standard error, without credentials."""


def isolated_environment(git_dir: Path) -> dict[str, str]:
    """For commands that only read: no configuration but the repository's, no network."""
    return _environment() | {
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
    }


def users_environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """For commands that need the user's own git configuration: credential helpers, proxies, SSH
    keys, trusted folders.

    Args:
        settings: further configuration. It goes through the environment, which only processes of
            this user can see, and not through arguments, which everybody can.
    """
    kept = {n: v for n, v in os.environ.items() if n.startswith(_USERS_TRANSPORT)}
    told = kept.get("GIT_CONFIG_COUNT", "")
    count = int(told) if told.isdecimal() else 0
    kept["GIT_CONFIG_COUNT"] = str(count + len(settings or {}))
    for number, (name, value) in enumerate((settings or {}).items(), count):
        kept |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return _environment() | {"GIT_ALLOW_PROTOCOL": "https:http:ssh:git"} | kept


def _environment() -> dict[str, str]:
    # GIT_DIR, GIT_INDEX_FILE, GIT_CONFIG_PARAMETERS ... of a hook that runs us are not for us.
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    return inherited | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git with one environment.

    Every process leads a group of its own, which has no terminal to ask for passwords on and dies
    whole when we stop waiting for it.
    """

    environment: Mapping[str, str] = field(repr=False)
    """All that the processes see. May hold secrets."""
    place: str
    """The repository, as errors name it; without credentials."""

    async def run(self, *args: str, stdin: bytes = b"", limit: float = LOCAL_LIMIT) -> bytes:
        """What a command prints.

        Args:
            limit: seconds it may take.

        Raises:
            SourceError: it failed, or took too long.
        """
        outcome = await self.ask(*args, stdin=stdin, limit=limit)
        if outcome.code:
            raise self.failure(outcome.complaint)
        return outcome.output

    async def ask(self, *args: str, stdin: bytes = b"", limit: float = LOCAL_LIMIT) -> Outcome:
        """How a command ended that may fail.

        Raises:
            SourceError: it cannot be started, or took too long.
        """
        with tempfile.TemporaryFile() as complaints:
            async with self._process(args, stdin, complaints) as process:
                try:
                    async with asyncio.timeout(limit):
                        output, _ = await process.communicate()
                except TimeoutError as exc:
                    raise self.timed_out(limit) from exc
            return Outcome(process.returncode or 0, output, _tail(complaints))

    @asynccontextmanager
    async def stream(self, *args: str, stdin: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
        """A command's output, to be read to its end; git's failure becomes ours on the way out.

        Leaving early ends the process.

        Raises:
            SourceError: it failed.
            asyncio.IncompleteReadError: it ended well, but sooner than it was read.
        """
        with tempfile.TemporaryFile() as complaints:
            async with self._process(args, stdin, complaints) as process:
                output = process.stdout
                assert output  # noqa: S101 - a pipe was asked for; this tells mypy
                try:
                    yield output
                except asyncio.IncompleteReadError as exc:
                    if output.at_eof() and await process.wait():
                        raise self.failure(_tail(complaints)) from exc
                    raise  # of another process that is read at the same time
                if await output.read(1):
                    raise self.failure("fatal: more output than was asked for")
                if await process.wait():
                    raise self.failure(_tail(complaints))

    @asynccontextmanager
    async def _process(
        self, args: tuple[str, ...], stdin: bytes, complaints: IO[bytes]
    ) -> AsyncIterator[Process]:
        # Input from a file and complaints into one: only one pipe is left, so nothing can block.
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            starting = asyncio.create_task(
                asyncio.create_subprocess_exec(
                    "git",
                    *args,
                    stdin=given if stdin else DEVNULL,
                    stdout=PIPE,
                    stderr=complaints,
                    env=self.environment,
                    cwd="/",
                    limit=READ_LIMIT,
                    start_new_session=True,
                )
            )
            try:
                process = await asyncio.shield(starting)
            except OSError as exc:
                raise SourceError("error-git-missing", reason=exc.strerror or "") from exc
            except asyncio.CancelledError:
                # Left to itself, asyncio would end git alone and leave what git has started.
                await _end(await starting)
                raise
        try:
            yield process
        finally:
            await _end(process)

    def timed_out(self, limit: float) -> SourceError:
        """The error for a command that took too long."""
        return SourceError(
            "error-git-timeout", permanent=False, place=self.place, seconds=round(limit)
        )

    def failure(self, complaint: str) -> SourceError:
        """The branch of the tree that a complaint belongs to."""
        for pattern, kind, code, permanent in _MEANINGS:
            if found := pattern.search(complaint):
                named: dict[str, Any] = {
                    n: clean_line(v) for n, v in found.groupdict(self.place).items()
                }
                return kind(code, permanent=permanent, place=self.place, **named)
        lines = [line for line in complaint.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
        reason = shorten(clean_line(told[0]), 200) if told else ""
        return SourceError("error-git-failed", permanent=False, place=self.place, reason=reason)


async def _end(process: Process) -> None:
    """Take down a process that still runs with all that it started; reap it; close its pipe."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_PATIENCE):
            # Reads what is left: a full pipe would keep it from ending, an unread one open.
            await process.communicate()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.communicate()


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _tail(complaints: IO[bytes]) -> str:
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _COMPLAINT_LIMIT))
    return mask(complaints.read().decode(errors="replace"))


async def check_version(git: Git) -> None:
    """See that git is there and new enough.

    Raises:
        SourceError: it is not.
    """
    told = (await git.run("version")).decode(errors="replace").strip()
    found = re.search(r"(\d+)\.(\d+)", told)
    if not found or (int(found[1]), int(found[2])) < MINIMUM:
        needed = ".".join(map(str, MINIMUM))
        raise SourceError("error-git-old", found=clean_line(told), needed=needed)


def _meaning(
    pattern: str, kind: type[SourceError], code: str, *, permanent: bool = True
) -> tuple[re.Pattern[str], type[SourceError], str, bool]:
    return re.compile(pattern, re.IGNORECASE), kind, code, permanent


# The first that is found counts. git's own words under LC_ALL=C, curl's and ssh's as they are.
_MEANINGS: Final = (
    _meaning(
        r"dubious ownership(?:[\s\S]*safe\.directory (?P<folder>\S.*))?",
        AccessRefused,
        "error-git-ownership",
    ),
    _meaning("host key verification failed", AccessRefused, "error-git-host-key"),
    _meaning(
        r"could not read (username|password)|authentication failed|terminal prompts disabled"
        r"|permission denied \(|returned error: 40[13]\b|access denied",
        AccessRefused,
        "error-git-access",
    ),
    _meaning(
        r"repository '?[^'\n]*'? ?not found|returned error: 404"
        r"|does not appear to be a git repository|repository not exported",
        RepositoryNotFound,
        "error-git-not-found",
    ),
    _meaning("not our ref|unadvertised object", SourceError, "error-git-objects"),
    _meaning("transport '[^']*' not allowed", SourceError, "error-git-url"),
    _meaning("certificate|SSL_connect|TLS", SourceError, "error-git-certificate"),
    _meaning("returned error: 429", SourceError, "error-git-busy", permanent=False),
    _meaning(
        r"could not resolve|(failed|unable|could not|couldn't) (to )?connect|connection (refused|"
        r"reset|closed|timed out)|network is unreachable|no route to host|hung up|early eof"
        r"|rpc failed|empty reply|too slow|operation timed out|returned error: 5\d\d"
        r"|transfer closed|recv failure|unexpected disconnect|invalid index-pack output",
        SourceError,
        "error-git-unreachable",
        permanent=False,
    ),
    _meaning("no space left", SourceError, "error-git-disk", permanent=False),
    _meaning("not a git repository", RepositoryNotFound, "error-git-no-repository"),
    _meaning("permission denied", AccessRefused, "error-git-permission"),
    _meaning(
        r"unable to read [0-9a-f]{40}|missing (blob|tree|commit)|bad object|bad tree object"
        r"|unable to read tree|could not fetch [0-9a-f]{40}|object file .* is empty",
        SourceError,
        "error-git-objects",
    ),
)
