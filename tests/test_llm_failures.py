"""Whatever a model's server does: the rules answer, with the reason, and nothing leaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from analyzers.errors import ModelError
from analyzers.fallback import WithRules
from analyzers.language_model import EQUAL_FAILURES
from analyzers.model import Analysis, RulesReason
from analyzers.rules import rules_analysis
from tests.fakes import RecordingAnalyzer, wanted
from tests.language_models import a_read_commit, an_analyzer
from tests.servers.openai import API_KEY, Fault, OpenAIServer

EXPECTED = {
    Fault.UNAUTHORIZED: RulesReason.UNAUTHORIZED,
    Fault.FORBIDDEN: RulesReason.UNAUTHORIZED,
    Fault.NO_MODEL: RulesReason.MODEL_NOT_FOUND,
    Fault.RATE_LIMITED: RulesReason.RATE_LIMITED,
    Fault.RATE_LIMITED_FOR_A_MOMENT: RulesReason.RATE_LIMITED,
    Fault.RATE_LIMITED_FOR_AN_HOUR: RulesReason.RATE_LIMITED,
    Fault.NO_QUOTA: RulesReason.QUOTA_EXHAUSTED,
    Fault.NO_BALANCE: RulesReason.QUOTA_EXHAUSTED,
    Fault.SERVER_ERROR: RulesReason.SERVER_ERROR,
    Fault.BAD_GATEWAY: RulesReason.SERVER_ERROR,
    Fault.MOVED: RulesReason.UNREACHABLE,
    Fault.HANG: RulesReason.TIMED_OUT,
    Fault.DROP: RulesReason.UNREACHABLE,
    Fault.TOO_LONG: RulesReason.REQUEST_REJECTED,
    Fault.FILTERED_PROMPT: RulesReason.REFUSED,
    Fault.BAD_REQUEST: RulesReason.REQUEST_REJECTED,
    Fault.HTML: RulesReason.INVALID_REPLY,
    Fault.NOT_JSON_BODY: RulesReason.INVALID_REPLY,
    Fault.CHOICES_NULL: RulesReason.INVALID_REPLY,
    Fault.CHOICES_EMPTY: RulesReason.INVALID_REPLY,
    Fault.ERROR_WITH_200: RulesReason.SERVER_ERROR,
    Fault.REFUSAL: RulesReason.REFUSED,
    Fault.FILTERED_REPLY: RulesReason.REFUSED,
    Fault.CUT_OFF: RulesReason.CUT_OFF,
    Fault.EMPTY: RulesReason.EMPTY_REPLY,
    Fault.NULL_CONTENT: RulesReason.EMPTY_REPLY,
    Fault.INVALID_JSON: RulesReason.INVALID_REPLY,
    Fault.OTHER_SHAPE: RulesReason.INVALID_REPLY,
    Fault.PROSE: RulesReason.INVALID_REPLY,
}
FORGIVEN = {Fault.PROSE_AROUND, Fault.FENCED, Fault.THOUGHT, Fault.PARTS}
PERMANENT = {
    *(Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.NO_MODEL, Fault.NO_QUOTA, Fault.NO_BALANCE),
    Fault.MOVED,
}
DOWN = {Fault.HANG, Fault.DROP}


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A server that answers at once."""
    async with OpenAIServer() as server:
        yield server


def by_rules(analysis: Analysis, reason: RulesReason) -> bool:
    """Whether it is just what the rules say of the first commit."""
    return analysis == rules_analysis(a_read_commit(), reason)


def alerts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """How loud the analyzer itself spoke, in order."""
    return [
        record.levelname for record in caplog.records if record.name == "analyzers.language_model"
    ]


def test_every_fault_has_its_reason() -> None:
    assert set(EXPECTED) | FORGIVEN == set(Fault)


@pytest.mark.parametrize("fault", EXPECTED, ids=str)
async def test_failure_ends_in_the_rules_analysis_with_its_reason(
    server: OpenAIServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 4: a failure is never published as an analysis, and no commit is lost."""
    caplog.set_level(logging.DEBUG)
    server.fault = fault
    timeout = 0.2 if fault is Fault.HANG else 20.0
    async with an_analyzer(server, timeout=timeout) as analyzer:
        analysis = await WithRules(analyzer).analyze(a_read_commit(), wanted())
    assert by_rules(analysis, EXPECTED[fault])
    assert server.requests
    assert API_KEY not in caplog.text


@pytest.mark.parametrize("fault", EXPECTED, ids=str)
async def test_failure_names_its_reason_and_hides_the_key(
    server: OpenAIServer, fault: Fault
) -> None:
    server.fault = fault
    timeout = 0.2 if fault is Fault.HANG else 20.0
    async with an_analyzer(server, timeout=timeout) as analyzer:
        with pytest.raises(ModelError) as caught:
            await analyzer.analyze(a_read_commit(), wanted())
    error = caught.value
    assert error.reason is EXPECTED[fault]
    assert error.permanent is (fault in PERMANENT)
    assert API_KEY not in str(error) + error.detail + repr(error)
    assert "\n" not in error.detail


async def test_no_commit_goes_along_to_a_host_that_nobody_has_named(server: OpenAIServer) -> None:
    """Invariant 8: a redirect would take it there, and the key with it."""
    server.faults.append(Fault.MOVED)
    async with an_analyzer(server) as analyzer:
        with pytest.raises(ModelError):
            await analyzer.analyze(a_read_commit(), wanted())
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", sorted(set(EXPECTED) - PERMANENT - DOWN), ids=str)
async def test_failure_of_one_commit_costs_no_other(server: OpenAIServer, fault: Fault) -> None:
    """Invariant 4: one commit's failure never costs the digest."""
    async with an_analyzer(server) as analyzer:
        fine = WithRules(analyzer)
        server.fault = fault
        assert not (await fine.analyze(a_read_commit(1), wanted())).by_model
        server.fault = None
        assert (await fine.analyze(a_read_commit(2), wanted())).by_model


async def test_request_that_hangs_while_others_are_answered_costs_no_other(
    server: OpenAIServer,
) -> None:
    server.faults.append(Fault.HANG)
    async with an_analyzer(server, timeout=2) as analyzer:
        fine = WithRules(analyzer)
        hanging = asyncio.create_task(fine.analyze(a_read_commit(1), wanted()))
        await server.received(1)
        assert (await fine.analyze(a_read_commit(2), wanted())).by_model
        assert not (await hanging).by_model
        assert (await fine.analyze(a_read_commit(3), wanted())).by_model


async def test_key_that_the_server_rejects_costs_one_round_of_requests(
    server: OpenAIServer,
) -> None:
    server.delay = 0.02
    commits = [a_read_commit(number) for number in range(60)]
    async with an_analyzer(server, api_key="wrong-key-0123456789", concurrency=4) as analyzer:
        fine = WithRules(analyzer)
        analyses = await asyncio.gather(*(fine.analyze(commit, wanted()) for commit in commits))
    assert {analysis.rules_reason for analysis in analyses} == {RulesReason.UNAUTHORIZED}
    assert len(server.requests) <= 4


async def test_key_that_was_mended_is_noticed_after_the_pause(server: OpenAIServer) -> None:
    seconds = 0.0
    async with an_analyzer(server, clock=lambda: seconds) as analyzer:
        fine = WithRules(analyzer)
        server.fault = Fault.NO_QUOTA
        assert not (await fine.analyze(a_read_commit(1), wanted())).by_model
        server.fault = None
        seconds = 59.0
        paused = await fine.analyze(a_read_commit(2), wanted())
        assert paused.rules_reason is RulesReason.QUOTA_EXHAUSTED
        assert len(server.requests) == 1
        seconds = 60.0
        assert (await fine.analyze(a_read_commit(3), wanted())).by_model


async def test_server_that_fails_again_and_again_is_left_alone_and_told_of_once(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One alert for a day, and hardly a request."""
    caplog.set_level(logging.WARNING, "analyzers.language_model")
    seconds = 0.0
    server.fault = Fault.SERVER_ERROR
    async with an_analyzer(server, clock=lambda: seconds) as analyzer:
        fine = WithRules(analyzer)
        for number in range(2 * EQUAL_FAILURES):
            analysis = await fine.analyze(a_read_commit(number), wanted())
            assert analysis.rules_reason is RulesReason.SERVER_ERROR
        assert len(server.requests) == EQUAL_FAILURES
        for hour in range(1, 5):
            seconds = hour * 3_600.0
            for number in range(5):
                assert not (await fine.analyze(a_read_commit(number), wanted())).by_model
        assert len(server.requests) == EQUAL_FAILURES + 4
        assert alerts(caplog) == ["ERROR"]
        server.fault = None
        seconds += 3_600
        for number in range(3):
            assert (await fine.analyze(a_read_commit(number), wanted())).by_model
    assert alerts(caplog) == ["ERROR", "WARNING"]


async def test_failures_between_answers_and_those_of_single_commits_pause_nothing(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "analyzers.language_model")
    async with an_analyzer(server) as analyzer:
        fine = WithRules(analyzer)
        faults = [Fault.SERVER_ERROR] * (EQUAL_FAILURES - 1)
        server.faults.extend([*faults, None] * 3)
        for number in range(3 * EQUAL_FAILURES):
            await fine.analyze(a_read_commit(number), wanted())
        assert not server.faults
        server.fault = Fault.REFUSAL
        for number in range(3 * EQUAL_FAILURES):
            await fine.analyze(a_read_commit(number), wanted())
        server.fault = None
        assert (await fine.analyze(a_read_commit(1), wanted())).by_model
    assert not alerts(caplog)


async def test_server_that_hangs_costs_one_round_of_waiting(server: OpenAIServer) -> None:
    """A digest has a deadline: 60 commits do not wait one after the other."""
    server.fault = Fault.HANG
    async with an_analyzer(server, timeout=0.3, concurrency=4) as analyzer:
        fine = WithRules(analyzer)
        commits = [a_read_commit(number) for number in range(60)]
        analyses = await asyncio.gather(*(fine.analyze(commit, wanted()) for commit in commits))
    assert {analysis.rules_reason for analysis in analyses} == {RulesReason.TIMED_OUT}
    assert len(server.requests) <= 4


async def test_server_that_hangs_is_not_waited_for_in_every_try(server: OpenAIServer) -> None:
    server.fault = Fault.HANG
    async with an_analyzer(server, timeout=0.4, max_retries=9) as analyzer:
        with pytest.raises(ModelError):
            await analyzer.analyze(a_read_commit(), wanted())
    assert len(server.requests) <= 2


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:1/v1", "http://[bad/v1", "nonsense", "ftp://x"],
)
async def test_address_without_a_server_ends_in_the_rules(
    server: OpenAIServer, base_url: str
) -> None:
    async with an_analyzer(server, base_url=base_url) as analyzer:
        analysis = await WithRules(analyzer).analyze(a_read_commit(), wanted())
    assert by_rules(analysis, RulesReason.UNREACHABLE)


async def test_address_of_something_else_ends_in_the_rules(server: OpenAIServer) -> None:
    async with an_analyzer(server, base_url=f"http://127.0.0.1:{server.port}") as analyzer:
        analysis = await WithRules(analyzer).analyze(a_read_commit(), wanted())
    assert by_rules(analysis, RulesReason.MODEL_NOT_FOUND)


@pytest.mark.parametrize("key", ["key with\nline", "ключ-0123456789", "key\x00", "“key-012345”"])
async def test_key_that_cannot_be_sent_is_never_shown(
    server: OpenAIServer, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with an_analyzer(server, api_key=key) as analyzer:
        analysis = await WithRules(analyzer).analyze(a_read_commit(), wanted())
    assert by_rules(analysis, RulesReason.UNAUTHORIZED)
    assert key not in caplog.text
    assert not server.requests


async def test_text_that_no_encoding_carries_loses_no_commit(server: OpenAIServer) -> None:
    """Sources drop lone surrogates; one that came through is no reason to lose the commit."""
    commit = replace(a_read_commit(), message="Add \ud800 a thing")
    async with an_analyzer(server) as analyzer:
        assert (await WithRules(analyzer).analyze(commit, wanted())).headline


async def test_reason_is_logged_once_aloud(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    server.fault = Fault.SERVER_ERROR
    async with an_analyzer(server) as analyzer:
        fine = WithRules(analyzer)
        for number in range(3):
            await fine.analyze(a_read_commit(number), wanted())
        server.fault = Fault.EMPTY
        await fine.analyze(a_read_commit(4), wanted())
    messages = [r.getMessage() for r in caplog.records if r.name == "analyzers.fallback"]
    assert len(messages) == 2
    assert "server-error" in messages[0]
    assert "empty-reply" in messages[1]


async def test_a_fault_of_ours_costs_one_commit_its_model_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Invariant 4: one commit's failure never costs the digest."""
    analyzer = WithRules(RecordingAnalyzer(ValueError("a bug")))
    analysis = await analyzer.analyze(a_read_commit(), wanted())
    assert analysis.rules_reason is RulesReason.INTERNAL_ERROR
    assert "a bug" in caplog.text


async def test_identity_is_that_of_the_model(server: OpenAIServer) -> None:
    async with an_analyzer(server) as analyzer:
        assert WithRules(analyzer).identity("zh") == analyzer.identity("zh")


async def test_cancelling_gives_the_slot_back(server: OpenAIServer) -> None:
    server.fault = Fault.HANG
    async with an_analyzer(server, concurrency=1) as analyzer:
        task = asyncio.create_task(analyzer.analyze(a_read_commit(1), wanted()))
        await server.received(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.fault = None
        assert (await analyzer.analyze(a_read_commit(2), wanted())).by_model
