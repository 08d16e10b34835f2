"""How much of a model's work a commit is worth, by what the rules say of it. Pure."""

from __future__ import annotations

from enum import StrEnum

from analyzers.model import Analysis, Commit, FileRole, Importance, Kind
from analyzers.rules.roles import UNREADABLE


class Depth(StrEnum):
    """How much is asked of a model."""

    NONE = "none"
    """Nothing: the rules say all that there is to say."""
    BRIEF = "brief"
    """The main points."""
    FULL = "full"
    """Everything."""


_MANIFESTS = frozenset({FileRole.LOCK, FileRole.CONFIG, FileRole.BUILD})


def depth_of(commit: Commit, by_rules: Analysis) -> Depth:
    """How much to ask about a commit.

    Args:
        commit: the commit.
        by_rules: what the rules say of it.
    """
    if _speaks_for_itself(commit, by_rules):
        return Depth.NONE
    return Depth.BRIEF if by_rules.importance is Importance.LOW else Depth.FULL


def _speaks_for_itself(commit: Commit, by_rules: Analysis) -> bool:
    """Whether there is nothing to read but what the rules have read: no patch that people wrote,
    or dependencies that moved by less than a major version."""
    if by_rules.verdict.floor is not Importance.LOW:
        return False
    roles = {role for role, _ in by_rules.facts.roles}
    is_bump = by_rules.kind is Kind.DEPENDENCIES and bool(by_rules.facts.dependencies)
    if is_bump and by_rules.importance is Importance.LOW:
        return roles <= _MANIFESTS
    return commit.is_merge or (bool(roles) and roles <= UNREADABLE)
