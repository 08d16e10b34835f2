"""The model analyzer against a server that speaks OpenAI's API: what works, and how it asks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from analyzers.errors import ModelError, StoreError
from analyzers.llm import LanguageModelAnalyzer
from analyzers.model import Coverage, Importance, Kind, RulesReason
from analyzers.profiles import Profile
from analyzers.replies import FULL_FORM
from bot.stores.profiles import RedisModelProfiles
from tests.digests import NOON, a_commit
from tests.fakes import wanted
from tests.language_models import (
    MemoryProfiles,
    a_file,
    a_model,
    a_patch,
    a_read_commit,
    an_analyzer,
)
from tests.servers.openai import API_KEY, MODEL, Fault, Lack, OpenAIServer


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A server that answers at once."""
    async with OpenAIServer() as server:
        yield server


async def test_commit_becomes_an_analysis_by_the_model(server: OpenAIServer) -> None:
    async with an_analyzer(server) as analyzer:
        analysis = await analyzer.analyze(a_read_commit(message="Add a thing"), wanted("zh"))
    assert analysis.by_model
    assert analysis.analyzer == MODEL
    assert analysis.language == "zh"
    assert analysis.headline == "Model: Add a thing"
    assert "简体中文" in analysis.summary[0]
    assert "2 files" in analysis.summary[0]
    assert analysis.proposed is Importance.MEDIUM
    assert analysis.coverage == Coverage(2, 2)
    assert analysis.analyzed_at == NOON
    assert analysis.risks[0].path == "src/widget.py"
    assert Kind(analysis.kind)
    assert server.rungs == ["json_schema"]


async def test_sixty_commits_keep_every_slot_busy_and_no_more(server: OpenAIServer) -> None:
    commits = [a_read_commit(number, f"Change {number}") for number in range(60)]
    server.faults.extend([Fault.HANG] * 16)
    async with an_analyzer(server, concurrency=16) as analyzer:
        asked = [asyncio.create_task(analyzer.analyze(c, wanted())) for c in commits]
        await server.received(16)
        assert server.most_in_flight == 16
        hanging = [n for n in range(60) if f"Change {n}\n" in "".join(server.prompts)]
        for number in hanging:
            asked[number].cancel()
        others = [n for n in range(60) if n not in hanging]
        analyses = await asyncio.gather(*(asked[number] for number in others))
    assert [a.headline for a in analyses] == [f"Model: Change {n}" for n in others]
    assert len(server.requests) == 60


@pytest.mark.parametrize(
    ("lacks", "rungs"),
    [
        ({Lack.JSON_SCHEMA}, ["json_schema", "json_object"]),
        ({Lack.JSON_SCHEMA, Lack.JSON_OBJECT}, ["json_schema", "json_object", "text"]),
        ({Lack.HEED}, ["json_schema", "json_object"]),
    ],
)
async def test_server_is_asked_for_the_best_form_that_it_understands(
    server: OpenAIServer, lacks: set[Lack], rungs: list[str]
) -> None:
    """Rejected with 400 in one server's words or another's, or taken and not heeded."""
    server.lacks = lacks
    profiles = MemoryProfiles()
    async with an_analyzer(server, profiles=profiles) as analyzer:
        assert (await analyzer.analyze(a_read_commit(1), wanted())).by_model
        assert server.rungs == rungs
        assert (await analyzer.analyze(a_read_commit(2), wanted())).by_model
    async with an_analyzer(server, profiles=profiles) as another:
        assert (await another.analyze(a_read_commit(3), wanted())).by_model
    assert server.rungs == [*rungs, rungs[-1], rungs[-1]]


async def test_many_at_once_learn_from_one_another(server: OpenAIServer) -> None:
    server.lacks = {Lack.JSON_SCHEMA}
    async with an_analyzer(server, concurrency=4) as analyzer:
        await asyncio.gather(*(analyzer.analyze(a_read_commit(n), wanted()) for n in range(40)))
    assert server.rungs.count("json_schema") <= 4
    assert server.rungs.count("json_object") == 40


@pytest.mark.parametrize(
    ("lacks", "sent"),
    [
        ({Lack.MAX_TOKENS}, "max_completion_tokens"),
        ({Lack.MAX_COMPLETION_TOKENS}, "max_tokens"),
        ({Lack.MAX_COMPLETION_TOKENS, Lack.MAX_TOKENS}, None),
    ],
)
async def test_limit_of_the_reply_is_called_what_the_server_calls_it(
    server: OpenAIServer, lacks: set[Lack], sent: str | None
) -> None:
    server.lacks = lacks
    async with an_analyzer(server) as analyzer:
        await analyzer.analyze(a_read_commit(1), wanted())
        first = len(server.requests)
        await analyzer.analyze(a_read_commit(2), wanted())
    assert len(server.requests) == first + 1, "what was learnt was forgotten"
    named = [key for key in server.requests[-1] if "tokens" in key]
    assert named == ([sent] if sent else [])
    assert set(server.rungs) == {"json_schema"}


async def test_server_without_anything_special_is_still_used(server: OpenAIServer) -> None:
    server.lacks = {
        *(Lack.JSON_SCHEMA, Lack.JSON_OBJECT, Lack.MAX_TOKENS, Lack.MAX_COMPLETION_TOKENS),
    }
    async with an_analyzer(server) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model
    assert set(server.requests[-1]) == {"model", "messages"}


async def test_profile_is_kept_in_redis_across_processes(server: OpenAIServer, redis: Any) -> None:
    server.lacks = {Lack.JSON_SCHEMA}
    for number in (1, 2):
        async with an_analyzer(server, profiles=RedisModelProfiles(redis)) as analyzer:
            await analyzer.analyze(a_read_commit(number), wanted())
    assert server.rungs == ["json_schema", "json_object", "json_object"]


async def test_store_that_fails_costs_no_analysis(server: OpenAIServer) -> None:
    class Broken(MemoryProfiles):  # type: ignore[misc]  # final for adapters; here it is to break
        async def load(self, server: str, model: str) -> str | None:
            raise StoreError("error-store")

        async def save(self, server: str, model: str, profile: str) -> None:
            raise StoreError("error-store")

    server.lacks = {Lack.JSON_SCHEMA}
    async with an_analyzer(server, profiles=Broken()) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model


@pytest.mark.parametrize(
    "fault", [Fault.PROSE_AROUND, Fault.FENCED, Fault.THOUGHT, Fault.PARTS], ids=str
)
async def test_json_in_a_wrapping_needs_one_request(server: OpenAIServer, fault: Fault) -> None:
    server.fault = fault
    async with an_analyzer(server) as analyzer:
        analysis = await analyzer.analyze(a_read_commit(message="Add a thing"), wanted())
    assert analysis.headline == "Model: Add a thing"
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [Fault.INVALID_JSON, Fault.OTHER_SHAPE, Fault.PROSE], ids=str)
async def test_unusable_reply_is_sent_back_once_with_what_is_wrong(
    server: OpenAIServer, fault: Fault
) -> None:
    server.faults.append(fault)
    async with an_analyzer(server) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model
    first, second = (body["messages"] for body in server.requests)
    assert second[:2] == first
    assert [message["role"] for message in second[2:]] == ["assistant", "user"]
    assert "cannot be used" in second[3]["content"]


async def test_reply_that_the_schema_allows_does_not_step_down(server: OpenAIServer) -> None:
    """Empty, but complete: the server does hold its model to the schema."""
    server.reply = {"headline": "", "summary": []}
    async with an_analyzer(server) as analyzer:
        with pytest.raises(ModelError):
            await analyzer.analyze(a_read_commit(), wanted())
    assert server.rungs == ["json_schema", "json_schema"]


async def test_reply_that_was_cut_off_is_asked_for_again_with_more_room(
    server: OpenAIServer,
) -> None:
    server.faults.append(Fault.CUT_OFF)
    async with an_analyzer(server) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model
    limits = [body["max_completion_tokens"] for body in server.requests]
    assert limits == [6_000, 16_000]


async def test_commit_that_is_too_long_is_sent_once_more_at_a_quarter_of_the_length(
    server: OpenAIServer,
) -> None:
    server.context = 30_000
    files = tuple(a_file(f"tests/{n}.py", a_patch(200)) for n in range(20))
    async with an_analyzer(server, tokens=32_000) as analyzer:
        analysis = await analyzer.analyze(a_commit(files=files), wanted())
    assert len(server.requests) == 2
    first, second = map(len, server.prompts)
    assert first > 30_000 > second
    assert 0 < analysis.coverage.files_read < 20


async def test_what_may_pass_is_tried_again_by_the_sdk_alone(server: OpenAIServer) -> None:
    server.faults.extend([Fault.SERVER_ERROR, Fault.RATE_LIMITED_FOR_A_MOMENT])
    async with an_analyzer(server, max_retries=2) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model
    assert len(server.requests) == 3


async def test_retries_are_not_multiplied(server: OpenAIServer) -> None:
    server.fault = Fault.SERVER_ERROR
    async with an_analyzer(server, max_retries=1) as analyzer:
        with pytest.raises(ModelError):
            await analyzer.analyze(a_read_commit(), wanted())
    assert len(server.requests) == 2


async def test_server_without_keys_needs_none() -> None:
    async with OpenAIServer(api_key=None) as server, an_analyzer(server, api_key=None) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model


async def test_settings_of_the_environment_do_not_reach_past_ours(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    async with an_analyzer(server) as analyzer:
        assert (await analyzer.analyze(a_read_commit(), wanted())).by_model


async def test_only_what_is_needed_is_sent(server: OpenAIServer) -> None:
    """Some servers reject what they do not know, and reasoning models reject a temperature."""
    async with an_analyzer(server) as analyzer:
        await analyzer.analyze(a_read_commit(), wanted())
    body = server.requests[0]
    assert set(body) == {"model", "messages", "response_format", "max_completion_tokens"}
    assert API_KEY not in json.dumps(body)


def test_identity_tells_apart_what_makes_another_analysis() -> None:
    """Invariant 5."""

    def identity(language: str = "en", **changes: Any) -> str:
        context = an_analyzer(OpenAIServer(), **changes)
        return asyncio.run(_identity(context, language))

    same = identity()
    assert same == identity(base_url="http://127.0.0.1:2/v1", api_key="other", concurrency=3)
    assert same == identity("EN") == identity("English")
    others = {identity("zh"), identity(name="other"), identity(tokens=9_000), same}
    assert len(others) == 4
    assert API_KEY not in same


async def _identity(context: Any, language: str) -> str:
    async with context as analyzer:
        return str(analyzer.identity(language))


def test_sdk_is_not_imported_before_it_is_needed() -> None:
    """It takes over a second."""
    code = "import sys, analyzers.llm, analyzers.fallback; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_closing_twice_or_before_the_first_request_is_safe(server: OpenAIServer) -> None:
    async with a_model(server) as model:
        await model.aclose()
    async with a_model(server) as model:
        await LanguageModelAnalyzer(model, now=lambda: NOON).analyze(a_read_commit(), wanted())
        await model.aclose()


def test_server_runs_by_itself() -> None:
    command = [sys.executable, "-m", "tests.servers.openai", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip().removeprefix("OPENAI_BASE_URL=")
            answer = httpx.post(
                f"{url}/chat/completions",
                headers={"Authorization": "Bearer x"},
                json={"model": "m", "messages": [{"role": "user", "content": "Hello"}]},
            )
        finally:
            process.terminate()
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda schema: schema["properties"]["risks"]["items"].pop("required"), "required"),
        (lambda schema: schema.pop("additionalProperties"), "additionalProperties"),
        (lambda schema: schema["properties"]["headline"].update(maxLength=9), "maxLength"),
        (lambda schema: schema["properties"].update(headline={"$ref": "#"}), "no type"),
    ],
)
async def test_server_is_as_strict_as_strict_mode(
    server: OpenAIServer, spoil: Any, complaint: str
) -> None:
    """What holds the schema to the subset that all servers take."""
    body = json.loads(json.dumps(Profile().parameters(100, FULL_FORM)))
    spoil(body["response_format"]["json_schema"]["schema"])
    body |= {"model": MODEL, "messages": [{"role": "user", "content": "JSON"}]}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {API_KEY}"}) as client:
        answer = await client.post(f"{server.base_url}/chat/completions", json=body)
    assert answer.status_code == 400
    assert complaint in answer.text


async def test_reason_of_a_failure_is_kept_with_the_error(server: OpenAIServer) -> None:
    server.fault = Fault.RATE_LIMITED_FOR_AN_HOUR
    async with an_analyzer(server, max_retries=3) as analyzer:
        with pytest.raises(ModelError) as caught:
            await analyzer.analyze(a_read_commit(), wanted())
    assert caught.value.reason is RulesReason.RATE_LIMITED
    assert caught.value.retry_after == 3_600
    assert len(server.requests) == 1, "nobody waits for an hour"
