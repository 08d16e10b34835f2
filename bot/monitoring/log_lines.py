"""How a bot's log is written: a line for people or an object in JSON for each record, on the
standard error. Which secrets are masked and what a record is about is settled before, in
`bot.monitoring.logs`."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, final

from bot.config import Settings
from bot.monitoring.logs import hide, subjects

_CHATTY: Final = ("apscheduler", "httpx")
"""They log every wake-up and every request."""

_UNSAFE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What would move a terminal's cursor, turn its text around, or has no encoding."""

_crashes: Final = logging.getLogger("commitcast")


def write_log(settings: Settings) -> None:
    """Log from now on in the form and from the level that the settings name.

    Libraries are never logged below INFO: at DEBUG some write whole requests, with the commits of
    private repositories in them. Those that log every step are logged from WARNING, unless
    somebody asks for DEBUG to see what is asked of whom.
    """
    level = logging.getLevelNamesMapping()[settings.commitcast_log_level.upper()]
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.commitcast_log_format == "json" else Readable())
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    for ours in ("analyzers", "bot", "formatters"):
        logging.getLogger(ours).setLevel(level)
    of_chatty = logging.INFO if level == logging.DEBUG else max(level, logging.WARNING)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(of_chatty)
    logging.captureWarnings(True)
    hide(())  # records learn what they are about also where there is no secret
    sys.excepthook = _log_uncaught


@final
class JsonLines(logging.Formatter):
    """A record as one line: `time` in UTC, `level`, `logger`, `message`, what it is about, and
    `exception` where there is one. In ASCII, so that no line breaks and no encoding fails."""

    def format(self, record: logging.LogRecord) -> str:
        """One object."""
        time = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **subjects(record),
        }
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line)


@final
class Readable(logging.Formatter):
    """A record as a line, and what it is about as far as the line does not say so itself. Further
    lines are indented: what somebody put into a message cannot pass for another record."""

    def __init__(self) -> None:
        """Local times."""
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several with a traceback."""
        return _UNSAFE.sub("�", super().format(record)).replace("\n", "\n    ")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line without a traceback."""
        told = super().formatMessage(record)
        new = [f"{name}={value}" for name, value in subjects(record).items() if value not in told]
        return f"{told} [{' '.join(new)}]" if new else told


def _log_uncaught(
    kind: type[BaseException], exc: BaseException, trace: TracebackType | None
) -> None:
    _crashes.critical("the bot ends", exc_info=(kind, exc, trace))
