"""A message's body: its prose without trailers, templates and lists of trivial commits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzers.rules.titles import parse_title
from analyzers.text import clean_line, shorten

MAX_ITEMS = 5
"""Paragraphs and bullets of a summary; more is the whole body again."""

MAX_ITEM = 400
"""Characters of one item; about two sentences of English."""

_TRAILER = re.compile(
    r"(?:[A-Z][a-zA-Z]*-(?:[a-zA-Z]+-){0,3}(?:by|to|on|id|Id|ID|RevId|Number|Link|issue|url)"
    r"|Cc|Links?|Fixes|Closes|Resolves|Refs?|Related|Issue|Bug|PR|Tested|Reviewers?"
    r"|Differential Revision|Pull Request resolved|git-svn-id|Summary of commits)[:：]\s"
)
_REFERRING_WORD = re.compile(
    r"(?:fix(?:e[sd])?|clos(?:e[sd]?|ing)|resolv(?:e[sd]?|ing)|refs?|see|part|of|related|to|pr|and"
    r"|issues?|this|reverts|reverted|cherry|picked|from|commit|[0-9a-f]{7,64}|[\w./-]{0,80}[#!]\d{1,9}"
    r"|https?://\S+)?$",
    re.IGNORECASE,
)
_CHECKBOX = re.compile(r"(?:[-*+]|\d+\.)?\s*\[[ xX✓]?\]\s")
_BULLET = re.compile(r"(\s*)(?:[-*+•·]|\d{1,2}[.)、])\s+(?=\S)")
_HEADING = re.compile(r"#{1,6}\s+(.*)|\*\*([^*]+)\*\*:?$|([A-Z][\w ]{2,30}):$")
_IDLE_HEADING = re.compile(
    r".*\b(?:check\s?list|checks|type of change|test plan|how (?:has|was|to|did)|testing|tested"
    r"|screenshots?|reviewers?|benchmark\w*|profiling|accuracy|before (?:submitting|merging)|todo"
    r"|related issues?|linked issues?|new contributors|pr checklist|验证|检查|自测)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-=_*~\s]{3,}$|\|.*\|$|<[^<>]{0,300}>$|!\[[^\]]{0,200}\]\([^)]{0,300}\)$")
_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,400}\)")
_TRIVIAL = re.compile(
    r"(?:wip|more|done|ok|try|debug|te?mp|tests?|lint|format(?:ting)?|fmt|style|nits?|typos?"
    r"|clean ?up|clean|minor|rebase|review|refine|polish|upd|updates?|(?:bug|hot)?fix(?:es|ed)?|\W*"
    r"|(?:fix|run|apply|update|add|remove|address|correct|resolve|clean ?up|make|minor|small|more)"
    r"\w*(?: [\w-]+)? (?:lint\w*|format\w*|ci|tests?|typos?|style|comments?|reviews?|feedback"
    r"|conflicts?|pre-?commit|clippy|rustfmt|ruff|black|isort|mypy|checks?|changelog|docs?|nits?"
    r"|suggestions?|imports?|build|errors?|fixes|cleanups?|snapshots?|copyright|license|merge)"
    r"|merge (?:branch|remote|pull|main|master|upstream|in|with)\b.*|revert\b.*"
    r"|apply suggestions\b.*|update .{0,60}\.\w{1,5}|co-authored-by.*|(?:\[)?pre-commit.*"
    r"|address\w* (?:\w+ )?(?:review|comments?|feedback|nits)\b.*|修改|更新|格式化|调整)[.!。]*$",
    re.IGNORECASE,
)
_NONE = re.compile(r"(?:none|n/?a|no|nothing|-|无|没有)\.?$", re.IGNORECASE)


def prose(body: str) -> list[str]:
    """The paragraphs and bullets that a person wrote to be read, one clean line each."""
    items: list[str] = []
    open_item = False
    for line in _told_lines(body):
        bullet = _BULLET.match(line)
        text = _LINK.sub(r"\1", line[bullet.end() :] if bullet else line)
        text = clean_line(text.replace("**", ""))
        if not text:
            open_item = False
        elif open_item and not bullet:
            items[-1] = f"{items[-1]} {text}"
        else:
            items.append(text)
            open_item = True
    return [item for item in dict.fromkeys(items) if not _is_noise(item)]


def summarize(body: str, headline: str) -> tuple[str, ...]:
    """At most `MAX_ITEMS` items of the body, each at most `MAX_ITEM` characters, in the commit's
    own words; none repeats the headline."""
    said = headline.casefold().rstrip(".")
    items = (item for item in prose(body) if parse_title(item).text.casefold().rstrip(".") != said)
    return tuple(shorten(item, MAX_ITEM) for item, _ in zip(items, range(MAX_ITEMS), strict=False))


def is_none(text: str) -> bool:
    """Whether an answer to a template's question is "none" in one of its forms."""
    return bool(_NONE.match(text.strip()))


def _is_noise(item: str) -> bool:
    words = item[:400].split()
    if is_none(item) or all(_REFERRING_WORD.match(w.strip(".,;:()")) for w in words):
        return True
    return len(item) <= 100 and bool(_TRIVIAL.match(parse_title(item).text))


def _told_lines(body: str) -> Iterator[str]:
    """The lines outside comments, code, tables, trailers, check lists and idle sections; an empty
    line wherever one of them stood, so that nothing grows together over it."""
    idle = fenced = False
    for line in _without_comments(body).split("\n"):
        text = line.strip()
        if text.startswith(("```", "~~~")):
            fenced = not fenced
            yield ""
            continue
        if fenced:
            continue
        heading = _HEADING.match(text[:120])
        if heading:
            idle = bool(_IDLE_HEADING.match(next(filter(None, heading.groups()), "")))
        if heading or idle or _is_scaffolding(text):
            yield ""
        else:
            yield line


def _is_scaffolding(text: str) -> bool:
    return bool(
        _CHECKBOX.match(text)
        or (_TRAILER.match(text) and not text.upper().startswith("BREAKING"))
        or _RULE.match(text[:400])
        or text.startswith((">", "<img", "<details", "</", "<summary", "<br", "<p "))
    )


def _without_comments(text: str) -> str:
    """Without `<!-- -->`; one that is not closed takes the rest with it, as in a browser."""
    parts = text.split("<!--")
    return parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])
