"""A digest as people read it, before any dialect: titled sections of numbered lines.

Dialects only lay out and escape what stands here, so that every chat and file says the same.
Texts are unescaped, on one line and without control characters; whatever came from a commit in
them is untrusted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from analyzers.model import (
    Analysis,
    Commit,
    Day,
    Digest,
    Edition,
    Entry,
    Group,
    GroupKind,
    Importance,
    Kind,
    Period,
    Range,
    ReasonCode,
    Remark,
    Span,
)
from analyzers.text import clean_line, shorten
from formatters.counts import Counts, count
from formatters.text import Words, local, words_for

GLYPHS = {Importance.HIGH: "🔴", Importance.MEDIUM: "🟡", Importance.LOW: "🟢"}
"""How an importance looks where there is no room for its word."""

OBJECT_NAME = "^([0-9a-f]{40}|[0-9a-f]{64})$"
"""The pattern of a full object name, by SHA-1 or SHA-256."""

MAX_GIST = 6
"""Headlines that one line tells in place of a folded group's; the rest is counted."""

MAX_TIES = 3
"""Commits that a line names as reverting, fixing or completing its own, or the other way round."""

MAX_NAME = 60
"""Characters of a component's or branch's name in a sentence."""


@dataclass(frozen=True, slots=True)
class Line:
    """One commit in one line."""

    entry: Entry
    """The commit and its analysis."""
    url: str | None
    """Its page on the forge, where there is one."""
    headline: str
    """What changed, on one line, whole."""
    tags: tuple[str, ...]
    """Short words for what it is: breaking, its kind, its component, by rules ..."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that are read together."""

    group: Group
    """The group that it shows; `group.is_folded` tells whether one line can stand for all."""
    title: str
    """For example `Needs attention (9)`, `gateway (9)`, `tests (11 alike)`."""
    lines: tuple[Line, ...]
    """Its commits, in order of their numbers."""
    gist: str
    """What one line says in place of all: the first different headlines, and how many more."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole digest."""

    repository: str
    """Its name."""
    when: str
    """The day, period or range that it covers, with the weekday: `Tue 6 Jan 2026`."""
    stats: str
    """`45 commits by 22 people · +3,912 −1,204 · 🔴 9  🟡 28  🟢 8 · main`, and since when, if a
    scheduled digest tells of more than a day."""
    remarks: tuple[str, ...]
    """What is to be said of the history itself, a sentence each; mostly empty."""
    overview: tuple[str, ...]
    """At most three sentences on what the day was about; empty on a quiet day."""
    sections: tuple[Section, ...]
    """In the order of reading; empty on a quiet day."""
    completeness: str
    """Counts by code: `45 commits: 43 analysed, 2 by rules (the model did not answer in time)`.
    What filters left out is counted too, and the counts add up to all commits of the span:
    `45 commits: 37 analysed; 8 more not shown: 6 by bots, 2 below medium`."""

    @property
    def title(self) -> str:
        """Repository and time: `acme/widget · Tue 6 Jan 2026`."""
        return f"{self.repository} · {self.when}"


def zone_of(span: Span) -> str:
    """The IANA zone that a digest's instants are shown in; a range of commits has none: UTC."""
    return "UTC" if isinstance(span, Range) else span.zone


def outline(digest: Digest, words: Words) -> Outline:
    """Lay a digest out in sections and lines, in the words of one language."""
    entries = digest.entries
    counts = count(entries)
    mixture = _Mixture(
        analyzers=counts.analysed > 0, branches=len({entry.branch for entry in entries}) > 1
    )
    return Outline(
        repository=clean_line(digest.repository.name),
        when=_when(digest.span, words),
        stats=_stats(digest, counts, words),
        remarks=tuple(_remark(remark, words) for remark in digest.remarks),
        overview=_told(digest) or _overview(entries, counts, words),
        sections=tuple(_section(group, digest, words, mixture) for group in digest.groups),
        completeness=_completeness(digest, counts, words),
    )


def group_title(group: Group, words: Words) -> str:
    """What a group is called, with the number of its commits."""
    name = clean_line(group.name)
    if group.kind is GroupKind.ALIKE:
        name = name.rstrip(" .,;:!。，、；：！")  # what is left of a sentence
    name = shorten(name, MAX_NAME)
    message = f"group-{group.kind.value}"
    if not name and group.kind is GroupKind.COMPONENT:
        message = "group-elsewhere"
    if not name and group.kind is GroupKind.ALIKE:
        message = "group-alike-unnamed"
    return words(message, name=name, n=len(group.entries))


def signed_size(commit: Commit, words: Words) -> str:
    """The size of a change in lines: `+3,912 −1,204`."""
    return _size(commit.additions, commit.deletions, words)


def seems_to_hold_secret(analysis: Analysis) -> bool:
    """Whether the commit seems to add a secret where that may open something."""
    return any(reason.code is ReasonCode.SECRET_COMMITTED for reason in analysis.verdict.reasons)


@dataclass(frozen=True, slots=True)
class _Mixture:
    """In what the commits of a digest may differ, so that each line has to say it."""

    analyzers: bool
    """Whether a model analysed some of them."""
    branches: bool
    """Whether they are on several branches."""


def _section(group: Group, digest: Digest, words: Words, mixture: _Mixture) -> Section:
    lines = tuple(_line(entry, group, digest, words, mixture) for entry in group.entries)
    headlines = list(dict.fromkeys(line.headline for line in lines))
    told = headlines[:MAX_GIST]
    if more := len(headlines) - len(told):
        told.append(words("facts-more", n=more))
    return Section(group, group_title(group, words), lines, gist=" · ".join(told))


def _line(entry: Entry, group: Group, digest: Digest, words: Words, mixture: _Mixture) -> Line:
    analysis = entry.analysis
    tags = [words("tag-secret")] if seems_to_hold_secret(analysis) else []
    if analysis.facts.breaking:
        tags.append(words("tag-breaking"))
    tags.append(words(f"kind-{analysis.kind.value}"))
    component = analysis.facts.components[0] if analysis.facts.components else ""
    if component != group.name and not _is_called(component, analysis.kind, words):
        tags.append(shorten(clean_line(component), MAX_NAME))
    tags += [words(f"tag-{tie.kind.value}", number=tie.number) for tie in entry.ties[:MAX_TIES]]
    if mixture.branches:
        tags.append(shorten(clean_line(entry.branch), MAX_NAME))
    if mixture.analyzers and not analysis.by_model:
        tags.append(words("tag-by-rules"))
    return Line(
        entry=entry,
        url=digest.repository.commit_url(entry.commit.sha),
        headline=clean_line(analysis.headline) or entry.commit.short_sha,
        tags=tuple(tag for tag in tags if tag),
    )


def _is_called(component: str, kind: Kind, words: Words) -> bool:
    """Whether a component is called as its commit's kind is, here or in English, as `tests` is."""
    names = (kind.value, words(f"kind-{kind.value}"), words_for("en")(f"kind-{kind.value}"))
    return component.casefold().rstrip("s") in {name.casefold().rstrip("s") for name in names}


def _when(span: Span, words: Words) -> str:
    if isinstance(span, Day | Edition):
        return words.date(span.date)
    if isinstance(span, Period):
        since, until = (words.instant(at, span.zone) for at in (span.since, span.until))
        return words("period", since=since, until=until, zone=span.zone)
    return f"{_revision(span.base)}..{_revision(span.head)}"


def _remark(remark: Remark, words: Words) -> str:
    branch = _revision(remark.branch)
    return words(f"remark-{remark.code.value}", branch=branch, n=remark.n)


def _revision(name: str) -> str:
    """A full object name as people write it; other names as they are."""
    return name[:7] if re.fullmatch(OBJECT_NAME, name) else shorten(clean_line(name), MAX_NAME)


def _stats(digest: Digest, counts: Counts, words: Words) -> str:
    branch = _revision(digest.branch)
    if not counts.commits:
        told = words("stats-none-shown" if digest.left_out else "stats-quiet")
        return " · ".join(filter(None, (told, branch, _since(digest.span, words))))
    parts = (
        words("stats-by", commits=words("commits", n=counts.commits), authors=_by(counts, words)),
        _size(counts.additions, counts.deletions, words),
        "  ".join(
            f"{GLYPHS[importance]} {words.number(n)}"
            for importance, n in counts.importance.items()
            if n
        ),
        branch,
        _since(digest.span, words),
    )
    return " · ".join(filter(None, parts))


def _since(span: Span, words: Words) -> str:
    """Since when a scheduled digest tells what is new, if not simply since the day before."""
    if not isinstance(span, Edition) or span.since is None:
        return ""
    since = local(span.since, span.zone).date()
    if (span.date - since).days <= 1:
        return ""
    return words("stats-since", date=words.date(since), time=words.time(span.since, span.zone))


def _by(counts: Counts, words: Words) -> str:
    people, bots = words("people", n=counts.people), words("bots", n=counts.bots)
    if not counts.bots:
        return people
    return words("stats-both", people=people, bots=bots) if counts.people else bots


def _size(additions: int, deletions: int, words: Words) -> str:
    return f"+{words.number(additions)} −{words.number(deletions)}"


def _told(digest: Digest) -> tuple[str, ...]:
    """What a model says of the whole."""
    return tuple(filter(None, map(clean_line, digest.overview)))


def _overview(entries: tuple[Entry, ...], counts: Counts, words: Words) -> tuple[str, ...]:
    """What counting alone can say of several commits: where, what, and how urgent."""
    if counts.commits < 2:
        return ()
    sentences = (
        _where(entries, words),
        words("overview-kinds", kinds=_what(counts, words)),
        _urgency(entries, words),
    )
    return tuple(filter(None, sentences))


def _where(entries: tuple[Entry, ...], words: Words) -> str:
    """The parts that most commits touch. A commit of several counts for each: a group of a part is
    never larger than what is said of the part."""
    commits: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        names = [shorten(clean_line(name), MAX_NAME) for name in entry.analysis.facts.components]
        commits.update(list(dict.fromkeys(name.casefold() for name in names if name)))
        for name in names:
            spellings[name.casefold()][name] += 1
    top = [(spellings[key].most_common(1)[0][0], n) for key, n in commits.most_common(2) if n > 1]
    if not top:
        return ""
    (name, n), total = top[0], len(entries)
    if len(top) == 1:
        return words("overview-components", name=name, n=n, commits=total)
    (second, m) = top[1]
    return words("overview-components-two", name=name, n=n, commits=total, second=second, m=m)


def _what(counts: Counts, words: Words) -> str:
    kinds = list(counts.kinds.items())
    shown = kinds if len(kinds) <= 4 else kinds[:3]  # "1 other" would be no shorter than its name
    parts = [words(f"count-{kind.value}", n=n) for kind, n in shown]
    others = counts.commits - sum(n for _, n in shown)
    return words.listed([*parts, words("count-others", n=others)] if others else parts)


def _urgency(entries: tuple[Entry, ...], words: Words) -> str:
    high = [entry.analysis for entry in entries if entry.analysis.importance is Importance.HIGH]
    if not high:
        return words("overview-calm")
    counts = (
        ("count-breaking", sum(bool(analysis.facts.breaking) for analysis in high)),
        ("count-security", sum(Kind.SECURITY in analysis.kinds for analysis in high)),
        ("count-revert", sum(Kind.REVERT in analysis.kinds for analysis in high)),
    )
    among = words.listed(words(message, n=n) for message, n in counts if n)
    if not among:
        return words("overview-attention", n=len(high))
    return words("overview-attention-among", n=len(high), kinds=among)


def _completeness(digest: Digest, counts: Counts, words: Words) -> str:
    """How every commit of the span was read or why it is not shown, in counts that add up."""
    branch = _revision(digest.branch)
    left_out = sum(n for _, n in digest.left_out)
    commits = words("commits", n=counts.commits + left_out)
    reasons = words.listed(words(f"left-out-{reason.value}", n=n) for reason, n in digest.left_out)
    if not counts.commits:
        if left_out:
            return words("complete-none-shown", commits=commits, branch=branch, reasons=reasons)
        return words("complete-quiet", branch=branch)
    parts = words("clause-separator").join(_read(counts, words, among_others=left_out > 0))
    shown = words("complete", commits=commits, parts=parts)
    if not left_out:
        return shown
    not_shown = words("complete-left-out", n=left_out, reasons=reasons)
    return words("reason-separator").join((shown, not_shown))


def _read(counts: Counts, words: Words, *, among_others: bool) -> list[str]:
    """How the commits that are shown were read; a count is left out where it is that of all."""
    analysed, partly = counts.analysed, counts.read_in_part
    parts = []
    if partly:
        parts.append(words("complete-analysed-partly", n=analysed, partly=partly))
    elif analysed:
        parts.append(words("complete-analysed", n=analysed))
    if counts.by_rules:
        told = [(words(f"rules-reason-{reason.value}"), n) for reason, n in counts.by_rules.items()]
        detail = words("reason-separator").join(f"{n} × {text}" for text, n in told)
        if len(told) == 1:
            detail = told[0][0]
        if analysed or among_others:
            by_rules = counts.commits - analysed
            parts.append(words("complete-rules", n=by_rules, reasons=detail))
        else:
            parts.append(words("complete-rules-alone", reasons=detail))
    return parts
