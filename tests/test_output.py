"""Where digests go: files that are whole or absent, archives that grow by the day."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from analyzers.errors import InputError
from analyzers.model import Day, Range, Repository
from bot.output import (
    DigestReport,
    Format,
    format_of,
    require_writable,
    text_of,
    write_archive,
    write_file,
)
from formatters.text import words_for
from tests.digests import SCHEDULED, a_digest, a_group, an_entry

WORDS = words_for("en")


def report(repository: str = "acme/widget", day: date = date(2026, 1, 6)) -> DigestReport:
    digest = a_digest(a_group(an_entry()), repository=Repository(repository), span=Day(day, "UTC"))
    return DigestReport(digest, WORDS)


@pytest.mark.parametrize("written", Format)
def test_every_format_ends_in_one_line_feed(written: Format) -> None:
    text = text_of(report(), written)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_a_files_name_tells_its_format() -> None:
    assert format_of(Path("a/digest.MD")) is Format.MARKDOWN
    assert format_of(Path("digest.html")) is Format.HTML
    assert format_of(Path("digest.json")) is Format.JSON
    assert format_of(Path("digest")) is None


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "digest.md"
    write_file(path, "one\n")
    write_file(path, "two 二\n")
    assert path.read_text(encoding="utf-8") == "two 二\n"
    assert [p.name for p in path.parent.iterdir()] == ["digest.md"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("old")
    (tmp_path / "latest.md").symlink_to("real.md")
    write_file(tmp_path / "latest.md", "new")
    assert (tmp_path / "latest.md").is_symlink()
    assert (tmp_path / "real.md").read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_file(pipe, "text\n")
    reader.join(timeout=10)
    assert got == ["text\n"]
    assert pipe.is_fifo()


def test_a_pipe_without_a_name_is_written_to_as_shells_call_it() -> None:
    """`-o /dev/stdout | less`, `-o >(less)`: it is a link, to what is in no folder."""
    reading, writing = os.pipe()
    try:
        write_file(Path(f"/dev/fd/{writing}"), "text\n")
    finally:
        os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "text\n"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "digest.md"
    write_file(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_file(path, "new \ud800")
    assert [p.name for p in tmp_path.iterdir()] == ["digest.md"]
    assert path.read_text() == "old"


def test_a_loop_of_links_and_a_name_too_long_are_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "loop", tmp_path / "loop" / "a.md", tmp_path / ("x" * 300)):
        for write in (require_writable, lambda path: write_file(path, "text")):
            with pytest.raises(InputError):
                write(path)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as refused:
        write_file(tmp_path / "file" / "digest.md", "text")
    assert "digest.md" in WORDS.error(refused.value)


def test_an_archive_grows_by_year_repository_and_day(tmp_path: Path) -> None:
    for day in (date(2025, 12, 31), date(2026, 1, 1)):
        write_archive(tmp_path, report(day=day), Format.MARKDOWN, "/srv/widget")
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.md"))
    assert found == ["2025/widget/2025-12-31.md", "2026/widget/2026-01-01.md"]


def test_a_scheduled_digest_is_filed_under_its_day(tmp_path: Path) -> None:
    scheduled = replace(report(), digest=replace(report().digest, span=SCHEDULED))
    place = write_archive(tmp_path, scheduled, Format.JSON, "/srv/widget")
    assert str(place.relative_to(tmp_path)) == "2026/widget/2026-01-06.json"


def test_repositories_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    places = [
        write_archive(tmp_path, report(name), Format.MARKDOWN, origin)
        for name, origin in [
            ("acme/widget", "a"),
            ("other/widget", "b"),
            ("other/widget", "c"),
            ("widget", "d"),
            ("acme/widget", "a"),
        ]
    ]
    folders = [str(place.parent.relative_to(tmp_path)) for place in places]
    assert folders == [
        "2026/widget",
        "2026/other-widget",
        "2026/other-widget-2",
        "2026/widget-2",
        "2026/widget",
    ]
    assert "acme/widget" in places[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["x/..", "../..", "/etc", "a/b\n\x00c", "", "x/" + "..." * 9])
def test_no_name_leads_out_of_an_archive(tmp_path: Path, name: str) -> None:
    """Invariant 7."""
    place = write_archive(tmp_path, report(name), Format.MARKDOWN, "here")
    assert len(place.resolve().relative_to(tmp_path.resolve()).parts) == 3


def test_only_days_go_into_an_archive(tmp_path: Path) -> None:
    ranged = DigestReport(a_digest(a_group(an_entry()), span=Range("a", "b")), WORDS)
    with pytest.raises(InputError):
        write_archive(tmp_path, ranged, Format.MARKDOWN, "here")
