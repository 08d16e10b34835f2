"""Bodies that tell of a failure which the commit ends, or of time that it saves, in the languages
that commits are written in."""

from __future__ import annotations

from analyzers.rules.bodies import prose
from analyzers.rules.words import pattern_of

_PARAGRAPHS = 6
"""Paragraphs of a body that are read: what was wrong stands at the beginning."""

_FAILURE = pattern_of(
    r"(?:was|were|got|gets?|is|are|been) (?:\w+ )?(?:lost|wrong|dropped|ignored|skipped|missing"
    r"|stuck|corrupt(?:ed)?|truncated|overwritten|leaked|killed|rejected|swallowed|blocked|broken|stale)",
    r"(?:never|not|no longer) (?:return|end|finish|come|free|close|seen|woken|released|answer)\w*",
    r"(?:crash|abort|panick|hung|hang|deadlock|freez|froze|leak|overflow|segfault|loop|spin|fail"
    r"|break|broke|block|throw|threw|los|dropp)(?:s|ed|ing|t|es)?",
    r"(?:forever|out of memory|oom|race|use[ -]after[ -]free|double free|stale|silently"
    r"|by mistake|instead of|regression|watchdog|brought down|took down|throwing away|disappear\w*"
    r"|exception|traceback|stack overflow|undefined behaviou?r|wrong(?:ly)?|incorrect(?:ly)?)",
    r"(?:anyone|anybody|attacker|everybody|everyone|any user|strangers?) (?:who|could|can|with)",
    # German, Spanish, French, Portuguese
    r"(?:abst[uü]rz\w*|verlor\w*|h[aä]ngt\w*|fehlerhaft\w*|blockiert\w*|falsch\w*|liegen)",
    r"(?:perd[ií]a\w*|fallaba\w*|bloque\w*|desaparec\w*|incorrect\w*|sin aviso|colgaba\w*)",
    r"(?:plant\w+|perdait|perdus?|échou\w*|bloqu\w*|arrêtait|erreur fatale)",
    r"(?:travav\w*|falhav\w*|perdi\w*|qualquer (?:usuário|um)|quebrav\w*)",
    # Russian, Japanese, Chinese
    others=(
        *("завис", "терял", "паден", "падал", "ошибк", "утечк", "блокир", "никогда не"),
        *("クラッシュ", "失われ", "ハング", "停止", "不具合", "落ち", "壊れ", "漏れ"),
        *("崩溃", "闪退", "丢失", "不见", "卡死", "卡住", "报错", "失败", "错误", "异常", "越权"),
        *("泄漏", "泄露", "死锁", "会导致", "随之", "覆盖本地", "任意用户", "任何人"),
    ),
)


def tells_of_failure(body: str) -> bool:
    """Whether a body says what went wrong before."""
    return any(_FAILURE.search(paragraph) for paragraph in prose(body)[:_PARAGRAPHS])


_FASTER = pattern_of(
    r"N ?\+ ?1(?: quer\w+)?",
    r"\d[\d.,]* ?(?:ms|s|µs|us|ns|seconds|minutes|queries|allocations|[KMG]i?B)(?:,| \w+){0,4}"
    r" (?:to|down to|instead of|now) (?:\w+ ){0,2}\d",
    r"\d[\d.]* ?(?:x|times|%) (?:faster|less|fewer|quicker)",
    r"(?:twice|half) (?:as|the) (?:fast|time|memory)",
    r"(?:ran|was|were|is) (?:\w+ ){0,3}(?:byte by byte|one by one|slow|quadratic|O\(n)",
    others=("倍", "耗时从", "降低到", "降至"),
)


def speeds_up(body: str) -> bool:
    """Whether a body says how much faster or smaller something is now."""
    return any(_FASTER.search(paragraph) for paragraph in prose(body)[:_PARAGRAPHS])
