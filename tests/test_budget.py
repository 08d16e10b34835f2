"""What analyses cost: a few of the commits that `make bench` has analysed, and the largest."""

from __future__ import annotations

import pytest

from analyzers.instructions import FULL_INSTRUCTIONS
from analyzers.llm import TOKENS
from analyzers.tokens import count_tokens
from tests.bench.budget import LARGEST_PROCESS, MOST, check, costs
from tests.commit_shapes import commits_of_real_shape
from tests.huge_commits import measured

FRAME = 400
"""Tokens of a prompt that are the same for every commit, and some to spare."""

LARGEST = 10_000
"""Lines beyond which it takes seconds to count the tokens of a diff; the bench has them."""


async def test_commits_of_every_shape_cost_half_of_their_diffs_and_pass_over_nothing() -> None:
    """Invariant 6."""
    some = (c for c in commits_of_real_shape(every=60) if c.additions < LARGEST)
    told = await costs(some)
    check(told)
    assert sum(cost.asked for cost in told) <= MOST * sum(cost.full for cost in told)
    assert all(cost.analysis.coverage.files_total == len(cost.commit.files) for cost in told)


@pytest.mark.slow
async def test_the_largest_commits_are_analysed_within_budget_and_memory() -> None:
    line, files, megabytes = await measured()
    assert (line.files, files.files, megabytes.files) == (1, 3_000, 51)
    assert line.characters > 890_000
    assert megabytes.characters > 50_000_000
    for took in (line, files, megabytes):
        same = took.requests * (count_tokens(FULL_INSTRUCTIONS) + FRAME)
        assert took.tokens <= TOKENS + same
        assert took.megabytes <= LARGEST_PROCESS
    assert files.read + files.partly + files.unread == 3_000
