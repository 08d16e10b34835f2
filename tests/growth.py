"""How long work takes, compared with other work or with itself on more material.

No number of seconds is known here: the fastest of several rounds counts on either side, so a slow
or busy machine changes nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

ROUNDS = 12

_Material = TypeVar("_Material")


def takes_at_most(times: float, work: Callable[[], object], other: Callable[[], object]) -> bool:
    """Whether work takes at most so many times as long as other work.

    Most shows in the first round that it does; more rounds are for a machine that does something
    else meanwhile.
    """
    fastest = fastest_other = math.inf
    for _ in range(ROUNDS):
        fastest_other = min(fastest_other, _seconds(other))
        fastest = min(fastest, _seconds(work))
        if fastest < times * fastest_other:
            return True
    return False


def grows_no_faster_than_its_material(
    work: Callable[[_Material], object], make: Callable[[int], _Material], size: int
) -> bool:
    """Whether work on eight times the size takes about eight times as long.

    The limit lies between that and 64 times as long, which is what a square takes.
    """
    small, large = make(size), make(8 * size)
    return takes_at_most(8**1.5, lambda: work(large), lambda: work(small))


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
