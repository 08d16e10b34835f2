"""What a model said of a commit, held against the commit: a Reply becomes an Analysis. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from analyzers.model import (
    Analysis,
    Commit,
    Coverage,
    Importance,
    Risk,
    Severity,
    Verdict,
)
from analyzers.replies import Reply, RiskReply
from analyzers.text import clean_line, shorten

_HEADLINE, _SENTENCE, _PARAGRAPH, _PLACE = 140, 400, 900, 200
"""Characters that a text may have. Models exceed them rarely, and always by rambling."""
_MOST_KINDS, _MOST_TEXTS, _MOST_ADVICE = 3, 8, 6

_FILE = re.compile(r"(?:[\w.@+-]+/)+[\w.@+-]*\.[A-Za-z]\w{0,9}\b")
_LINE_NUMBER = re.compile(r":\d+(?:-\d+)?$")
_WORST_FIRST = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def to_analysis(
    reply: Reply,
    commit: Commit,
    by_rules: Analysis,
    coverage: Coverage,
    *,
    model: str,
    language: str,
    at: datetime,
) -> Analysis:
    """What a model said of a commit, within what is known of the commit.

    The importance is kept between the rules' floor and ceiling, and files that the commit does
    not have are not named.
    """
    verdict = by_rules.verdict
    paths = _paths(commit)
    summary = _shortened(reply.summary, _MOST_TEXTS, _PARAGRAPH)
    places = (shorten(place, _PLACE) for place in reply.scope)
    scope = (place for place in places if _is_grounded(place, paths))
    return Analysis(
        kinds=reply.kinds[:_MOST_KINDS] or by_rules.kinds,
        verdict=verdict,
        importance=_clamped(reply.importance or verdict.importance, verdict),
        headline=shorten(reply.headline or summary[0], _HEADLINE),
        facts=by_rules.facts,
        coverage=coverage,
        analyzer=model,
        language=language,
        summary=summary,
        importance_reason=shorten(reply.importance_reason, _SENTENCE),
        proposed=reply.importance,
        scope=tuple(islice(scope, _MOST_TEXTS)),
        architecture=shorten(reply.architecture, _PARAGRAPH),
        performance=shorten(reply.performance, _PARAGRAPH),
        security=shorten(reply.security, _PARAGRAPH),
        risks=_risks(reply.risks, paths),
        advice=_shortened(reply.advice, _MOST_ADVICE, _SENTENCE),
        analyzed_at=at,
    )


def _clamped(importance: Importance, verdict: Verdict) -> Importance:
    if importance.rank < verdict.floor.rank:
        return verdict.floor
    return verdict.ceiling if importance.rank > verdict.ceiling.rank else importance


def _shortened(texts: Iterable[str], most: int, length: int) -> tuple[str, ...]:
    return tuple(shorten(text, length) for text in islice(texts, most))


def _paths(commit: Commit) -> dict[str, str]:
    """The commit's paths by the way they look in a prompt, those before a rename too."""
    paths = {
        clean_line(file.previous_path): file.path for file in commit.files if file.previous_path
    }
    return paths | {clean_line(file.path): file.path for file in commit.files}


def _find(paths: dict[str, str], name: str) -> str | None:
    """The one path that is called so, in full or by its last parts."""
    name = _LINE_NUMBER.sub("", name.strip(" `'\"")).removeprefix("./")
    if name in paths:
        return paths[name]
    found = {path for look, path in paths.items() if name and look.endswith(f"/{name}")}
    return found.pop() if len(found) == 1 else None


def _is_grounded(text: str, paths: dict[str, str]) -> bool:
    """Whether every file that a text names is in the commit, in full or by its last parts."""
    names = _FILE.findall(text)
    return all(any(f"/{look}".endswith(f"/{name}") for look in paths) for name in names)


def _risks(replies: Iterable[RiskReply], paths: dict[str, str]) -> tuple[Risk, ...]:
    """The worst first, for a reader who stops after the first."""
    risks = (
        Risk(shorten(risk.text, _SENTENCE), risk.severity, _find(paths, risk.path))
        for risk in replies
        if risk.text
    )
    return tuple(sorted(risks, key=lambda risk: _WORST_FIRST.index(risk.severity))[:_MOST_TEXTS])
