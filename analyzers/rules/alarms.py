"""Fixes that nobody may miss: security, lost data, crashes, hangs.

An alarm counts where the text also speaks of a remedy: a crash reporter is no crash fix. The words
that were found are the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from itertools import islice

from analyzers.rules.words import pattern_of

_CANDIDATES = 50
"""Possible alarms that are looked at in one paragraph."""


class Alarm(StrEnum):
    """What was wrong before the fix."""

    SECURITY = "security"
    DATA_LOSS = "data-loss"
    CRASH = "crash"
    HANG = "hang"


_ADVISORY = pattern_of(
    r"CVE-\d{4}-\d{4,7}",
    r"GHSA(?:-\w{4}){3}",
    r"(?:RUSTSEC|PYSEC)-\d{4}-\d{1,5}",
)
_SAYS_SECURITY = pattern_of(
    r"security (?:fix|issue|hole|bug|flaw|patch|update|advisory|vulnerability)\w*",
    r"vulnerabilit(?:y|ies)",
    r"path traversal",
    r"privilege escalation",
    r"code execution",
    r"(?:sql|command|shell|script) injection",
    others=(
        *(r"\[security\]", "漏洞", "Sicherheitslücke", "vulnérabilité", "vulnerabilidad"),
        *("falsificação", "уязвимост", "脆弱性"),
    ),
)
_SECRETS = r"(?:credential|secret|token|password)s?"
_LOSABLE = r"(?:data|writes?|messages?|updates?|events?|records?|rows?|commits?)"
_LEAKABLE = (
    r"(?:memory|resource|fd|file descriptor|connection|goroutine|thread|handle|socket|task)s?"
)
_WORDS = {
    Alarm.SECURITY: pattern_of(
        r"CVE-\d{4}-\d{4,7}",
        r"vulnerabilit(?:y|ies)",
        r"(?:ssrf|csrf|xss|rce|redos)",
        r"security (?:fix|issue|hole|bug|flaw|problem|patch|advisory)\w*",
        r"(?:sql|command|code|script|header|log|template|shell) injection",
        r"(?:path|directory) traversal",
        r"(?:auth\w*|permission|sandbox) bypass",
        r"bypass(?:ing)? (?:of )?auth\w*",
        r"privilege escalation",
        r"(?:remote|arbitrary) code execution",
        r"zip[ -]slip",
        r"(?:heap|(?:heap |stack )?buffer) over(?:flow|read)",
        r"use[ -]after[ -]free",
        rf"{_SECRETS} leak\w*",
        rf"leak\w* (?:\w+ )?{_SECRETS}",
        others=("漏洞", "越权", "注入攻击", "提权"),
    ),
    Alarm.DATA_LOSS: pattern_of(
        r"(?:data|state|write|message|event|update)s?[ -]loss",
        r"corrupt(?:ion|ed|ing|s)?",
        rf"(?:los(?:e|es|ing|t)|dropp(?:ed|ing)|drops) (?:\w+ )?{_LOSABLE}",
        rf"{_LOSABLE} (?:are |is |being |get |getting |gets |were )?(?:silently )?lost",
        others=("数据丢失", "数据损坏", "数据错乱", "丢失数据", "丢数据"),
    ),
    Alarm.CRASH: pattern_of(
        r"crash(?:es|ed|ing)?",
        r"seg(?:mentation )?[ -]?faults?(?:ing|ed)?",
        r"sig(?:segv|abrt|bus|ill)",
        r"panic(?:s|ked|king)?",
        r"null[ -]?pointer",
        r"nil (?:pointer )?deref\w*",
        r"(?:npe|ooms?)",
        r"out[ -]of[ -](?:memory|bounds)",
        r"core dump(?:s|ed)?",
        r"(?:stack|integer) overflow",
        r"infinite recursion",
        r"illegal memory access",
        r"double free",
        others=("崩溃", "段错误", "闪退", "宕机", "空指针", "内存溢出", "越界", "挂掉"),
    ),
    Alarm.HANG: pattern_of(
        r"hang(?:s|ing)?(?! indent)",
        r"hung",
        r"(?:dead|live)[ -]?lock(?:s|ed|ing)?",
        r"infinite(?:ly)? loop(?:s|ing)?",
        r"(?:data[ -])?race[ -]conditions?",
        r"data[ -]races?",
        r"races? (?:between|in|on|when|with)",
        r"starvation",
        r"(?:gets?|getting|being) stuck",
        rf"{_LEAKABLE}[ -]leak(?:s|ed|ing|age)?",
        rf"leak(?:s|ed|ing)? (?:of )?(?:\w+ )?{_LEAKABLE}",
        others=("死锁", "卡死", "卡住", "死循环", "竞态", "竞争条件", "内存泄漏", "内存泄露"),
    ),
}
_REMEDY = pattern_of(
    r"(?:bug|hot)?fix(?:es|ed|ing|up)?",
    r"(?:resolv|prevent|avoid|handl|guard|eliminat|patch|repair|mitigat|correct|address)\w*",
    r"(?:sanitiz|harden|protect|recover|stop)\w*",
    r"(?:work ?around|no longer|do not|don't|never)",
    others=("修复", "修正", "解决", "避免", "防止", "处理"),
)
_ABOUT = pattern_of(
    r"(?:handl(?:er|ing)|detect(?:or|ion)|simulat)\w*",
    r"(?:reporter|reports?|reporting|logs?|logging|dumps?|messages?|metrics?|text|location)",
    r"(?:tests?|pages?|docs?|guide|tracker|hooks?|wrapper|screen|threshold|policy)",
    r"(?:checker|scanner|scanning)",
    others=("日志", "上报", "检测", "提示", "文案"),
)
_DENIAL = re.compile(r"(?:\b(?:no|without|non|zero)\b(?:[ -]\w+)?|[无没]有?)[\s-]*$", re.IGNORECASE)


def find_alarm(texts: Iterable[str], alarm: Alarm) -> str | None:
    """The words of the first alarm of a class in texts that speak of a remedy, or None.

    What is only about such an event (`crash handler`) or denies it (`without data loss`) is none.
    """
    for text in texts:
        if not _REMEDY.search(text):
            continue
        for match in islice(_WORDS[alarm].finditer(text), _CANDIDATES):
            about = _ABOUT.match(text[match.end() : match.end() + 24].lstrip(" -_"))
            if not about and not _DENIAL.search(text[max(0, match.start() - 24) : match.start()]):
                return match.group()
    return None


def find_advisory(text: str) -> str | None:
    """The first number of a security advisory (CVE, GHSA, RUSTSEC, PYSEC) in a text, or None."""
    match = _ADVISORY.search(text)
    return match.group() if match else None


def speaks_of_security(text: str) -> bool:
    """Whether a title says by itself that it repairs a hole."""
    return bool(_ADVISORY.search(text) or _SAYS_SECURITY.search(text))
