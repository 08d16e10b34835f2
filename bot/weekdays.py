"""Days of the week as people write them, in English and Chinese. Pure; 0 is Monday."""

from __future__ import annotations

import re
from typing import Final

DAILY: Final = (0, 1, 2, 3, 4, 5, 6)

_SETS: Final = {"daily": DAILY, "weekdays": DAILY[:5], "weekends": DAILY[5:]}
_ALSO: Final = {
    "everyday": DAILY,
    "every day": DAILY,
    "weekday": DAILY[:5],
    "workdays": DAILY[:5],
    "weekend": DAILY[5:],
    "每天": DAILY,
    "每日": DAILY,
    "工作日": DAILY[:5],
    "周末": DAILY[5:],
}
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE: Final = re.compile(r"(?:周|星期|礼拜)?([一二三四五六日天]+)")
_CHINESE_DAYS: Final = "一二三四五六日"
_BETWEEN: Final = re.compile(r"\s*[,，、]\s*")
_TO: Final = re.compile(r"\s*[-–—~至到]\s*")


def parse_days(text: str) -> tuple[int, ...]:
    """The days, in order, from `weekdays`, `daily`, `weekends`, `mon,wed,fri`, `sat-mon`, `工作日`,
    `周一至周五` or several of them between commas.

    Raises:
        ValueError: it is none of these.
    """
    days: set[int] = set()
    for part in _BETWEEN.split(text.strip().lower()):
        if known := (_SETS | _ALSO).get(part):
            days.update(known)
            continue
        match _TO.split(part):
            case [named]:
                days.update(_named(named))
            case [first, last]:
                days.update(_through(first, last))
            case _:
                raise ValueError(text)
    return tuple(sorted(days))


def written_days(days: tuple[int, ...]) -> str:
    """The days as `parse_days` reads them; at least one."""
    for name, known in _SETS.items():
        if days == known:
            return name
    return ",".join(_NAMES[day][:3] for day in days)


def _named(text: str) -> list[int]:
    if found := _CHINESE.fullmatch(text):
        return [_CHINESE_DAYS.index(day) for day in found[1].replace("天", "日")]
    if len(text) >= 3:
        for day, name in enumerate(_NAMES):
            if name.startswith(text):
                return [day]
    raise ValueError(text)


def _through(first: str, last: str) -> list[int]:
    """From one day to the next that is called so, across Sunday if need be."""
    [start], [end] = _named(first), _named(last)
    return [day % 7 for day in range(start, start + (end - start) % 7 + 1)]
