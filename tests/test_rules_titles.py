"""Titles and bodies: what is left of them for reading (headline and summary)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import Kind
from analyzers.rules import rules_analysis
from analyzers.rules.titles import MAX_TITLE, parse_title
from tests.digests import HOSTILE_TEXTS
from tests.rules_cases import SRC, commit_of


@pytest.mark.parametrize(
    ("line", "text", "scopes"),
    [
        ("feat(store)!: stream rows (#12)", "Stream rows", ("store",)),
        ("fix(api,ui): show it", "Show it", ("api", "ui")),
        ("[gateway][rpc] Refactor it (#8) (#9)", "Refactor it", ("gateway", "rpc")),
        ("[viewer] fix: fix it", "Fix it", ("viewer",)),
        ("[3/N][Sparse Reads]: Init it", "Init it", ("Sparse Reads",)),
        ("[Fix]Pin it", "Pin it", ()),
        ("net/http: prevent it", "Prevent it", ("net/http",)),
        ("【模型】支持流式", "支持流式", ("模型",)),
        ("fix：修复崩溃", "修复崩溃", ()),
        (":sparkles: (ui) add it", "(ui) add it", ()),
        ("✨ ui: add it [skip ci]", "Add it", ("ui",)),
        ("ABC-123: keep it", "Keep it", ()),
        ("std::vector is gone", "std::vector is gone", ()),
        ("see https://acme.example/x: y", "See https://acme.example/x: y", ()),
        ("Fix: at 10:30 it broke", "At 10:30 it broke", ()),
        ("Support widgets: round ones", "Support widgets: round ones", ()),
        ("Start the shop: its shelves", "Start the shop: its shelves", ()),
        ("(#12)", "(#12)", ()),
        ("feat:", "feat:", ()),
        ("numpy2 support lands", "numpy2 support lands", ()),
        ("", "", ()),
    ],
)
def test_a_title_loses_its_prefixes_and_keeps_its_words(
    line: str, text: str, scopes: tuple[str, ...]
) -> None:
    title = parse_title(line)
    assert (title.text, title.scopes) == (text, scopes)


def test_prefixes_declare_kinds_in_their_order_and_breaking_changes() -> None:
    title = parse_title("[CI][Bug Fix] refactor(core)!: move it")
    assert title.types == (Kind.CI, Kind.FIX, Kind.REFACTOR)
    assert title.breaking == "refactor(core)!:"
    assert parse_title("[breaking] move it").breaking == "[breaking]"


@given(st.text(max_size=400) | st.sampled_from(HOSTILE_TEXTS))
def test_any_line_is_a_title(line: str) -> None:
    title = parse_title(line)
    assert len(title.text) <= MAX_TITLE
    assert "\n" not in title.text
    assert bool(title.text) == bool(parse_title(title.text).text)
    assert isinstance(title.words, tuple)


@pytest.mark.parametrize(
    ("message", "headline"),
    [
        ("", "src/a.py, src/b.py, src/c.py (+1)"),
        ("feat: ", "feat:"),
        ("Fix what the viewer raises when 'mod… (#15)\n\n…e' is missing (#15)\n\nWhy.", None),
    ],
)
def test_a_headline_is_never_empty(message: str, headline: str | None) -> None:
    files = "src/a.py+1-1 src/b.py+1-1 src/c.py+1-1 src/d.py+1-1"
    expected = headline or "Fix what the viewer raises when 'mode' is missing"
    assert rules_analysis(commit_of(message, files)).headline == expected


def test_a_commit_without_words_and_files_shows_its_sha() -> None:
    commit = commit_of("", ())
    assert rules_analysis(commit).headline == commit.short_sha


BODY = """Fix the pool

<!-- Thank you! Describe the change.
It may take lines. -->

## Motivation

The pool handed out a connection
twice under load.

- keep a set of the lent ones
  and check it
- [x] I have read the guide
- [ ] Tests pass
* wip
* fix lint
* [store] Fix pre-commit checks
* Merge branch 'main' into pool

## Checklist

Everything here is noise.

## Notes

See **[the guide](https://acme.example/guide)**.

```
code is left out
```

Fixes #12
---------

Signed-off-by: Ada Example <ada@example.org>
Co-authored-by: Ada Example <ada@example.org>
Change-Id: I0123456789
"""


def test_a_summary_is_what_a_person_wrote_to_be_read() -> None:
    assert rules_analysis(commit_of(BODY)).summary == (
        "The pool handed out a connection twice under load.",
        "keep a set of the lent ones and check it",
        "See the guide.",
    )


def test_a_summary_is_bounded_and_does_not_repeat_the_headline() -> None:
    body = "\n\n".join(["Fix the pool.", *(f"{number} " + "word " * 200 for number in range(9))])
    summary = rules_analysis(commit_of(f"Fix the pool\n\n{body}")).summary
    assert len(summary) == 5
    assert all(len(item) <= 400 for item in summary)
    assert summary[0].startswith("0 word")


def test_the_notes_that_a_bot_quotes_are_not_the_commits_own() -> None:
    body = "Bumps httpkit from 1 to 2.\n<details>\nBREAKING CHANGE: gone. #99\n</details>"
    commit = commit_of(f"Bump httpkit from 1.0.1 to 1.0.2\n\n{body}", "uv.lock+1-1")
    analysis = rules_analysis(commit)
    assert (analysis.summary, analysis.facts.breaking, analysis.facts.references) == ((), (), ())


@given(st.lists(st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=80), max_size=6))
def test_any_message_has_a_headline_and_a_bounded_summary(parts: list[str]) -> None:
    analysis = rules_analysis(commit_of("\n\n".join(parts), SRC))
    assert 1 <= len(analysis.headline) <= 300
    assert "\n" not in analysis.headline
    assert len(analysis.summary) <= 5
    assert all(item.strip() and len(item) <= 400 and "\n" not in item for item in analysis.summary)
