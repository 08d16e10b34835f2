"""The bot in a terminal: commands are read from standard input, one a line, and answered here."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, final

from analyzers.errors import ChatError
from bot.access import TERMINAL
from bot.conversation import Answer, Asked, Chat, Conversation, Person
from bot.deliveries.outlet import Outlet, Pace, Posting
from formatters.model import Page
from formatters.text import Words

if TYPE_CHECKING:
    from rich.console import Console

    from bot.front import Front

PROMPT: Final = "› "

_END: Final = re.compile(r"/?(?:exit|quit)", re.IGNORECASE)


@final
class TerminalChat(Chat):
    """One person, who may do everything."""

    def __init__(self, front: Front, words: Words, *, typed: TextIO, console: Console) -> None:
        """Talk with whoever types.

        Args:
            front: answers.
            words: for what is said before the first command.
            typed: where commands come from.
            console: where answers go.
        """
        self._front = front
        self._words = words
        self._typed = typed
        self._console = console

    @property
    def name(self) -> str:
        return "terminal"

    async def run(self) -> None:
        """Answer line by line until the input ends."""
        if not (self._typed.isatty() and self._console.is_terminal):
            await self._answer_all(self._typed.readline)
            return
        self._console.print(self._words("chat-terminal-welcome"), markup=False)
        with _line_editing(self._typed):
            await self._answer_all(lambda: f"{input(PROMPT)}\n")

    async def _answer_all(self, read: Callable[[], str]) -> None:
        while line := await _beside(read):
            command = line.strip()
            if _END.fullmatch(command):
                return
            if command:
                asked = Asked(TERMINAL, Person("", _anything), line)
                await self._front.ask(asked, _Printed(self._console))


@final
class _Printed(Conversation):
    """Progress goes to standard error, the answer to the console, a document beside us."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def progress(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    async def answer(self, answer: Answer) -> tuple[str, ...]:
        from formatters.terminal import render

        render(answer.page, self._console)
        words = answer.words
        if answer.page.digest:
            self._console.print(words("chat-terminal-controls"), style="dim", markup=False)
        if answer.document:
            path = _free(Path(answer.document.name))
            try:
                path.write_bytes(answer.document.content)
            except OSError as exc:
                reason = exc.strerror or str(exc)
                raise ChatError("error-output", path=str(path), reason=reason) from exc
            self._console.print(words("shell-written", path=str(path)), markup=False)
        self._console.print()
        return ("terminal",) if answer.page.digest else ()


@final
class TerminalOutlet(Outlet):
    """Shows digests that are due between two commands. What is printed stays as it is."""

    def __init__(self, console: Console) -> None:
        """Print there."""
        self._console = console

    @property
    def platform(self) -> str:
        return TERMINAL

    @property
    def pace(self) -> Pace:
        return Pace(per_second=10, per_channel=10)

    @property
    def can_find(self) -> bool:
        return False

    async def channel_key(self, typed: str) -> str:
        return typed

    def count(self, page: Page, words: Words) -> int:  # noqa: ARG002 - a terminal has no limits
        return 1

    async def post(self, posting: Posting) -> str:
        self._print(posting.page)
        if posting.may_repeat:
            self._console.print(posting.words("control-may-repeat"), style="dim", markup=False)
        return TERMINAL

    async def find(self, posting: Posting, since: datetime) -> str | None:  # noqa: ARG002 - as above
        return None

    async def edit(self, posting: Posting, message: str) -> None:
        """Nothing."""

    async def tell(self, person: str, channel: str, page: Page, words: Words) -> None:  # noqa: ARG002
        self._print(page)

    async def aclose(self) -> None:
        """Nothing is open."""

    def _print(self, page: Page) -> None:
        from formatters.terminal import render

        self._console.print()
        render(page, self._console)
        self._console.print()


def _beside(read: Callable[[], str]) -> asyncio.Future[str]:
    """What is read in a thread beside the loop; empty where the input has ended.

    It is a daemon: at the end of the process nobody waits for a line that may never come."""
    line: Future[str] = Future()

    def work() -> None:
        line.set_running_or_notify_cancel()
        try:
            line.set_result(read())
        except (EOFError, OSError, KeyboardInterrupt):  # or the terminal is gone, or Ctrl-C came
            line.set_result("")

    threading.Thread(target=work, daemon=True).start()
    return asyncio.wrap_future(line)


@contextmanager
def _line_editing(terminal: TextIO) -> Iterator[None]:
    """Arrow keys, and what was typed before, in `input()`; the terminal as it was afterwards, for
    the editor cannot see to that if the process ends while it waits for a key."""
    try:
        import readline
        import termios
    except ImportError:  # not on every system
        yield
        return
    readline.parse_and_bind("set enable-bracketed-paste off")
    before = termios.tcgetattr(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


async def _anything() -> bool:
    return True


def _free(path: Path) -> Path:
    """A path where no file is yet: `report.md`, `report-2.md` and so on."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
