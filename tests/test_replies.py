"""What models reply, and what becomes of it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import ModelError
from analyzers.grounding import to_analysis
from analyzers.model import (
    Analysis,
    Commit,
    Coverage,
    FileStatus,
    Importance,
    Kind,
    Risk,
    RulesReason,
    Severity,
    Verdict,
)
from analyzers.replies import (
    BRIEF_FORM,
    FULL_FORM,
    Reply,
    RiskReply,
    json_objects,
    parse_reply,
)
from tests.digests import (
    HOSTILE_TEXTS,
    NOON,
    a_commit,
    a_verdict,
    commits,
    rules_analysis,
    texts,
)
from tests.growth import grows_no_faster_than_its_material
from tests.language_models import a_file

GOOD: dict[str, Any] = {
    "summary": ["`add()` now keeps the order.", "The cache is gone."],
    "scope": ["`src/widget.py`", "callers of `add()`"],
    "architecture": "The list moves into the widget.",
    "performance": "",
    "security": "",
    "risks": [
        {"path": "src/widget.py", "line": 2, "text": "Old callers break.", "severity": "high"}
    ],
    "advice": ["Pass the list by name."],
    "kinds": ["fix", "refactor"],
    "importance_reason": "Callers must change.",
    "importance": "high",
    "headline": "Widgets keep their order",
}
TEXT = json.dumps(GOOD)


COMMIT = a_commit(
    message="Keep the order in `add()`\n\nNeeds 3.11 and `deadline`.",
    files=(a_file("src/widget.py"),),
)


def analysis_of(
    reply: dict[str, Any], commit: Commit | None = None, verdict: Verdict | None = None
) -> Analysis:
    """What becomes of a good reply with these parts changed."""
    return to_analysis(
        parse_reply(json.dumps(GOOD | reply)),
        commit or COMMIT,
        replace(rules_analysis(), kinds=(Kind.CHORE,), verdict=verdict or a_verdict()),
        Coverage(1, 1),
        model="test-model",
        language="en",
        at=NOON,
    )


def test_schema_and_reader_know_the_same_keys() -> None:
    assert list(FULL_FORM.schema["properties"]) == list(Reply.model_fields)
    risk = FULL_FORM.schema["properties"]["risks"]["items"]["properties"]
    assert list(risk) == list(RiskReply.model_fields)
    jsonschema.Draft202012Validator.check_schema(FULL_FORM.schema)
    jsonschema.validate(GOOD, FULL_FORM.schema)


def test_schema_asks_for_observations_before_judgements() -> None:
    keys = list(FULL_FORM.schema["properties"])
    assert keys.index("summary") < keys.index("importance_reason") < keys.index("importance")


def test_good_reply_becomes_a_whole_analysis() -> None:
    analysis = analysis_of({})
    assert analysis == Analysis(
        kinds=(Kind.FIX, Kind.REFACTOR),
        verdict=a_verdict(),
        importance=Importance.HIGH,
        headline="Widgets keep their order",
        facts=rules_analysis().facts,
        coverage=Coverage(1, 1),
        analyzer="test-model",
        language="en",
        summary=("`add()` now keeps the order.", "The cache is gone."),
        importance_reason="Callers must change.",
        proposed=Importance.HIGH,
        scope=("`src/widget.py`", "callers of `add()`"),
        architecture="The list moves into the widget.",
        risks=(Risk("Old callers break.", Severity.HIGH, "src/widget.py", 2),),
        advice=("Pass the list by name.",),
        analyzed_at=NOON,
    )
    assert analysis.by_model


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{TEXT}\n```",
        f"Here is the analysis {{as asked}}:\n{TEXT}\nAnything else?",
        f'<think>Perhaps {{"headline": "a draft"}}?</think>{TEXT}',
        f'<thinking>Perhaps {{"headline": "a draft"}}?</thinking>{TEXT}',
        f'The thought began in the template {{"headline": "a draft"}}</think>\n{TEXT}',
        f"\ufeff{TEXT}\x00",
        json.dumps({"analysis": GOOD}),
        json.dumps(GOOD, indent=2).replace("\n", "\r\n"),
        TEXT + TEXT,
    ],
    ids=[
        *("fenced", "prose around", "thought", "thinking", "end of a thought"),
        *("byte order mark", "wrapped", "indented", "twice"),
    ],
)
def test_reply_is_found_in_what_surrounds_it(text: str) -> None:
    assert parse_reply(text) == parse_reply(TEXT)


def test_commit_about_thoughts_is_read_like_any_other() -> None:
    reply = parse_reply(json.dumps(GOOD | {"headline": "Parse <think> and </think> apart"}))
    assert reply.headline == "Parse <think> and </think> apart"


def test_reply_after_a_thought_that_never_ends_is_still_found() -> None:
    assert parse_reply(f"<think>Let me see. {TEXT}") == parse_reply(TEXT)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON object"),
        ("It looks good to me.", "no JSON object"),
        (TEXT[:-20], "headline and summary"),
        ('{"answer": 42}', "headline and summary"),
        (json.dumps(GOOD | {"headline": "", "summary": []}), "headline and summary"),
        (json.dumps(GOOD | {"headline": None, "summary": None}), "headline and summary"),
        (json.dumps(GOOD | {"headline": "N/A", "summary": ["无"]}), "headline and summary"),
        ("[" * 100_000, "no JSON object"),
        ('{"a":' * 100_000, "no JSON object"),
        ('{"headline": ' + "9" * 5_000 + "}", "no JSON object"),
    ],
)
def test_unusable_reply_says_what_is_wrong(text: str, problem: str) -> None:
    """Invariant 4: what is no analysis is never shown as one."""
    with pytest.raises(ModelError) as caught:
        parse_reply(text)
    assert caught.value.reason is RulesReason.INVALID_REPLY
    assert problem in caught.value.detail


@pytest.mark.parametrize(
    "nothing",
    [
        *("none", "None.", "N/A", "n/a", "null", "-", "—", "Not applicable.", "No impact"),
        *("No significant performance impact.", "No security implications identified."),
        *(
            "无",
            "无。",
            "暂无",
            "无影响",
            "无明显影响。",
            "无性能影响",
            "没有风险",
            "不适用",
            "なし",
        ),
    ],
)
def test_words_for_nothing_are_nothing(nothing: str) -> None:
    analysis = analysis_of(
        {"security": nothing, "advice": [nothing, "Set the flag."], "scope": nothing}
    )
    assert analysis.security == ""
    assert analysis.advice == ("Set the flag.",)
    assert analysis.scope == ()


@pytest.mark.parametrize(
    "something",
    ["No lock is held any more.", "无锁队列取代了互斥锁。", "None of the callers changes"],
)
def test_sentences_that_begin_with_no_are_kept(something: str) -> None:
    assert analysis_of({"performance": something}).performance == something


def test_odd_parts_are_forgiven() -> None:
    analysis = analysis_of(
        {
            "summary": "1. One thing.\n2. Another.",
            "scope": None,
            "architecture": ["not", "a text"],
            "risks": ["a text", {"text": "It breaks.", "severity": "CRITICAL", "path": None}],
            "advice": {"not": "a list"},
            "kinds": ["Bug Fix", "nonsense", "FEAT", "fix", 7],
            "importance": "Major",
        }
    )
    assert analysis.summary == ("One thing.", "Another.")
    assert analysis.scope == analysis.advice == ()
    assert analysis.architecture == ""
    assert analysis.risks == (Risk("It breaks.", Severity.HIGH),)
    assert analysis.kinds == (Kind.FIX, Kind.FEATURE)
    assert analysis.importance is Importance.HIGH


def test_versions_at_the_start_of_a_line_are_no_numbering() -> None:
    assert analysis_of({"summary": ["3.11 is needed now."]}).summary == ("3.11 is needed now.",)


def test_chinese_words_for_importance_and_kinds_are_understood() -> None:
    analysis = analysis_of({"importance": "高", "kinds": ["修复"]})
    assert (analysis.importance, analysis.kinds) == (Importance.HIGH, (Kind.FIX,))


def test_what_the_model_leaves_open_comes_from_the_rules() -> None:
    analysis = analysis_of(
        {"importance": "?", "kinds": [], "headline": ""}, verdict=a_verdict(Importance.LOW)
    )
    assert analysis.importance is Importance.LOW
    assert analysis.proposed is None
    assert analysis.kinds == (Kind.CHORE,)
    assert analysis.headline == "`add()` now keeps the order."


@pytest.mark.parametrize(
    ("proposed", "floor", "ceiling", "importance"),
    [
        ("low", Importance.HIGH, Importance.HIGH, Importance.HIGH),
        ("high", Importance.LOW, Importance.LOW, Importance.LOW),
        ("low", Importance.MEDIUM, Importance.HIGH, Importance.MEDIUM),
        ("high", Importance.LOW, Importance.MEDIUM, Importance.MEDIUM),
        ("medium", Importance.LOW, Importance.HIGH, Importance.MEDIUM),
    ],
)
def test_importance_stays_between_floor_and_ceiling(
    proposed: str, floor: Importance, ceiling: Importance, importance: Importance
) -> None:
    """Invariant 6: the model proposes; what it asked for is kept."""
    verdict = a_verdict(floor, floor=floor, ceiling=ceiling)
    analysis = analysis_of({"importance": proposed}, verdict=verdict)
    assert analysis.importance is importance
    assert analysis.proposed is Importance(proposed)


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("src/widget.py", "src/widget.py"),
        ("`src/widget.py`", "src/widget.py"),
        ("./src/widget.py:12", "src/widget.py"),
        ("widget.py", "src/widget.py"),
        ("src/old.py", "src/new.py"),
        ("same.py", None),
        ("src/invented.py", None),
        ("/etc/passwd", None),
        ("https://evil.example/widget.py", None),
        ("none", None),
        ("", None),
    ],
)
def test_path_of_a_risk_is_one_of_the_commits(named: str, path: str | None) -> None:
    """Invariant 6: files that an analysis names exist in the commit."""
    moved = a_file("src/new.py", status=FileStatus.RENAMED, previous_path="src/old.py")
    files = (a_file("src/widget.py"), moved, a_file("a/same.py"), a_file("b/same.py"))
    risk = {"path": named, "text": "It breaks.", "severity": "low"}
    analysis = analysis_of({"risks": [risk]}, a_commit(files=files))
    assert analysis.risks == (Risk("It breaks.", Severity.LOW, path),)


def test_scope_that_names_a_foreign_file_is_dropped() -> None:
    """Invariant 6."""
    scope = ["src/widget.py", "the loader in `src/invented.py`", "POST /v1/things", "and/or users"]
    analysis = analysis_of({"scope": scope})
    assert analysis.withheld == 1
    assert analysis.scope == ("src/widget.py", "POST /v1/things", "and/or users")


def test_worst_risk_stands_first() -> None:
    risks = [{"path": "", "text": s, "severity": s} for s in ("low", "high", "medium")]
    severities = [risk.severity.value for risk in analysis_of({"risks": risks}).risks]
    assert severities == ["high", "medium", "low"]


def test_rambling_is_cut() -> None:
    long = "word " * 300
    analysis = analysis_of(
        {"headline": long, "summary": [long] * 20, "security": long, "advice": [long] * 20}
    )
    assert len(analysis.headline) <= 140
    assert len(analysis.summary) <= 8
    assert all(len(text) <= 900 for text in (*analysis.summary, analysis.security))
    assert sum(map(len, analysis.advice)) <= 6 * 400


def test_reply_held_to_the_schema_names_every_key() -> None:
    assert FULL_FORM.is_filled_in(TEXT)
    assert BRIEF_FORM.is_filled_in(
        json.dumps({key: GOOD[key] for key in BRIEF_FORM.schema["required"]})
    )
    assert not FULL_FORM.is_filled_in('{"headline": "x"}')


@given(st.text() | st.sampled_from(HOSTILE_TEXTS) | st.text('{}[]":,\\ue0<think>/', max_size=300))
def test_any_text_is_a_reply_or_a_model_error(text: str) -> None:
    with contextlib.suppress(ModelError):
        reply = parse_reply(text)
        assert reply.headline or reply.summary


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(list(GOOD)), values),
    commits(),
    st.sampled_from(Importance),
)
def test_any_object_becomes_an_analysis_within_the_rules(
    parts: dict[str, Any], commit: Commit, fixed: Importance
) -> None:
    """Invariants 6 and 7: whatever a model was talked into."""
    verdict = a_verdict(fixed, floor=fixed, ceiling=fixed)
    try:
        analysis = analysis_of({"summary": ["It is there."]} | parts, commit, verdict)
    except ModelError:
        return
    assert analysis.headline.strip()
    assert "\n" not in analysis.headline
    assert analysis.importance is fixed
    assert {risk.path for risk in analysis.risks} <= {None, *(file.path for file in commit.files)}


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        ("", "{", ""),
        ("", '{"a":[', ""),
        ("", "<think>", ""),
        ("", "</think>", ""),
        ("", "{}", ""),
        ('{"headline":"', "a/", '"}'),
        ('{"headline":"x","scope":["', "a/", '"]}'),
        ('{"headline":"x","scope":["', "a", '"]}'),
    ],
)
def test_time_is_linear_in_a_hostile_reply(start: str, piece: str, end: str) -> None:
    commit = a_commit(files=tuple(a_file(f"src/{n}/widget.py") for n in range(500)))

    def read(text: str) -> None:
        with contextlib.suppress(ModelError):
            to_analysis(
                parse_reply(text),
                commit,
                rules_analysis(),
                Coverage(0, 1),
                model="m",
                language="en",
                at=NOON,
            )

    def reply(length: int) -> str:
        return start + piece * (length // len(piece)) + end

    assert grows_no_faster_than_its_material(read, reply, 23_750)
    assert grows_no_faster_than_its_material(read, reply, 125_000)


def test_a_reply_without_end_is_not_read_to_its_end() -> None:
    assert [*json_objects(TEXT)]
    assert not [*json_objects(" " * 200_000 + TEXT)]


def test_every_text_of_a_reply_is_looked_at_for_leaks() -> None:
    risk = {"path": "a/path", "text": "a risk"}
    texts: dict[str, Any] = {k: f"a {k}" for k, value in GOOD.items() if isinstance(value, str)}
    texts |= {key: [f"a {key}"] for key in ("summary", "scope", "advice")}
    reply = parse_reply(json.dumps(texts | {"risks": [risk]}))
    said = {f"a {key}" for key in texts.keys() - {"importance"}} | {*risk.values()}
    assert {*reply.texts} == said
