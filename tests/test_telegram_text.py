"""What Telegram would link by itself, in every odd company: Telegram's own parser finds nothing."""

from __future__ import annotations

from random import Random

import pytest

from analyzers.text import clean
from formatters.telegram_html.text import JOINER, defused, escape
from tests.telegram_rules import check

PIECES = (
    *("@", "#", "$", "/", ".", ":", "//", "-", "_", " ", "\n", "+", "?", "=", "%", "~", "*", "|"),
    *("(", ")", "[", "]", "<", ">", "&", ";", ",", "'", '"', "`", "!", "\\"),
    *("\u2010", "\u2011", "–", "—", "…", "·", "ー", "。", "．", "•", "\xa0", "\u3000"),
    *("com", "md", "py", "rs", "t.me", "me", "abc", "ABC", "USD", "1INCH", "everyone", "xn--p1ai"),
    *("http", "https", "tg", "ton", "ftp", "mailto:", "www.", "localhost", "@acme", "#1", "/x"),
    *("0", "1", "12", "1234", "20260106", "60111111", "5555 5555 5555 4444", "378282246310005"),
    *("1.2.3.4", ":80", "中国", "修复", "рф", "évil", "א", "ب", "한", "ไทย", "ක", "\u0dca"),
    *("🔥", "🇪", "👩‍💻", "\u0301", "\u200c", "\u200d", "\u20e3", "\u02bc", "²", "ª", "㎏"),
)
"""What addresses, mentions, commands and numbers are made of, and what stands around them."""


def _found(text: str) -> list[str]:
    """The pieces that Telegram brings to life."""
    checked = check({"text": f"x\n{text}", "parse_mode": "HTML"})
    units = checked.text.encode("utf-16-le")
    return [
        units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
        for e in checked.entities
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("$1INCH", "#·tag", "#\u200ctag", "#\u1c89", "#\U0003d000", "#\U000105c0a"),
        *("a.🔥.com", "*~.py", "—.md", "💻.rs", "x.py’s", "a b@c.de"),
        *("logs/20260106/build", "2026-01-06/x", "12345678/start"),
        *("v 1.2.3.4/x", "1.2.3.4.5", "4111-1111-1111-1111", "378282246310005/x"),
    ],
)
def test_joiners_leave_nothing_to_link_and_bring_nothing_to_life(text: str) -> None:
    """Invariant 7."""
    assert _found(escape(text)) == []
    assert defused(text).replace(JOINER, "") == text


def test_no_company_brings_text_to_life() -> None:
    """Invariant 7: strings of what links are made of, in any order."""
    random = Random(6)
    for _ in range(500):
        drawn = [clean("".join(random.choices(PIECES, k=random.randint(1, 9)))) for _ in range(40)]
        assert _found("\n\n".join(map(escape, drawn))) == []


def test_the_parser_would_find_what_is_not_defused() -> None:
    for text in ("see @everyone", "README.md", "/start", "#tag", "$USD", "me@evil.example"):
        assert _found(text)
