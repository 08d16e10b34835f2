"""The JSON documents, their schema and their description."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from analyzers.model import (
    Analysis,
    Commit,
    Digest,
    Entry,
    Facts,
    Importance,
    Kind,
    LeftOut,
    Remark,
    RemarkCode,
    RulesReason,
)
from formatters.json_document import commit_document, document, schema
from tests.digests import (
    LOCAL,
    SCHEDULED,
    WIDGET,
    a_busy_day,
    a_digest,
    a_group,
    an_entry,
    analyses,
    commits,
    digests,
    model_analysis,
    rules_analysis,
    sha_of,
    shas,
)

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    made = json.loads((DOCS / "digest.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def read(digest: Digest) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(document(digest))
    return made


def example() -> Digest:
    """The digest that docs/json.md shows."""
    analysis = model_analysis(kinds=(Kind.FEATURE, Kind.TEST))
    return a_digest(a_group(an_entry(1, analysis, message="Add add()\n\nIt was missing.")))


def texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)


def test_the_schema_in_the_docs_is_that_of_the_models() -> None:
    """`python -m formatters.json_document > docs/digest.schema.json` writes it anew."""
    assert (DOCS / "digest.schema.json").read_text(encoding="utf-8") == schema()


def test_the_example_in_the_docs_is_what_is_written() -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(block) == read(example())


def test_the_docs_name_every_field_of_a_digest_and_its_counts() -> None:
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    made = read(example())
    fields = {*made, *made["counts"], *made["groups"][0], *made["commits"][0]}
    assert not [field for field in fields if f"`{field}`" not in page]


def test_a_document_tells_its_format() -> None:
    assert read(a_digest())["format"] == "commitcast.digest/1"
    assert json.loads(commit_document(an_entry(), WIDGET))["format"] == "commitcast.commit/1"


def test_a_format_of_another_version_is_not_valid(validator: Draft202012Validator) -> None:
    made = read(example())
    assert validator.is_valid(made)
    assert not validator.is_valid({**made, "format": "commitcast.digest/2"})
    del made["counts"]["by_rules"]
    assert not validator.is_valid(made)


def test_the_counts_are_those_of_the_commits() -> None:
    """Invariant 3."""
    day = a_digest(
        a_group(
            an_entry(1, model_analysis(importance=Importance.HIGH)),
            an_entry(2, rules_analysis(reason=RulesReason.TIMED_OUT)),
            an_entry(3, rules_analysis(reason=RulesReason.TIMED_OUT, kinds=(Kind.FIX,))),
        )
    )
    day = replace(day, left_out=((LeftOut.BOTS, 4), (LeftOut.BELOW_MEDIUM, 2)))
    assert read(day)["counts"] == {
        "commits": 3,
        "people": 1,
        "bots": 0,
        "additions": 36,
        "deletions": 12,
        "importance": {"high": 1, "medium": 2, "low": 0},
        "kinds": {"feature": 2, "fix": 1},
        "analysed": 1,
        "read_in_part": 0,
        "by_rules": {"timed-out": 2},
        "left_out": {"bots": 4, "below-medium": 2},
    }


def test_a_scheduled_digest_has_its_day_and_what_happened_to_the_history() -> None:
    remarks = (Remark(RemarkCode.REWRITTEN, "main", 3), Remark(RemarkCode.CURSOR_LOST))
    made = read(replace(example(), span=SCHEDULED, remarks=remarks))
    assert made["span"] == {
        "type": "edition",
        "date": "2026-01-06",
        "zone": "UTC",
        "since": "2026-01-05T09:00:00Z",
    }
    assert made["remarks"] == [
        {"code": "rewritten", "branch": "main", "n": 3},
        {"code": "cursor-lost", "branch": "", "n": 0},
    ]
    assert read(replace(example(), span=replace(SCHEDULED, since=None)))["span"]["since"] is None


def test_a_quiet_day_has_no_commits_and_all_counts() -> None:
    made = read(a_digest())
    assert (made["groups"], made["commits"]) == ([], [])
    assert made["counts"]["importance"] == {"high": 0, "medium": 0, "low": 0}


def test_instants_are_written_in_utc() -> None:
    commit = read(example())["commits"][0]
    assert commit["committed_at"] == "2026-01-06T12:00:00Z"


def test_a_repository_without_pages_has_no_addresses() -> None:
    made = read(replace(example(), repository=LOCAL))
    assert made["repository"] == {"name": "widget", "url": None}
    assert made["commits"][0]["url"] is None


def test_a_commit_document_holds_the_commit_as_a_digest_does(
    validator: Draft202012Validator,
) -> None:
    made = json.loads(commit_document(example().entries[0], WIDGET))
    assert made["commit"] == read(example())["commits"][0]
    assert validator.is_valid(made)


def test_every_field_of_an_analysis_is_in_the_document() -> None:
    """Nothing that is known of a commit is left out."""
    made = read(example())["commits"][0]
    domain = {*Commit.__dataclass_fields__, *Entry.__dataclass_fields__} - {"commit"}
    assert domain <= made.keys()
    assert made["analysis"].keys() == Analysis.__dataclass_fields__.keys()
    assert made["analysis"]["facts"].keys() == Facts.__dataclass_fields__.keys()


def test_a_sha_256_object_name_is_valid(validator: Draft202012Validator) -> None:
    entry = an_entry(1)
    entry = replace(entry, commit=replace(entry.commit, sha="ab" * 32))
    assert validator.is_valid(json.loads(commit_document(entry, WIDGET)))


@given(digests(max_commits=7))
def test_whatever_commits_say_the_document_is_valid_and_complete(digest: Digest) -> None:
    """Invariants 1, 3 and 7: every commit once and in one group, counts that add up, and no
    character that steers whatever prints it."""
    text = document(digest)
    made = json.loads(text)
    Draft202012Validator(json.loads(schema())).validate(made)
    assert [commit["sha"] for commit in made["commits"]] == list(shas(digest))
    numbers = Counter(number for group in made["groups"] for number in group["numbers"])
    assert numbers == Counter(commit["number"] for commit in made["commits"])
    counts = made["counts"]
    assert counts["commits"] == len(digest.entries)
    assert counts["analysed"] + sum(counts["by_rules"].values()) == counts["commits"]
    assert sum(counts["importance"].values()) == counts["commits"]
    assert sum(counts["kinds"].values()) == counts["commits"]
    steering = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
    assert not [told for told in texts_of(made) if steering.search(told)]


@given(commits(), analyses())
def test_whatever_one_commit_says_its_document_is_valid(commit: Commit, analysis: Analysis) -> None:
    """Invariant 7."""
    made = json.loads(commit_document(Entry(1, commit, analysis), WIDGET))
    Draft202012Validator(json.loads(schema())).validate(made)


def test_five_hundred_commits_are_in_the_document_in_order() -> None:
    """Invariant 1."""
    made = read(a_busy_day(500))
    assert [commit["sha"] for commit in made["commits"]] == [sha_of(n) for n in range(1, 501)]
