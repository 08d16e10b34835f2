"""Many analyses become the groups of a digest: what needs attention first, look-alikes folded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzers.model import Analysis, Commit, Entry, Group, GroupKind, Importance, Kind, Placed
from analyzers.rules.titles import parse_title
from analyzers.ties import with_ties

MIN_ALIKE = 3
"""Commits that must say the same before one line stands for them."""

_MAX_TOKENS = 24
"""Words of a title that are compared."""

_MAX_GAP = 4
"""Words in which two titles may differ and still say the same."""

_GAP = "…"
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_IDLE = frozenset({"a", "an", "the", "to", "in", "of", "for", "on", "and", "with", "from", "by"})

Analysed = tuple[Commit, Analysis]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A group before its commits have numbers."""

    kind: GroupKind
    name: str
    members: list[Analysed]

    @property
    def importance(self) -> Importance:
        return max((a.importance for _, a in self.members), key=lambda i: i.rank)

    @property
    def reading_order(self) -> tuple[bool, int, int, int, str, str]:
        """Attention, then by importance: told groups, folded ones, the others without a name;
        each by size."""
        folded = self.kind in (GroupKind.DEPENDENCIES, GroupKind.BOTS, GroupKind.MERGES)
        place = 1 if folded else 0 if self.name else 2
        size = len(self.members)
        attention = self.kind is GroupKind.ATTENTION
        return (not attention, -self.importance.rank, place, -size, self.kind, self.name)


def arrange(analysed: Sequence[Analysed]) -> tuple[Group, ...]:
    """Put every commit into exactly one group and number them in the order of reading.

    First all that is high, newest first. Then by importance: components and look-alikes, the
    larger ones first; then dependencies, bots and merges, each folded into a line; then the
    commits that are alone with their component. The order of the input does not matter.

    Args:
        analysed: each commit once.
    """
    by_kind: dict[GroupKind, list[Analysed]] = defaultdict(list)
    for pair in sorted(analysed, key=lambda p: (-p[0].committed_at.timestamp(), p[0].sha)):
        by_kind[_kind_of(*pair)].append(pair)
    told = by_kind.pop(GroupKind.COMPONENT, [])
    drafts = [_Draft(kind, "", members) for kind, members in by_kind.items()]
    alike, rest = _split_alike(told)
    drafts += alike
    for importance in Importance:
        drafts += _by_component([pair for pair in rest if pair[1].importance is importance])
    return _numbered(sorted(drafts, key=lambda draft: draft.reading_order))


def placed(groups: Sequence[Group]) -> tuple[Placed, ...]:
    """Which commits stand together, to put them there again."""
    return tuple(
        Placed(group.kind, group.name, tuple(entry.commit.sha for entry in group.entries))
        for group in groups
    )


def rearranged(places: Sequence[Placed], analysed: Sequence[Analysed]) -> tuple[Group, ...]:
    """The same groups with the same numbers, whatever the analyses say by now.

    Args:
        places: as `placed` told them.
        analysed: the same commits, in any order.
    """
    known = {commit.sha: (commit, analysis) for commit, analysis in analysed}
    return _numbered(
        [_Draft(place.kind, place.name, [known[sha] for sha in place.shas]) for place in places]
    )


def _kind_of(commit: Commit, analysis: Analysis) -> GroupKind:
    """The group that a commit belongs to by itself; component where it has to be compared."""
    if analysis.importance is Importance.HIGH:
        return GroupKind.ATTENTION
    if commit.is_merge or analysis.kind is Kind.MERGE:
        return GroupKind.MERGES
    if analysis.kind is Kind.DEPENDENCIES:
        return GroupKind.DEPENDENCIES
    return GroupKind.BOTS if commit.author.is_bot else GroupKind.COMPONENT


def _numbered(drafts: Sequence[_Draft]) -> tuple[Group, ...]:
    groups = []
    number = 0
    for draft in drafts:
        entries = []
        for commit, analysis in draft.members:
            number += 1
            entries.append(Entry(number, commit, analysis))
        groups.append(Group(draft.kind, draft.name, draft.importance, tuple(entries)))
    return with_ties(groups)


def _by_component(pairs: list[Analysed]) -> list[_Draft]:
    """Each commit with the most frequent of its components. Where more than two are alone with
    theirs, they are gathered under no name, like commits without a component."""
    frequency = Counter(
        name for _, analysis in pairs for name in {c.casefold() for c in analysis.facts.components}
    )
    chosen = [
        max(analysis.facts.components or ("",), key=lambda name: frequency[name.casefold()])
        for _, analysis in pairs
    ]
    sizes = Counter(name.casefold() for name in chosen)
    gathers = sum(size == 1 for size in sizes.values()) > 2
    members: dict[str, list[Analysed]] = defaultdict(list)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for pair, name in zip(pairs, chosen, strict=True):
        key = "" if gathers and sizes[name.casefold()] == 1 else name.casefold()
        members[key].append(pair)
        spellings[key][name if key else ""] += 1
    return [
        _Draft(GroupKind.COMPONENT, min(found, key=lambda name: (-found[name], name)), members[key])
        for key, found in spellings.items()
    ]


def _split_alike(pairs: list[Analysed]) -> tuple[list[_Draft], list[Analysed]]:
    """The commits whose titles say the same, by what they say, and the rest.

    Titles say the same if they are equal but for one run of at most `_MAX_GAP` words. Every title
    is counted under each template it has; the template of most commits takes its commits first.
    """
    titles = [_Words.of(commit.title) for commit, _ in pairs]
    indices: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, title in enumerate(titles):
        for template in title.templates():
            indices[template].append(index)
    candidates = [(t, found) for t, found in indices.items() if len(found) >= MIN_ALIKE]
    candidates.sort(key=lambda item: (-len(item[1]), -len(item[0]), item[0]))
    taken: set[int] = set()
    drafts = []
    for template, found in candidates:
        free = [index for index in found if index not in taken]
        quiet = all(pairs[index][1].importance is Importance.LOW for index in free)
        if len(free) >= MIN_ALIKE and _tells_enough(template, quiet=quiet):
            taken.update(free)
            name = titles[free[0]].shown(template)
            drafts.append(_Draft(GroupKind.ALIKE, name, [pairs[index] for index in free]))
    return drafts, [pair for index, pair in enumerate(pairs) if index not in taken]


def _tells_enough(template: tuple[str, ...], *, quiet: bool) -> bool:
    """Whether what titles share is what they say, and not a common turn of speech: "Fix … in
    parser" are different fixes. Of low commits less is asked, as less is lost by folding them."""
    if _GAP not in template:
        return True
    weight = sum(
        0.5 if _WIDE.match(token) else 1.0
        for token in template
        if token != _GAP and token not in _IDLE and any(c.isalnum() for c in token)
    )
    return weight >= (2 if quiet else 3)


@dataclass(frozen=True, slots=True)
class _Words:
    """A title as it is compared with others."""

    written: tuple[str, ...]
    """The words as written, numbers, versions and the ends of paths replaced by a gap."""

    @classmethod
    def of(cls, title: str) -> _Words:
        tokens = _TOKEN.findall(parse_title(title).text)[:_MAX_TOKENS]
        return cls(tuple(_without_details(token) for token in tokens))

    def templates(self) -> Iterator[tuple[str, ...]]:
        """The words with each run of up to `_MAX_GAP` of them replaced by a gap, at least half of
        the words remaining; first the words themselves."""
        words = tuple(word.casefold() for word in self.written)
        if not words:
            return
        yield words
        size = len(words)
        seen = {words}
        for length in range(1, min(_MAX_GAP, size // 2) + 1):
            for start in range(size - length + 1):
                template = (*words[:start], _GAP, *words[start + length :])
                if template not in seen:
                    seen.add(template)
                    yield template

    def shown(self, template: tuple[str, ...]) -> str:
        """A template of this title for reading, in its own letters."""
        letters = {word.casefold(): word for word in reversed(self.written)}
        name = ""
        for token in template:
            word = letters.get(token, token)
            if name and not (_is_tight(name[-1]) and _is_tight(word)):
                name += " "
            name += "" if name.endswith(_GAP) and word == _GAP else word
        return name


def _is_tight(text: str) -> bool:
    """Whether no space stands between it and its like."""
    return text == _GAP or bool(_WIDE.match(text))


def _without_details(token: str) -> str:
    """A word without what tells one of many: a path keeps two folders, a number becomes a gap."""
    if token.isalpha():
        return token
    if token.count("/") > 1:
        return "/".join((*token.split("/")[:2], _GAP))
    return (
        _GAP if any(c.isdigit() for c in token) and not any(c.isalpha() for c in token) else token
    )
