"""One run of a command of the shell, from its settings to the process's exit status:

0    done
1    a repository, Redis or the embedded server failed
2    the request, a setting or an output file is wrong
130  stopped by Ctrl-C (143 by SIGTERM)
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from analyzers.errors import CommitcastError, InputError, SettingError
from bot.config import Settings, load_settings, secrets_of
from bot.monitoring.logs import hide, tell_uncaught
from bot.output import Report, show, text_of, write_file
from bot.progress import Reporter, reporter
from bot.shell.options import Destination
from bot.sources.locators import web_address
from bot.spans import parse_language, parse_zone
from formatters.text import Words, words_for

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
STOPPED: Final = 130
TERMINATED: Final = 143


@dataclass(frozen=True, slots=True)
class Session:
    """What every command has at hand while it runs."""

    settings: Settings
    words: Words
    zone: str
    language: str
    reporter: Reporter

    @property
    def github_pages(self) -> str:
        """Where the pages are that are read through GitHub's API."""
        return web_address(self.settings.github_api_url)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to."""

    reports: Sequence[Report] = ()
    """What is still to be shown or written."""
    status: int = DONE
    closing: str = ""
    """What to say at the end."""


Command = Callable[[Session], Coroutine[None, None, Outcome]]


def run_command(
    command: Command,
    destination: Destination,
    zone: str | None,
    language: str | None,
    *,
    is_live: bool = True,
) -> int:
    """Run a command to its end, and tell people what it said and what went wrong."""
    words = words_for(language or "en")
    sys.excepthook = tell_uncaught
    logging.basicConfig(level=logging.WARNING, format="commitcast: %(message)s")
    logging.getLogger("stamina").setLevel(logging.ERROR)  # a retry is no news to a person
    try:
        settings = load_settings()
        hide(secrets_of(settings))
        spoken = parse_language(language or settings.commitcast_language)
        words = words_for(spoken)
        read_in = parse_zone(zone) if zone else settings.commitcast_timezone
        with reporter(words, is_live=is_live) as shown:
            session = Session(settings, words, read_in, spoken, shown)
            outcome = asyncio.run(_stoppable(command(session)))
        _deliver(outcome.reports, destination, words)
        if outcome.closing:
            sys.stdout.write(f"{outcome.closing}\n")
    except CommitcastError as exc:
        return _fail(words.error(exc), status_of(exc))
    except KeyboardInterrupt:
        return _fail(words("shell-stopped"), STOPPED)
    except asyncio.CancelledError:
        return _fail(words("shell-stopped"), TERMINATED)
    return outcome.status


async def _stoppable(work: Coroutine[None, None, Outcome]) -> Outcome:
    """Let SIGTERM end the work as Ctrl-C does: in order, with every child process taken along."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _deliver(reports: Sequence[Report], destination: Destination, words: Words) -> None:
    if destination.output and reports:
        texts = [text_of(report, destination.format) for report in reports]
        write_file(destination.output, "".join(texts))
        _say(words("shell-written", path=str(destination.output)))
        return
    with standard_output():
        for report in reports:
            show(report, destination.format)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Where documents go that are given no file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # the reader has seen enough; the shell's framework ends in silence
    except OSError as exc:
        # What is left in the buffer would be tried again at the exit, and fail with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError("error-output", path="stdout", reason=exc.strerror or str(exc)) from exc


def status_of(error: CommitcastError) -> int:
    """The exit status for an error."""
    return WRONG if isinstance(error, InputError | SettingError) else FAILED


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _fail(text: str, status: int) -> int:
    _say(text)
    return status
