"""Where a digest goes: standard output, a file, or an archive of days."""

from __future__ import annotations

import errno
import os
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, final

from analyzers.errors import InputError
from analyzers.model import Day, Digest, Entry, Repository
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
        from formatters import terminal

        terminal.render(self.digest, self.words, console)

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
        from formatters import terminal

        terminal.render_detail(self.entry, self.repository, self.zone, self.words, console)

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
    if written is Format.TERMINAL and sys.stdout.isatty():
        from rich.console import Console

        report.print_to(Console())
    else:
        sys.stdout.write(text_of(report, written))


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written, before the work for it is done.

    Raises:
        InputError: it is a folder, or its place is none that can be written.
    """
    place = next(parent for parent in path.resolve().parents if parent.exists())
    if path.is_dir() or not place.is_dir():
        reason = os.strerror(errno.EISDIR if path.is_dir() else errno.ENOTDIR)
        raise InputError("error-output", path=str(path), reason=reason)
    if not os.access(path if path.exists() else place, os.W_OK):
        raise InputError("error-output", path=str(path), reason=os.strerror(errno.EACCES))


def write_file(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one, and never a half.

    Raises:
        InputError: the file cannot be written.
    """
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():  # a pipe or a device takes what it is given
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            unfinished.write_text(text, encoding="utf-8", newline="\n")
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as exc:
        raise InputError("error-output", path=str(path), reason=exc.strerror or str(exc)) from exc


def write_archive(folder: Path, report: DigestReport, written: Format) -> Path:
    """Write a day's digest into an archive, `2026/widget/2026-01-06.md`, and return where.

    A second repository of the same short name, told by a marker in the folder, gets its owner's
    name in front: `2026/other-widget/`.

    Raises:
        InputError: the digest is not one of a day, or cannot be written.
    """
    digest = report.digest
    if not isinstance(digest.span, Day):
        raise InputError("error-archive-needs-day")
    name = digest.repository.name
    home = folder / str(digest.span.date.year) / name.rpartition("/")[2]
    if not _belongs_to(home, name):
        home = home.with_name(name.replace("/", "-"))
    path = home / f"{digest.span.date.isoformat()}{written.suffix}"
    write_file(path, text_of(report, written))
    write_file(home / _MARKER, f"{name}\n")
    return path


def _belongs_to(home: Path, repository: str) -> bool:
    try:
        return (home / _MARKER).read_text(encoding="utf-8").strip() == repository
    except FileNotFoundError:
        return True
    except OSError as exc:
        raise InputError("error-output", path=str(home), reason=exc.strerror or str(exc)) from exc


def _ended(text: str) -> str:
    return f"{text.rstrip()}\n"
