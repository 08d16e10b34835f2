"""How long work shows itself: a bar on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

from bot.ports import Notice
from formatters.text import Words

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

LINES_PER_DIGEST = 4
"""Plain progress lines for one digest, so that the log of a nightly job stays short."""


class Reporter(ABC):
    """Tells a person who waits what is going on."""

    def __init__(self, words: Words) -> None:
        self._words = words

    @abstractmethod
    def say(self, text: str) -> None:
        """Show one line that stays."""

    @abstractmethod
    def start(self, name: str) -> None:
        """A repository is being read."""

    @abstractmethod
    def advance(self, done: int, total: int) -> None:
        """So many of its commits are analysed."""

    def notify(self, notice: Notice) -> None:
        """Show what an adapter has to say."""
        self.say(self._words(notice.code, **notice.details))


@final
class LineReporter(Reporter):
    """Plain lines, for pipes, logs and CI."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self._name = ""

    def say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def start(self, name: str) -> None:
        self._name = name

    def advance(self, done: int, total: int) -> None:
        step = max(1, -(-total // LINES_PER_DIGEST))
        if done == total or done % step == 0:
            self.say(self._words("progress-commits", name=self._name, done=done, total=total))


@final
class BarReporter(Reporter):
    """A progress bar that vanishes when the work is done."""

    def __init__(self, words: Words, bar: RichProgress) -> None:
        super().__init__(words)
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def say(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def start(self, name: str) -> None:
        self._bar.update(self._task, description=name, total=None, completed=0)

    def advance(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


@contextmanager
def reporter(words: Words, *, is_live: bool = True) -> Iterator[Reporter]:
    """The reporter that fits where stderr goes; lines alone where a live bar would disturb."""
    if not (is_live and sys.stderr.isatty()):
        yield LineReporter(words)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield BarReporter(words, bar)
