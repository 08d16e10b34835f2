"""One commit's full analysis as titled parts, before any dialect. Empty parts are left out.

Texts are unescaped and without control characters, on one line but for a part's items, which may
have several; whatever came from a commit or a model in them is untrusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzers.model import (
    Analysis,
    Commit,
    Coverage,
    DependencyMove,
    Entry,
    Facts,
    Reason,
    Repository,
    Risk,
)
from analyzers.text import clean, clean_line, shorten
from formatters.digest import seems_to_hold_secret, signed_size
from formatters.text import Words

MAX_NAMES = 10
"""Names of one kind that are told; the rest is counted."""

MAX_PATHS = 3
"""Files that were not read whole and are named in small print; the rest is counted."""

MAX_NAME = 120
"""Characters of a name or a quoted piece of a commit."""

MAX_PATH = 80
"""Characters of a path that stands among other words."""


@dataclass(frozen=True, slots=True)
class Part:
    """One titled part of an analysis."""

    key: str
    """What it is, the same in every language: `summary`, `scope`, `architecture`, `performance`,
    `security`, `risks`, `advice`, `facts`, `reasons`."""
    title: str
    """Its title in words."""
    items: tuple[str, ...] = ()
    """Its sentences or points; one item is a paragraph, several are a list."""
    risks: tuple[tuple[str, Risk], ...] = ()
    """For `risks`: each with its severity in words."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One commit, expanded."""

    entry: Entry
    """The commit and its analysis."""
    url: str | None
    """Its page on the forge, where there is one."""
    headline: str
    """What changed, on one line."""
    title: str
    """The commit's own title; often the headline when the rules analysed it; may be empty."""
    byline: str
    """Author, instant in the reader's zone, size, and the branch if the digest has several:
    `Ada Example · 6 Jan 2026, 23:28 · 3 files · +120 −4 · release/1.0`."""
    badges: tuple[str, ...]
    """Importance, whether it seems to add a secret, and kinds in words, the importance first."""
    parts: tuple[Part, ...]
    """What the analysis says."""
    small_print: tuple[str, ...]
    """Coverage, who analysed it and when, and why not a model."""


def detail(entry: Entry, repository: Repository, zone: str, words: Words) -> Detail:
    """Expand one commit, with instants in the IANA zone `zone`."""
    commit, analysis = entry.commit, entry.analysis
    kinds = [words(f"kind-{kind.value}") for kind in analysis.kinds]
    if seems_to_hold_secret(analysis):
        kinds.insert(0, words("tag-secret"))
    return Detail(
        entry=entry,
        url=repository.commit_url(commit.sha),
        headline=clean_line(analysis.headline) or commit.short_sha,
        title=clean_line(commit.title),
        byline=_byline(entry, zone, words),
        badges=(words(f"badge-{analysis.importance.value}"), *kinds),
        parts=_parts(analysis, words),
        small_print=_small_print(entry, zone, words),
    )


def author_of(commit: Commit, words: Words) -> str:
    """The author's name; the address is not for display."""
    return shorten(clean_line(commit.author.name), MAX_NAME) or words("author-unknown")


def _byline(entry: Entry, zone: str, words: Words) -> str:
    commit = entry.commit
    parts = [author_of(commit, words), words.instant(commit.committed_at, zone)]
    if commit.files:
        parts += [words("files", n=len(commit.files)), signed_size(commit, words)]
    if branch := clean_line(entry.branch):
        parts.append(shorten(branch, MAX_NAME))
    return " · ".join(parts)


def _parts(analysis: Analysis, words: Words) -> tuple[Part, ...]:
    texts = (
        ("summary", analysis.summary),
        ("scope", analysis.scope),
        ("architecture", (analysis.architecture,)),
        ("performance", (analysis.performance,)),
        ("security", (analysis.security,)),
        ("risks", ()),
        ("advice", analysis.advice),
        ("facts", _facts(analysis.facts, words)),
        ("reasons", _reasons(analysis, words)),
    )
    risks = tuple(
        (words(f"severity-{risk.severity.value}"), _clean_risk(risk)) for risk in analysis.risks
    )
    parts = (
        Part(
            key=key,
            title=words(f"part-{key}"),
            items=tuple(filter(None, (_clean_lines(item) for item in items))),
            risks=risks if key == "risks" else (),
        )
        for key, items in texts
    )
    return tuple(part for part in parts if part.items or part.risks)


def _clean_lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in clean(text).splitlines()).strip()


def _clean_risk(risk: Risk) -> Risk:
    path = clean_line(risk.path) if risk.path else None
    return replace(risk, text=clean_line(risk.text), path=path)


def _facts(facts: Facts, words: Words) -> tuple[str, ...]:
    """What the rules read off the commit, a line for each kind of fact that there is."""
    roles = words.listed(
        words("facts-role", n=n, role=words(f"role-{role.value}")) for role, n in facts.roles
    )
    public = set(facts.public_removed)
    removed = tuple(name for name in facts.symbols_removed if name not in public)
    told = (
        ("facts-secrets", "places", _some(_places(facts, words), words)),
        ("facts-breaking", "marks", _some(facts.breaking, words)),
        ("facts-reverts", "what", _name(facts.reverts or "")),
        ("facts-public-removed", "names", _some(facts.public_removed, words)),
        ("facts-symbols-removed", "names", _some(removed, words)),
        ("facts-symbols-added", "names", _some(facts.symbols_added, words)),
        ("facts-symbols-changed", "names", _some(facts.symbols_changed, words)),
        ("facts-dependencies", "moves", _some(_moves(facts, words), words)),
        ("facts-files", "roles", roles),
        ("facts-references", "names", _some(facts.references, words)),
    )
    lines = tuple(words(message, **{name: text}) for message, name, text in told if text)
    return (*lines, words("facts-tests-missing")) if facts.tests_missing else lines


def _places(facts: Facts, words: Words) -> tuple[str, ...]:
    """What kind of secret stands where; nobody has its value."""
    return tuple(
        words(
            "facts-secret-at",
            kind=secret.kind,
            path=shorten(clean_line(secret.path), MAX_PATH),
            line=str(secret.line),
        )
        if secret.path
        else words("facts-secret-in-message", kind=secret.kind)
        for secret in facts.secrets
    )


def _moves(facts: Facts, words: Words) -> tuple[str, ...]:
    return tuple(_move(move, words) for move in facts.dependencies)


def _move(move: DependencyMove, words: Words) -> str:
    name, before, after = (_name(text or "") for text in (move.name, move.before, move.after))
    if move.before is None:
        return words("facts-dependency-new", name=name, after=after)
    if move.after is None:
        return words("facts-dependency-gone", name=name, before=before)
    return f"{name} {before} → {after}"


def _some(names: tuple[str, ...], words: Words) -> str:
    """The first names, and how many more there are."""
    shown = [_name(name) for name in names[:MAX_NAMES]]
    more = len(names) - len(shown)
    return words.listed([*shown, words("facts-more", n=more)] if more else shown)


def _name(text: str) -> str:
    return shorten(clean_line(text), MAX_NAME)


def _reasons(analysis: Analysis, words: Words) -> tuple[str, ...]:
    lines = [_reason(reason, words) for reason in analysis.verdict.reasons]
    lines.append(analysis.importance_reason)
    if analysis.proposed is not None and analysis.proposed is not analysis.importance:
        proposed, held = (
            words(f"importance-{importance.value}")
            for importance in (analysis.proposed, analysis.importance)
        )
        lines.append(words("reason-clamped", proposed=proposed, importance=held))
    return tuple(lines)


def _reason(reason: Reason, words: Words) -> str:
    text = words(f"reason-{reason.code.value}")
    evidence = _name(reason.evidence)
    return words("reason-evidence", reason=text, evidence=evidence) if evidence else text


def _read(coverage: Coverage, words: Words) -> Iterator[str]:
    """How much was read, and the first names of what was not."""
    read, total = coverage.files_read, coverage.files_total
    if total and read == total:
        yield words("small-read-whole", n=total)
    elif total:
        yield words("small-read-partly", read=read, n=total)
    for message, paths in (
        ("small-read-in-part", coverage.partly),
        ("small-not-read", coverage.unread),
    ):
        if paths:
            plain = (_name(path).replace("`", "'") for path in paths[:MAX_PATHS])
            names = tuple(f"`{path}`" for path in plain if path)
            more = len(paths) - len(names)
            said = (*names, words("facts-more", n=more)) if more else names
            yield words(message, names=words.listed(said))
    if coverage.only_counted:
        yield words("small-only-counted", n=coverage.only_counted)


def _small_print(entry: Entry, zone: str, words: Words) -> tuple[str, ...]:
    analysis = entry.analysis
    lines = [*_read(analysis.coverage, words)]
    if entry.commit.files_omitted:
        lines.append(words("small-files-omitted"))
    if analysis.withheld:
        lines.append(words("small-withheld", n=analysis.withheld))
    if analysis.is_brief:
        lines.append(words("small-brief"))
    if analysis.rules_reason is not None:
        reason = words(f"rules-reason-{analysis.rules_reason.value}")
        lines.append(words("small-by-rules", reason=reason))
    elif analysis.analyzed_at is None:
        lines.append(words("small-analysed", analyzer=_name(analysis.analyzer)))
    else:
        instant = words.instant(analysis.analyzed_at, zone)
        lines.append(words("small-analysed-at", analyzer=_name(analysis.analyzer), instant=instant))
    return tuple(lines)
