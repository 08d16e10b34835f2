"""What is logged holds no secret: not the process's own and none that is recognised, whatever
library logs it, at whatever level, wherever it goes.

It is done where records are made, so that every handler gets them without: libraries write
addresses with tokens in them, whole requests, and exceptions that quote both. There too a record
learns what it is about.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
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
_about: Final[ContextVar[Mapping[str, str]]] = ContextVar("about")


class _State:
    """What is hidden now, as one pattern."""

    pattern: re.Pattern[str] | None = None


def hide(values: Iterable[str]) -> None:
    """Keep values out of all that is logged from now on, and whatever else looks like a secret."""
    _hidden.update(values)
    _changed()


@contextmanager
def about(*, digest: str = "", subscription: str = "", commit: str = "") -> Iterator[None]:
    """Say of all that is logged meanwhile, here and in tasks that begin here, what it is about.

    Args:
        digest: the id of a digest on its way to a channel, or there.
        subscription: a repository and its channel, as `named` writes them.
        commit: a commit's short name.
    """
    told = {"digest": digest, "subscription": subscription, "commit": commit}
    known = {name: value for name, value in told.items() if value}
    token = _about.set({**_about.get({}), **known})
    try:
        yield
    finally:
        _about.reset(token)


def named(key: str, channel: str) -> str:
    """What a subscription is called in logs: its repository, as `Subscription.key`, in a
    channel."""
    return f"{key} in {channel}"


def subjects(record: logging.LogRecord) -> Mapping[str, str]:
    """What a record is about, by the names that `about` has for it."""
    found: Mapping[str, str] = getattr(record, "about", {})
    return found


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
        record.about = {name: mask(value) for name, value in _about.get({}).items()}
        if record.exc_info:
            # Formatters take it from here, and do not write it anew.
            record.exc_text = mask(_traceback.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return record
