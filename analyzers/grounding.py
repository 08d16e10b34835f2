"""What a model said of a commit, held against the commit: a Reply becomes an Analysis. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from analyzers.claims import Ground
from analyzers.diffs.hunks import read_hunks
from analyzers.model import Analysis, Commit, Coverage, Importance, Risk, Severity, Verdict
from analyzers.replies import Reply, RiskReply
from analyzers.text import shorten

_HEADLINE, _SENTENCE, _PARAGRAPH, _PLACE = 140, 400, 900, 200
"""Characters that a text may have. Models exceed them rarely, and always by rambling."""
_MOST_KINDS, _MOST_TEXTS, _MOST_ADVICE = 3, 8, 6

_WORST_FIRST = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)
_FITS_ANY_COMMIT = re.compile(
    r"(?:please )?(?:consider |ensure |make sure |be sure |remember )?(?:to |that )?(?:you )?"
    r"(?:add|adding|write|writing|run|running|update|updating|review|reviewing|monitor|monitoring"
    r"|test|testing|check|verify|keep|document|documenting)\b"
    r"(?=[^`\d/]*\b(?:tests?|documentation|docs|code|changes?|logs?|metrics|performance|coverage"
    r"|changelog|release notes|thoroughly|carefully|production)\b)[^`\d/]{0,80}"
    r"|(?:建议|请|应|需要?|可以?|考虑|注意)*(?:进一步|及时|尽快|充分|继续)?"
    r"(?:增加|添加|补充|编写|更新|完善|加强|运行|进行|监控|监测|关注|审查|评审|检查)"
    r"(?=[^`0-9/]*(?:测试|文档|监控|日志|指标|性能|代码|覆盖|回归|变更|审查|评审))[^`0-9/]{0,30}",
    re.IGNORECASE,
)
"""Advice that says nothing of the commit: it names nothing that one could look for."""


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

    The importance is kept between the rules' floor and ceiling. Sentences that name a file, an
    identifier or a figure that is not in the commit are taken out, and counted.
    """
    verdict = by_rules.verdict
    ground = Ground.of(commit)
    keep = ground.keep
    summary = _kept(map(keep, reply.summary), _MOST_TEXTS, _PARAGRAPH)
    headline = keep(reply.headline) or (summary[0] if summary else by_rules.headline)
    scope = _kept(map(keep, reply.scope), _MOST_TEXTS, _PLACE)
    advice = (text for text in reply.advice if not _FITS_ANY_COMMIT.fullmatch(text.strip(" .。!")))
    return Analysis(
        kinds=reply.kinds[:_MOST_KINDS] or by_rules.kinds,
        verdict=verdict,
        importance=_clamped(reply.importance or verdict.importance, verdict),
        headline=shorten(headline, _HEADLINE),
        facts=by_rules.facts,
        coverage=coverage,
        analyzer=model,
        language=language,
        summary=summary,
        importance_reason=shorten(keep(reply.importance_reason), _SENTENCE),
        proposed=reply.importance,
        scope=scope,
        architecture=shorten(keep(reply.architecture), _PARAGRAPH),
        performance=shorten(keep(reply.performance), _PARAGRAPH),
        security=shorten(keep(reply.security), _PARAGRAPH),
        risks=_risks(reply.risks, commit, ground),
        advice=_kept(map(keep, advice), _MOST_ADVICE, _SENTENCE),
        analyzed_at=at,
        withheld=ground.withheld,
    )


def _clamped(importance: Importance, verdict: Verdict) -> Importance:
    if importance.rank < verdict.floor.rank:
        return verdict.floor
    return verdict.ceiling if importance.rank > verdict.ceiling.rank else importance


def _kept(texts: Iterable[str], most: int, length: int) -> tuple[str, ...]:
    return tuple(shorten(text, length) for text in islice(filter(None, texts), most))


def _risks(replies: Iterable[RiskReply], commit: Commit, ground: Ground) -> tuple[Risk, ...]:
    """The worst first, for a reader who stops after the first."""
    risks = (
        _risk(risk, text, commit, ground)
        for risk in sorted(replies, key=lambda risk: _WORST_FIRST.index(risk.severity))
        if (text := ground.keep(risk.text))
    )
    return tuple(islice(risks, _MOST_TEXTS))


def _risk(reply: RiskReply, text: str, commit: Commit, ground: Ground) -> Risk:
    path = ground.find_path(reply.path)
    line = reply.line if path and _shows_line(commit, path, reply.line) else None
    return Risk(shorten(text, _SENTENCE), reply.severity, path, line)


def _shows_line(commit: Commit, path: str, line: int) -> bool:
    """Whether a line of a file as it is after the commit stands in its patch."""
    patch = next((file.patch for file in commit.files if file.path == path), None)
    return any(
        hunk.new <= line < hunk.new + sum(text[:1] in ("+", " ", "") for text in hunk.lines)
        for hunk in read_hunks(patch or "")
    )
