"""Whether work grows with the size of what it is given, or with the square of that size.

No number of seconds is known here: a size is compared with a multiple of it, and the fastest of
several rounds counts on either side, so a slow or busy machine changes nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

ROUNDS = 12

_Material = TypeVar("_Material")


def grows_no_faster_than_its_material(
    work: Callable[[_Material], object],
    make: Callable[[int], _Material],
    size: int,
    *,
    times: int = 8,
) -> bool:
    """Whether ``work`` on ``make(times * size)`` takes about ``times`` as long as on one ``size``.

    A line takes ``times`` as long and a square ``times`` squared; the limit is the mean of both.
    Most work shows in the first round what it is.
    """
    small, large = make(size), make(times * size)
    fastest_small = fastest_large = math.inf
    for _ in range(ROUNDS):
        fastest_small = min(fastest_small, _seconds(work, small))
        fastest_large = min(fastest_large, _seconds(work, large))
        if fastest_large < times**1.5 * fastest_small:
            return True
    return False


def _seconds(work: Callable[[_Material], object], material: _Material) -> float:
    started = time.process_time()
    work(material)
    return time.process_time() - started
