"""Hostile pages to test dialects with: strategies that shrink, and a quick generator for masses."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from analyzers.model import Digest, Entry, Importance
from analyzers.text import clean, clean_line
from formatters.model import (
    Action,
    Block,
    Commits,
    Page,
    Points,
    Prominence,
    Prose,
    Row,
    Small,
    Title,
    Verb,
)
from formatters.pages import detail_page, digest_page, marked_reverted
from formatters.text import words_for
from tests.digests import HOSTILE_TEXTS, LOCAL, WIDGET, analyses, commits, digests, sha_of, texts

PAGES = int(os.environ.get("COMMITCAST_TEST_PAGES", "3000"))
"""Pages of the mass test of each dialect; name more to try more."""

PARTS = 10
"""Into so many parts a mass test is cut, for as many processes."""

DIGESTS_OF_A_PART = PAGES // PARTS // 2
"""Half of the pages are digests, half are other pages."""

DELIVERED = "Wd9-_x2kQpTz"
"""The id of a delivered digest."""

ALPHABET = (
    " .,:;!?-/()[]{}'\"#@+=%^|\\0123456789abcxyzABCXYZ*_~`<>&*_~`<>&\n\t"
    "中文，。：（）éßñøαЖ‑–—…עבערבية한글日本🔥👩‍💻🇩🇪\u0301\u200d\xa0\u3000"
)
"""Characters that stand beside each other to no good."""


def digest_pages(max_commits: int = 500) -> st.SearchStrategy[Page]:
    """Digests of any size, quiet days too, made from hostile commits and analyses."""
    return st.builds(_digest_page, digests(max_commits), st.integers(0, 5))


def _digest_page(digest: Digest, reverted: int) -> Page:
    """The page of a digest some of whose commits were reverted later."""
    words = words_for(digest.language)
    page = digest_page(digest, words, DELIVERED)
    for entry in digest.entries[-1::-2][:reverted]:
        page = marked_reverted(page, entry.commit.sha, sha_of(0), words)
    return page


def detail_pages() -> st.SearchStrategy[Page]:
    """Expanded commits, some of them in place of their digest."""
    back = Action(Verb.FOLD, DELIVERED, 12)
    made = st.builds(
        detail_page,
        st.builds(Entry, st.integers(1, 500), commits(), analyses()),
        st.sampled_from((WIDGET, LOCAL)),
        st.sampled_from(("UTC", "Asia/Shanghai", "America/New_York")),
        st.sampled_from(("en", "zh")).map(words_for),
    )
    return st.builds(
        lambda page, to: replace(page, folds_to=to), made, st.sampled_from((None, back))
    )


def pages() -> st.SearchStrategy[Page]:
    """Help, errors and everything else: any blocks but commits, with any text."""
    line, lines = texts().map(clean_line), texts().map(clean)
    block = st.one_of(
        st.builds(Title, line, st.none() | st.sampled_from(Importance)),
        st.builds(Prose, lines),
        st.builds(Small, lines, st.sampled_from(("", sha_of(1))), st.none() | urls()),
        st.builds(Points, line, st.lists(lines, min_size=1, max_size=4).map(tuple)),
    )
    return st.lists(block, min_size=1, max_size=6).map(lambda blocks: Page(tuple(blocks)))


def urls() -> st.SearchStrategy[str]:
    """Addresses of commits: proper ones and ones that no dialect may link to."""
    return st.sampled_from(
        (
            f"https://forge.example/acme/widget/commit/{sha_of(1)}",
            "http://forge.example/acme/widget?a=1&b=2",
            "https://forge.example/<!channel>|x",
            "https://forge.example/a b",
            'https://forge.example/"onclick="x',
            "javascript:alert(1)",
            "",
        )
    )


def random_text(random: Random) -> str:
    """A cleaned text of any kind, seldom long."""
    choice = random.random()
    if choice < 0.5:
        size = random.choice((0, 1, 3, 10, 30, 80, 200))
        return clean("".join(random.choices(ALPHABET, k=size)))
    if choice < 0.99:
        return clean(" ".join(random.choices(HOSTILE_TEXTS[:-3], k=random.choice((1, 1, 2, 4)))))
    return clean(random.choice(HOSTILE_TEXTS[-3:]))


def random_line(random: Random) -> str:
    """The same on one line."""
    return clean_line(random_text(random))


def random_digest_page(random: Random, max_commits: int = 500) -> Page:
    """A digest of 0 to `max_commits` commits in groups of every kind; mostly small."""
    sizes = (0, 1, 2, 3, 5, 8, 12) if random.random() < 0.98 else (30, 45, 99, 100, 101, 250, 500)
    size = min(max_commits, random.choice(sizes))
    headlines = [random_line(random) or "x" for _ in range(8)]
    rows = [
        Row(
            number,
            sha_of(number) if number < 20 else f"{number:040x}",
            random.choice((None, f"https://forge.example/acme/widget/commit/{number:040x}")),
            random.choice(headlines),
            tuple(random_line(random) for _ in range(random.choice((0, 0, 1, 3)))),
        )
        for number in range(1, size + 1)
    ]
    groups: list[Block] = []
    while rows:
        taken = random.choice((1, 1, 2, 5, 20, 100, 500))
        groups.append(
            Commits(
                f"{random_line(random)[:60]} ({min(taken, len(rows))})",
                random.choice(tuple(Importance)),
                random.choice(tuple(Prominence)),
                tuple(rows[:taken]),
                random_line(random),
            )
        )
        rows = rows[taken:]
    head: list[Block] = [Title(random_line(random)), Small(random_line(random))]
    if random.random() < 0.8:
        head.append(Prose(random_text(random)))
    page = Page((*head, *groups, Small(random_line(random))), digest=DELIVERED)
    if size and random.random() < 0.1:
        return marked_reverted(page, random.choice(page.rows).sha, sha_of(0), words_for("en"))
    return page


def random_detail_page(random: Random) -> Page:
    """An expanded commit, help or an error: titled parts of any length."""
    blocks: list[Block] = [Title(random_line(random), random.choice((None, *Importance)))]
    blocks.append(Small(random_line(random), sha_of(7), f"{WIDGET.web_url}/commit/{sha_of(7)}"))
    for _ in range(random.choice((0, 1, 3, 9))):
        items = tuple(random_text(random) for _ in range(random.choice((1, 1, 2, 5))))
        blocks.append(Points(random_line(random), items))
    if random.random() < 0.3:
        blocks.append(Prose(random_text(random)))
    return Page((*blocks, Small(random_line(random))))
