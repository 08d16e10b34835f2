"""What the commits of a digest have to do with one another, by what they say themselves. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzers.model import Entry, Group, Tie, TieKind

_OPPOSITE = {TieKind.REVERTS: TieKind.REVERTED_BY, TieKind.FOLLOWS: TieKind.FOLLOWED_BY}
_SHORTEST_SHA = 7
_SHA = re.compile(r"[0-9a-f]{7,64}")
_OWN_NUMBER = re.compile(r"(?:\((#\d{1,9})\)$|^Merge pull request (#\d{1,9})\b)")


def with_ties(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The same groups, each commit tied to those that it reverts, fixes or completes, and these to
    it. What is not in the digest, or is there twice, is tied to nothing."""
    entries = [entry for group in groups for entry in group.entries]
    names = _Names(entries)
    ties: defaultdict[int, set[Tie]] = defaultdict(set)
    for entry in entries:
        for kind, other in _said(entry, names):
            ties[entry.number].add(Tie(kind, other.number))
            ties[other.number].add(Tie(_OPPOSITE[kind], entry.number))

    def tied(entry: Entry) -> Entry:
        found = ties.get(entry.number)
        if not found:
            return entry
        return replace(entry, ties=tuple(sorted(found, key=lambda tie: (tie.kind, tie.number))))

    return tuple(replace(group, entries=tuple(map(tied, group.entries))) for group in groups)


def _said(entry: Entry, names: _Names) -> Iterator[tuple[TieKind, Entry]]:
    facts = entry.analysis.facts
    reverted = names.find(facts.reverts, entry) if facts.reverts else None
    if reverted:
        yield TieKind.REVERTS, reverted
    for name in facts.follows:
        followed = names.find(name, entry)
        if followed and followed is not reverted:
            yield TieKind.FOLLOWS, followed


class _Names:
    """What commits may be called in the messages of others."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_sha: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_name: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            commit = entry.commit
            self._by_sha[commit.sha[:_SHORTEST_SHA]].append(entry)
            self._by_name[commit.title].append(entry)
            if number := _OWN_NUMBER.search(commit.title):
                self._by_name[number[1] or number[2]].append(entry)
                self._by_name[commit.title[: number.start()].strip()].append(entry)

    def find(self, name: str, by: Entry) -> Entry | None:
        """The one commit that another calls so."""
        if _SHA.fullmatch(name):
            near = self._by_sha.get(name[:_SHORTEST_SHA], ())
            found = [entry for entry in near if entry.commit.sha.startswith(name)]
        else:
            found = self._by_name.get(name, [])
        others = [entry for entry in found if entry is not by]
        return others[0] if len(others) == 1 else None
