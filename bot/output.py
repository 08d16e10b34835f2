"""Where a digest goes: standard output, a file, or an archive of days."""

from __future__ import annotations

import errno
import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

from analyzers.errors import InputError
from analyzers.model import Day, Digest, Edition, Entry, Repository
from formatters.text import Words

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 100
"""Columns of a digest that is written to a file or a pipe."""

_MARKER = ".repository"


class Format(StrEnum):
    """How a digest can be written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"

    @property
    def suffix(self) -> str:
        """The ending of a file in this format."""
        return {"terminal": ".txt", "markdown": ".md", "html": ".html", "json": ".json"}[self]


def format_of(path: Path) -> Format | None:
    """The format that a file's name asks for, None if it says nothing."""
    return next((f for f in Format if f.suffix == path.suffix.lower()), None)


class Report(ABC):
    """Something that can be written in every format."""

    @abstractmethod
    def print_to(self, console: Console) -> None:
        """Lay it out for a terminal."""

    @abstractmethod
    def markdown(self) -> str:
        """Write it as GitHub-flavoured Markdown."""

    @abstractmethod
    def html(self) -> str:
        """Write it as one self-contained page."""

    @abstractmethod
    def json(self) -> str:
        """Write it in the format of docs/json.md."""


@final
@dataclass(frozen=True, slots=True)
class DigestReport(Report):
    """A digest."""

    digest: Digest
    words: Words

    def print_to(self, console: Console) -> None:
        from formatters import pages, terminal

        terminal.render(pages.digest_page(self.digest, self.words), console)

    def markdown(self) -> str:
        from formatters import markdown

        return markdown.report(self.digest, self.words)

    def html(self) -> str:
        from formatters import html

        return html.page(self.digest, self.words)

    def json(self) -> str:
        from formatters import json_document

        return json_document.document(self.digest)


@final
@dataclass(frozen=True, slots=True)
class CommitReport(Report):
    """One commit's analysis."""

    entry: Entry
    repository: Repository
    zone: str
    words: Words

    def print_to(self, console: Console) -> None:
        from formatters import pages, terminal

        page = pages.detail_page(self.entry, self.repository, self.zone, self.words)
        terminal.render(page, console)

    def markdown(self) -> str:
        from formatters import markdown

        return markdown.commit_report(self.entry, self.repository, self.zone, self.words)

    def html(self) -> str:
        from formatters import html

        return html.commit_page(self.entry, self.repository, self.zone, self.words)

    def json(self) -> str:
        from formatters import json_document

        return json_document.commit_document(self.entry, self.repository)


def text_of(report: Report, written: Format) -> str:
    """A report in one format, ending in one line feed."""
    match written:
        case Format.TERMINAL:
            from rich.console import Console

            text = StringIO()
            # FORCE_COLOR in the environment must not put escape sequences into a file.
            plain = Console(file=text, width=PLAIN_WIDTH, color_system=None, force_terminal=False)
            report.print_to(plain)
            return _ended(text.getvalue())
        case Format.MARKDOWN:
            return _ended(report.markdown())
        case Format.HTML:
            return _ended(report.html())
        case Format.JSON:
            return _ended(report.json())


def show(report: Report, written: Format) -> None:
    """Print a report; for a reader at a terminal, in its colours and width."""
    if written is not Format.TERMINAL:
        # A document is UTF-8 whatever the locale: escapes in it would make it another one.
        sys.stdout.flush()
        sys.stdout.buffer.write(text_of(report, written).encode())
    elif sys.stdout.isatty():
        from rich.console import Console

        report.print_to(Console())
    else:
        sys.stdout.write(text_of(report, written))


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written, before the work for it is done.

    Raises:
        InputError: it is a folder, or its place is none that can be written.
    """
    try:
        code = _obstacle(path)
    except (OSError, RuntimeError) as exc:  # RuntimeError: a loop of links
        raise _unwritable(path, exc) from exc
    if code:
        raise _unwritable(path, OSError(code, os.strerror(code)))


def _obstacle(path: Path) -> int:
    place = next(parent for parent in _resolved(path).parents if parent.exists())
    if path.is_dir():
        return errno.EISDIR
    if not place.is_dir():
        return errno.ENOTDIR
    return 0 if os.access(path if path.exists() else place, os.W_OK) else errno.EACCES


def _resolved(path: Path) -> Path:
    resolved = path.resolve()
    with suppress(FileNotFoundError, NotADirectoryError):
        resolved.stat()  # from Python 3.13 on a loop of links is resolved to itself
    return resolved


def write_file(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one, and never a half.

    Raises:
        InputError: the file cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write, which takes its place when all is written.

    Args:
        path: where; a pipe or a device takes what it is given at once.
        mode: who may read a new one, as far as the process's mask allows.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        # Before links are followed: those in /dev/fd lead to pipes that have no name.
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
    except OSError as exc:
        raise _unwritable(path, exc) from exc
    try:
        path = _resolved(path)
    except (OSError, RuntimeError) as exc:  # RuntimeError: a loop of links
        raise _unwritable(path, exc) from exc
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(unfinished, flags, mode), "wb") as file:
                yield file
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def write_archive(folder: Path, report: DigestReport, written: Format, origin: str) -> Path:
    """Write a day's digest into an archive, `2026/widget/2026-01-06.md`, and return where.

    A second repository of the same short name gets another folder, `2026/other-widget/`: a marker
    in each tells whose it is.

    Args:
        folder: the archive.
        report: the digest of a day.
        written: its format.
        origin: where the repository is, for one without a page of its own.

    Raises:
        InputError: the digest is not one of a day, or cannot be written.
    """
    digest = report.digest
    if not isinstance(digest.span, Day | Edition):
        raise InputError("error-archive-needs-day")
    owner = digest.repository.web_url or origin
    year = folder / str(digest.span.date.year)
    home = next(home for home in _homes(year, digest.repository.name) if _belongs_to(home, owner))
    path = home / f"{digest.span.date.isoformat()}{written.suffix}"
    write_file(home / _MARKER, f"{owner}\n")
    write_file(path, text_of(report, written))
    return path


def _homes(year: Path, repository: str) -> Iterator[Path]:
    """Folders for a repository: `widget`, `acme-widget`, `acme-widget-2` and so on."""
    parts = [re.sub(r"[^\w.+-]+", "-", part).strip(".-") for part in repository.split("/")]
    whole = "-".join(filter(None, parts)) or "repository"
    yield year / (parts[-1] or whole)
    yield year / whole
    for number in count(2):
        yield year / f"{whole}-{number}"


def _belongs_to(home: Path, owner: str) -> bool:
    try:
        return (home / _MARKER).read_text(encoding="utf-8").strip() == owner
    except FileNotFoundError:
        return True
    except OSError as exc:
        raise _unwritable(home, exc) from exc


def _unwritable(path: Path, exc: OSError | RuntimeError) -> InputError:
    reason = exc.strerror if isinstance(exc, OSError) else os.strerror(errno.ELOOP)
    return InputError("error-output", path=str(path), reason=reason or str(exc))


def _ended(text: str) -> str:
    return f"{text.rstrip()}\n"
