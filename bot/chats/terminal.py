"""The bot in a terminal: commands are read from standard input, one a line, and answered here."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
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
        is_interactive = self._typed.isatty() and self._console.is_terminal
        if is_interactive:
            self._console.print(self._words("chat-terminal-welcome"), markup=False)
        prompt = PROMPT if is_interactive else ""
        self._console.print(prompt, end="")
        async with aclosing(_lines(self._typed)) as lines:
            async for line in lines:
                if _END.fullmatch(line.strip()):
                    return
                if line.strip():
                    asked = Asked(TERMINAL, Person("", _anything), line)
                    await self._front.ask(asked, _Printed(self._console))
                self._console.print(prompt, end="")


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


async def _lines(stream: TextIO) -> AsyncGenerator[str]:
    """Lines of a stream, read beside the loop: a terminal, a pipe and a file are read alike."""
    loop = asyncio.get_running_loop()
    read: asyncio.Queue[str | None] = asyncio.Queue()

    def work() -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody reads any more
            for line in stream:
                loop.call_soon_threadsafe(read.put_nowait, line)
            loop.call_soon_threadsafe(read.put_nowait, None)

    # A daemon: at the end of the process nobody waits for a line that may never come.
    threading.Thread(target=work, daemon=True).start()
    while (line := await read.get()) is not None:
        yield line


async def _anything() -> bool:
    return True


def _free(path: Path) -> Path:
    """A path where no file is yet: `report.md`, `report-2.md` and so on."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
