"""What is logged holds no secret: not the process's own and none that is recognised, whatever
library logs it, at whatever level, wherever it goes.

It is done where records are made, so that every handler gets them without: libraries write
addresses with tokens in them, whole requests, and exceptions that quote both.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote

from analyzers.redaction import redact

MASK: Final = "***"
"""What stands in the place of a secret of our own."""
SHORTEST: Final = 4
"""Characters of a secret that is looked for: without shorter ones no line could be read, and who
sees a gap of three letters knows enough."""

_hidden: Counter[str] = Counter()
"""How many want each value hidden."""
_traceback: Final = logging.Formatter()


class _State:
    """What is hidden now, as one pattern."""

    pattern: re.Pattern[str] | None = None


def hide(values: Iterable[str]) -> None:
    """Keep values out of all that is logged from now on, and whatever else looks like a secret."""
    _hidden.update(values)
    _changed()


@asynccontextmanager
async def hiding(values: Iterable[str]) -> AsyncIterator[None]:
    """Do so for a while."""
    kept = list(values)
    hide(kept)
    try:
        yield
    finally:
        _hidden.subtract(kept)
        _changed()


def mask(text: str) -> str:
    """A text without secrets."""
    known = _State.pattern
    return redact(known.sub(MASK, text) if known else text)


def tell_uncaught(
    kind: type[BaseException], exc: BaseException, trace: TracebackType | None
) -> None:
    """A `sys.excepthook`: the traceback without secrets."""
    sys.stderr.write(mask("".join(traceback.format_exception(kind, exc, trace))))


def _changed() -> None:
    forms = {
        form
        for value, wanted in _hidden.items()
        if wanted > 0 and len(value) >= SHORTEST
        for form in (value, quote(value, safe=""), repr(value)[1:-1], json.dumps(value)[1:-1])
    }
    # The longest first: of a token and its second half the token.
    ordered = sorted(forms, key=len, reverse=True)
    _State.pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
    make = logging.getLogRecordFactory()
    if not isinstance(make, _Discreet):
        logging.setLogRecordFactory(_Discreet(make))


class _Discreet:
    """Makes records without secrets."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - whatever a `__str__` raises; logging never fails
            text = f"a message that cannot be written: {record.msg!r}"
        record.msg, record.args = mask(text), ()
        if record.exc_info:
            # Formatters take it from here, and do not write it anew.
            record.exc_text = mask(_traceback.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return record
