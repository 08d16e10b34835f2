"""Up to which commits a subscription was delivered. Plain data, as a ledger keeps it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.ports import Head

MOST_RETIRED: Final = 200
"""Commits in the cursor that no branch reaches any more: each may cost a forge a request."""

_AT: Final = "~"  # no branch can have it in its name (git help check-ref-format)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is delivered, but for what has vanished from the repository."""

    ends: Mapping[str, str]
    """The commit that the last digest ended in, by branch."""
    retired: Mapping[str, str]
    """Commits that were delivered and that no branch reaches any more, the oldest first: by
    `<branch>~<commit>` where their branch is gone, by `~<commit>` where it was rewritten or is
    there again."""
    lost: frozenset[str]
    """The branches whose end has vanished."""

    @classmethod
    def of(cls, heads: Mapping[str, str], vanished: Collection[str]) -> Cursor:
        """The cursor of a ledger."""
        here = {name: sha for name, sha in heads.items() if sha not in vanished}
        return cls(
            ends={name: sha for name, sha in here.items() if _AT not in name},
            retired={name: sha for name, sha in here.items() if _AT in name},
            lost=frozenset(name for name in heads.keys() - here.keys() if _AT not in name),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is delivered."""
        return not self.ends and not self.retired

    def end(self, branch: str) -> str | None:
        """Up to where a branch is delivered; of one that is there again, where it ended before."""
        ended = (sha for name, sha in self.retired.items() if name == f"{branch}{_AT}{sha}")
        return self.ends.get(branch) or next(ended, None)

    def known(self, tips: Sequence[Head]) -> list[str]:
        """All that is delivered, after that which each of the tips most likely stands on."""
        every = [*self.ends.values(), *self.retired.values()]
        return [self.end(tip.branch) or every[0] for tip in tips] + every if every else []

    def moved(
        self, tips: Sequence[Head], reached: Collection[str], left: Iterable[str]
    ) -> dict[str, str]:
        """The cursor for a ledger, once everything up to the tips is delivered.

        Args:
            tips: the branches as they are now.
            reached: commits that one of them reaches.
            left: the branches whose ends none of them reaches.
        """
        here = {tip.branch: tip.sha for tip in tips}
        behind = [(name.partition(_AT)[0], sha) for name, sha in self.retired.items()]
        behind += [(branch, end) for branch in left if (end := self.ends.get(branch))]
        retired = {
            f"{'' if branch in here else branch}{_AT}{sha}": sha
            for branch, sha in behind
            if sha not in reached
        }
        return dict([*retired.items()][-MOST_RETIRED:]) | here
