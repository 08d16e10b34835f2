"""`commitcast doctor`: exit status 1 where something is broken, 0 otherwise."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.config import wrong_settings
from bot.shell.options import Destination
from bot.shell.session import DONE, FAILED, Outcome, Session, run_command, standard_output
from formatters.text import Words, words_for

if TYPE_CHECKING:
    from bot.doctor.findings import Finding


def run_doctor(*, as_json: bool, language: str | None) -> int:
    """Look at everything; at the settings alone, where one is wrong: with others in their place a
    secret could go where it was not meant for."""
    from bot.doctor.findings import Finding, Subject

    if wrong := wrong_settings():
        found = [Finding.of(Subject.SETTINGS, error) for error in wrong]
        return _tell(found, words_for(language or "en"), as_json=as_json)

    async def command(session: Session) -> Outcome:
        from bot.app import utc_now
        from bot.doctor.examination import examine

        logging.disable(logging.ERROR)  # the findings say it, and what to do
        found = await examine(session.settings, session.words, utc_now)
        return Outcome(status=_tell(found, session.words, as_json=as_json))

    return run_command(command, Destination(), None, language, is_live=False)


def _tell(found: Sequence[Finding], words: Words, *, as_json: bool) -> int:
    from bot.doctor.findings import Severity
    from bot.doctor.report import document, print_table

    with standard_output() as out:
        if as_json:
            out.write(f"{document(found, words)}\n".encode())
        else:
            from rich.console import Console

            from bot.output import PLAIN_WIDTH

            width = None if sys.stdout.isatty() else PLAIN_WIDTH
            print_table(found, words, Console(width=width))
    is_broken = any(finding.severity is Severity.BROKEN for finding in found)
    return FAILED if is_broken else DONE
