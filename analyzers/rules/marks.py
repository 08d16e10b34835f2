"""What a message says in so many words: breaking changes, references, reverts.

Every function quotes the words that it found, so that a reader can judge for herself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from analyzers.model import Kind
from analyzers.rules.bodies import is_none, prose
from analyzers.rules.reading import Reading
from analyzers.rules.words import pattern_of
from analyzers.text import clean_line, shorten

MAX_MARKS = 5
"""Breaking marks that are kept."""

MAX_REFERENCES = 20
"""References that are kept; release notes name hundreds."""

_CANDIDATES = 50
"""Possible marks that are looked at in one paragraph."""

_QUOTE = 160
"""Characters of a quotation."""

_FOOTER = re.compile(r"^BREAKING[ -]CHANGES?\s?[:：]\s?(.*)$", re.MULTILINE)
_BREAKING = pattern_of(
    r"breaking[ -](?:api[ -]|behaviou?r(?:al)?[ -])?changes?",
    r"(?:this|it|which) breaks (?:the )?(?:api|abi|backwards?|compat\w*|existing|callers|users)",
    r"breaks? (?:the )?(?:public )?(?:api|abi|backwards?[ -]compat\w*)",
    r"(?:not |in)backwards?[ -]compatible",
    r"backwards?[ -]incompatible",
    r"incompatible (?:api )?changes?",
    r"api break(?:age|ing)",
    r"(?:drop|remov|end)(?:e|s|es|ed|ped|ing|ping)? (?:\w+ )?support (?:for|of)",
    r"(?:is|are) no longer supported",
    others=("不兼容", "破坏性(?:变更|更新|修改|改动|更改)", "不再支持"),
)
_PLATFORM = (
    r"(?:python|node(?:\.?js)?|java|go|ruby|php|msrv|\.net|django|rails|postgres\w*|redis) v?\d"
)
_DROPPED = re.compile(
    rf"(?:drop|remov)(?:e|s|es|ed|ped|ing|ping)? (?:support (?:for|of) |{_PLATFORM})"
    r"|移除对.{1,40}的?支持|放弃.{0,20}支持",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:non|no|not|without|never|none|zero|any|neither|isn't|aren't|doesn't|don't|won't"
    r"|avoid(?:s|ing)?|prevent(?:s|ing)?|introduc\w*|accidental\w*|detect\w*|fix\w*|document\w*"
    r"|unpublished|was|were|about|for|due to|because of|when|once|until|before|will|if)"
    r"\b(?:[ -]\w+){0,2}|[无没非]有?|避免|不是|不会|不涉及)[\s:-]*$",
    re.IGNORECASE,
)
_ANSWERED_NO = re.compile(
    r"\s{0,3}[?？:：]?\s{0,3}[*_`]{0,2}\s?"
    r"(?:\[ \]|none\b|no\b|n/?a\b|not\b|false\b|无|否|没有)",
    re.IGNORECASE,
)
_CHECKED = re.compile(r"^\s*[-*+]\s*\[[xX]\]\s+(.*)$", re.MULTILINE)
_REPOSITORY = r"[\w.-]{1,60}/[\w.-]{1,90}"
_REFERENCE = re.compile(
    r"\b(?:CVE-\d{4}-\d{4,7}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3})\b"
    r"|\b(?:(?:RUSTSEC|PYSEC)-\d{4}-\d{1,5}|GH-[1-9]\d{0,8})\b"
    rf"|https?://[\w.-]{{1,80}}/({_REPOSITORY})/(?:issues|pull)/([1-9]\d{{0,8}})\b"
    rf"|(?<![\w/&#.-])(?:{_REPOSITORY})?#[1-9]\d{{0,8}}\b(?![-\w])",
    re.IGNORECASE,
)
_TYPO = pattern_of(
    r"typos?",
    r"spelling",
    r"misspell\w*",
    r"wording",
    r"grammar",
    others=("错别字", "拼写", "笔误"),
)
_REVERTED_SHA = re.compile(
    r"\b(?:this )?reverts? (?:commit )?([0-9a-f]{7,64})\b"
    r"|(?:回滚|撤销|回退)(?:提交)?\s?([0-9a-f]{7,64})",
    re.IGNORECASE,
)
_REVERTED_TITLE = re.compile(
    r"(?:(?:revert|reverts|reverted|roll ?back)\b|回滚|撤销|回退)[:：]?\s*(.*)", re.IGNORECASE
)
_IN_QUOTES = re.compile(r"""["'“](.+)["'”][.。]?""")

_FIXED_SHA = re.compile(r"^Fixes: ([0-9a-f]{7,64})\b", re.MULTILINE | re.IGNORECASE)
"""The trailer of the Linux kernel: docs.kernel.org, "Submitting patches"."""
_FOLLOWED = re.compile(
    r"(?:\bfollow(?:s|ing)?[ -]?ups?\b(?: fix(?:es)?)?|\bfixup (?:for|of|to)|\bamends?"
    r"|\b(?:caused|broken|introduced|regressed|missed|forgotten|overlooked) (?:by|in|from)"
    r"|\bregression (?:by|in|from|of|since)|\b(?:fix|correction) (?:for|to|of) (?:the )?commit"
    r"|后续(?:修复|修正|改进|完善|跟进)|跟进|补充|由此引入|引入自|修正|修复由)"
    r"[:：,]?\s?(?:to |of |for |on |from |in |by |with |the |commit |PR |pull request ){0,4}"
    r"(?:(?-i:([0-9a-f]{7,64}))\b|(#[1-9]\d{0,8})\b)",
    re.IGNORECASE,
)
_SQUASHED = re.compile(r"(?:fixup|squash|amend)! (.+)")
"""What `git commit --fixup` writes before the title of the commit that it is for."""


def breaking_marks(
    reading: Reading, kinds: Sequence[Kind], *, foreign_body: bool
) -> tuple[str, ...]:
    """The words by which a commit says that it breaks something.

    Negations ("non-breaking", "no breaking changes"), unchecked boxes of templates, quoted release
    notes (`foreign_body`) and the titles of reverted commits do not count.
    """
    marks = [reading.title.breaking] if reading.title.breaking else []
    if Kind.REVERT not in kinds and Kind.MERGE not in kinds:
        marks += _breaking_in(reading.title.text)
        marks += [reading.title.text] if _DROPPED.match(reading.title.text) and not marks else []
    if not foreign_body:
        footers = (said for said in _FOOTER.findall(reading.body) if not is_none(said))
        marks += [_quote(f"BREAKING CHANGE: {said}") for said in footers]
        for text in (*_CHECKED.findall(reading.body), *prose(reading.body)):
            if not text.startswith("BREAKING"):
                marks += _breaking_in(text)
    return tuple(dict.fromkeys(marks))[:MAX_MARKS]


def _breaking_in(text: str) -> list[str]:
    return [
        _around(text, match)
        for match in islice(_BREAKING.finditer(text), _CANDIDATES)
        if not _DENIED.search(text[max(0, match.start() - 40) : match.start()])
        and not _ANSWERED_NO.match(text[match.end() : match.end() + 20])
    ][:MAX_MARKS]


def references(reading: Reading, *, foreign_body: bool) -> tuple[str, ...]:
    """Issues, pull requests and advisories that the message names, in its order."""
    text = reading.raw_title + ("" if foreign_body else f"\n{reading.body}")
    text = f"{reading.commit.title[:1000]}\n{text}"
    found: dict[str, None] = {}
    for match in _REFERENCE.finditer(text):
        found[f"{match.group(1)}#{match.group(2)}" if match.group(1) else match.group()] = None
        if len(found) >= MAX_REFERENCES:
            break
    return tuple(found)


def reverted(reading: Reading) -> str | None:
    """What a revert takes back: a SHA, or else the quoted title; None if it does not say."""
    sha = _REVERTED_SHA.search(f"{reading.raw_title}\n{reading.body}")
    if sha:
        return (sha.group(1) or sha.group(2)).lower()
    title = _REVERTED_TITLE.match(reading.title.text) or _REVERTED_TITLE.match(reading.raw_title)
    if not title:
        return None
    said = title.group(1).strip()
    quoted = _IN_QUOTES.fullmatch(said)  # once: what is reverted may be a revert itself
    return _quote(quoted.group(1) if quoted else said.strip(" \"'“”")) or None


def followed(reading: Reading) -> tuple[str, ...]:
    """The earlier commits that it says to fix or complete: SHAs, `#123`, or titles."""
    text = f"{reading.raw_title}\n{reading.body}"
    found = [sha.lower() for sha in _FIXED_SHA.findall(text)]
    found += [sha.lower() or number for sha, number in _FOLLOWED.findall(text)]
    if title := _SQUASHED.match(reading.raw_title):
        found.append(_quote(title[1]))
    return tuple(dict.fromkeys(found))[:MAX_MARKS]


def is_typo(text: str) -> bool:
    """Whether a title says that only words were wrong."""
    return bool(_TYPO.search(text))


def _around(text: str, match: re.Match[str]) -> str:
    """The sentence that a match stands in, or as much of it as a quotation holds."""
    start = max(text.rfind(". ", 0, match.start()) + 2, match.start() - 60, 0)
    if start < 2:
        start = 0
    end = text.find(". ", match.end())
    return _quote(text[start : end if end >= 0 else len(text)])


def _quote(text: str) -> str:
    return shorten(clean_line(text), _QUOTE)
