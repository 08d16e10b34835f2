"""Invariant 10: long work shows its progress."""

from __future__ import annotations

import pytest

from bot.ports import Notice
from bot.progress import LINES_PER_DIGEST, LineReporter, reporter
from formatters.text import words_for

WORDS = words_for("en")


@pytest.mark.parametrize("total", [1, 3, 4, 60, 5_000])
def test_a_log_gets_a_few_plain_lines_and_always_the_last(
    total: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = LineReporter(WORDS)
    shown.start("acme/widget")
    for done in range(1, total + 1):
        shown.advance(done, total)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= LINES_PER_DIGEST + 1
    assert f"{WORDS('progress-commits', name='acme/widget', done=total, total=total)}" == lines[-1]


def test_a_pipe_gets_lines_and_no_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    with reporter(WORDS) as shown:
        shown.notify(Notice("shell-written", {"path": "digest.md"}))
    assert capsys.readouterr().err == "Written: digest.md\n"
