"""A server that speaks OpenAI's chat completions API, strictly, and fails on demand.

It takes only what the real one takes, notes every request, and answers with an analysis made from
the prompt. `faults` fail one request after the other, `fault` fails all, `lacks` are parts of the
API that it does not know. By itself, for a demonstration or a benchmark:

    python -m tests.servers.openai --port 8089 --delay 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Self

import jsonschema
from aiohttp import web

API_KEY = "test-key-0123456789"
MODEL = "test-model"


class Fault(StrEnum):
    """What goes wrong with one request."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NO_MODEL = "no-model"
    RATE_LIMITED = "rate-limited"
    RATE_LIMITED_FOR_A_MOMENT = "rate-limited-for-a-moment"
    RATE_LIMITED_FOR_AN_HOUR = "rate-limited-for-an-hour"
    NO_QUOTA = "no-quota"
    NO_BALANCE = "no-balance"
    SERVER_ERROR = "server-error"
    BAD_GATEWAY = "bad-gateway"
    MOVED = "moved"
    """It is at another host now, which takes the request as well."""
    HANG = "hang"
    DROP = "drop"
    TOO_LONG = "too-long"
    FILTERED_PROMPT = "filtered-prompt"
    BAD_REQUEST = "bad-request"
    HTML = "html"
    NOT_JSON_BODY = "not-json-body"
    CHOICES_NULL = "choices-null"
    CHOICES_EMPTY = "choices-empty"
    ERROR_WITH_200 = "error-with-200"
    REFUSAL = "refusal"
    FILTERED_REPLY = "filtered-reply"
    CUT_OFF = "cut-off"
    EMPTY = "empty"
    NULL_CONTENT = "null-content"
    INVALID_JSON = "invalid-json"
    OTHER_SHAPE = "other-shape"
    PROSE = "prose"
    PROSE_AROUND = "prose-around"
    FENCED = "fenced"
    THOUGHT = "thought"
    PARTS = "parts"


class Lack(StrEnum):
    """A part of the API that a server does not have."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    MAX_TOKENS = "max_tokens"
    MAX_COMPLETION_TOKENS = "max_completion_tokens"
    HEED = "heed"
    """It takes every response_format and heeds only json_object."""


_ERRORS: dict[Fault, tuple[int, str, str]] = {
    Fault.UNAUTHORIZED: (401, "invalid_api_key", f"Incorrect API key provided: {API_KEY}"),
    Fault.FORBIDDEN: (403, "unsupported_country", "Country, region, or territory not supported"),
    Fault.NO_MODEL: (404, "model_not_found", f"The model `{MODEL}` does not exist"),
    Fault.RATE_LIMITED: (429, "rate_limit_exceeded", "Rate limit reached"),
    Fault.RATE_LIMITED_FOR_A_MOMENT: (429, "rate_limit_exceeded", "Rate limit reached"),
    Fault.RATE_LIMITED_FOR_AN_HOUR: (429, "rate_limit_exceeded", "Rate limit reached"),
    Fault.NO_QUOTA: (429, "insufficient_quota", "You exceeded your current quota"),
    Fault.NO_BALANCE: (402, "invalid_request_error", "Insufficient Balance"),
    Fault.SERVER_ERROR: (500, "server_error", "The server had an error"),
    Fault.TOO_LONG: (400, "context_length_exceeded", "The maximum context length is 8192 tokens"),
    Fault.FILTERED_PROMPT: (400, "content_filter", "The prompt triggered the content policy"),
    Fault.BAD_REQUEST: (400, "invalid_request_error", "Something is wrong with the request"),
}
_WAITS = {Fault.RATE_LIMITED_FOR_A_MOMENT: "1", Fault.RATE_LIMITED_FOR_AN_HOUR: "3600"}
OVERVIEW = '"sentences"'
"""What is in the instructions for the overview of a digest and in no others."""
_USAGE = {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200}
_HTML = "<html><body><h1>It works!</h1></body></html>"
_FIELDS = {"model", "messages", "response_format", "max_tokens", "max_completion_tokens"}
_LISTED = re.compile(r"^(?:added|modified|removed|renamed|copied) \+\d+ -\d+ (\S+)", re.MULTILINE)
_FORBIDDEN_KEYWORDS = {
    *("$ref", "$defs", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "default"),
    *("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "pattern", "title"),
    *("format", "multipleOf", "dependentRequired", "dependentSchemas", "patternProperties"),
}


class OpenAIServer:
    """Listens on a port of this machine from `async with` on."""

    def __init__(self, *, api_key: str | None = API_KEY, delay: float = 0.0) -> None:
        """`api_key` None takes any. `delay` is how long a reply takes, in seconds."""
        self.api_key = api_key
        self.delay = delay
        self.fault: Fault | None = None
        self.faults: deque[Fault | None] = deque()
        self.lacks: set[Lack] = set()
        self.context: int | None = None
        """Characters that the model reads at the most."""
        self.reply: dict[str, Any] = {}
        """Parts of the replies that are to be other than made from the prompt."""
        self.usage: Callable[[dict[str, Any]], Any] = lambda _: _USAGE
        """What is reported for the body of a request."""
        self.requests: list[dict[str, Any]] = []
        """The bodies of all requests about commits, whatever became of them."""
        self.overviews: list[dict[str, Any]] = []
        """The bodies of all requests about whole digests."""
        self.sentences: list[str] | None = None
        """What is replied to those; None is what one finds again in the prompt."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.listen(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, whoever is still being answered."""
        if self._runner:
            await self._runner.cleanup()

    async def listen(self, port: int) -> None:
        """Listen on a port, on any free one for 0."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is to be."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def prompts(self) -> list[str]:
        """What the model was told in each request, all messages joined."""
        return ["\n".join(m["content"] for m in body["messages"]) for body in self.requests]

    @property
    def rungs(self) -> list[str]:
        """The form of reply that each request asked for."""
        return [body.get("response_format", {}).get("type", "text") for body in self.requests]

    async def received(self, count: int) -> None:
        """Wait until as many requests have come."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.requests) >= count)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answer(request)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        body = await request.json()
        about_a_day = OVERVIEW in body["messages"][0]["content"]
        async with self._news:
            (self.overviews if about_a_day else self.requests).append(body)
            self._news.notify_all()
        fault = self.faults.popleft() if self.faults else self.fault
        if not given.startswith("Bearer ") or self.api_key not in (None, given[7:]):
            fault = Fault.UNAUTHORIZED
        await asyncio.sleep(3600 if fault is Fault.HANG else self.delay)
        if fault is Fault.DROP:
            assert request.transport
            request.transport.abort()
            return web.Response()
        if complaint := self._complaint(body):
            return _error(400, "invalid_request_error", complaint)
        if (
            self.context is not None
            and sum(len(m["content"]) for m in body["messages"]) > self.context
        ):
            fault = Fault.TOO_LONG
        if fault is Fault.MOVED:
            there = f"http://localhost:{self.port}/v1/chat/completions"
            return web.Response(status=307, headers={"Location": there})
        if fault in _ERRORS:
            return _error(*_ERRORS[fault], wait=_WAITS.get(fault))
        return self._reply(body, fault)

    def _complaint(self, body: dict[str, Any]) -> str | None:
        """What is wrong with a request, in the words of real servers."""
        if unknown := set(body) - _FIELDS:
            return f"Unrecognized request argument supplied: {', '.join(sorted(unknown))}"
        messages = body.get("messages")
        if not messages or any(
            set(m) != {"role", "content"}
            or m["role"] not in ("system", "user", "assistant")
            or not isinstance(m["content"], str)
            for m in messages
        ):
            return "Invalid type for 'messages'"
        if not isinstance(body.get("model"), str):
            return "you must provide a model parameter"
        return self._limit_complaint(body) or self._format_complaint(body)

    def _limit_complaint(self, body: dict[str, Any]) -> str | None:
        if "max_tokens" in body and "max_completion_tokens" in body:
            return (
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported"
            )
        if "max_tokens" in body and Lack.MAX_TOKENS in self.lacks:
            return (
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead."
            )
        if "max_completion_tokens" in body and Lack.MAX_COMPLETION_TOKENS in self.lacks:
            return (
                '[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],'
                '"msg":"Extra inputs are not permitted"}]'
            )
        return None

    def _format_complaint(self, body: dict[str, Any]) -> str | None:
        match body.get("response_format"):
            case None | {"type": "text"}:
                return None
            case {"type": "json_object"} if Lack.JSON_OBJECT in self.lacks:
                return "unknown field: json_object"
            case {"type": "json_object"}:
                told = any("json" in m["content"].lower() for m in body["messages"])
                return None if told else "'messages' must contain the word 'json' in some form"
            case {"type": "json_schema"} if Lack.JSON_SCHEMA in self.lacks:
                return "This response_format type is unavailable now"
            case {"type": "json_schema", "json_schema": {"name": str(), "strict": True, **rest}}:
                return next(_schema_faults(rest.get("schema")), None)
        return "Invalid value for 'response_format'"

    def _reply(self, body: dict[str, Any], fault: Fault | None) -> web.StreamResponse:
        if OVERVIEW in body["messages"][0]["content"]:
            analysis: dict[str, Any] = {"sentences": self.sentences or _sentences(body)}
        else:
            analysis = _analysis(body) | self.reply
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        if schema:
            analysis = {key: analysis[key] for key in schema["properties"]}
        if schema and not self.reply:
            jsonschema.Draft202012Validator(schema).validate(analysis)
        text = json.dumps(analysis, ensure_ascii=False)
        asked_for = body.get("response_format", {}).get("type")
        if Lack.HEED in self.lacks and asked_for != "json_object":
            fault = Fault.PROSE
        if fault is Fault.HTML:
            return web.Response(text=_HTML, content_type="text/html")
        if fault is Fault.BAD_GATEWAY:
            return web.Response(status=502, text=_HTML, content_type="text/html")
        if fault is Fault.NOT_JSON_BODY:
            return web.Response(text='{"choices": [', content_type="application/json")
        if fault is Fault.ERROR_WITH_200:
            return web.json_response({"error": {"code": 502, "message": "Provider failed"}})
        completion = _completion(body["model"], *_message(text, fault))
        completion["usage"] = self.usage(body)
        if fault in (Fault.CHOICES_NULL, Fault.CHOICES_EMPTY):
            completion["choices"] = None if fault is Fault.CHOICES_NULL else []
        return web.json_response(completion)


def _error(status: int, code: str, message: str, *, wait: str | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    headers = {"Retry-After": wait} if wait else {}
    return web.json_response({"error": error}, status=status, headers=headers)


def _schema_faults(schema: Any, at: str = "schema") -> Iterator[str]:
    """What strict mode would refuse in a schema."""
    if not isinstance(schema, dict) or "type" not in schema:
        yield f"Invalid schema for response_format: {at} has no type"
        return
    if forbidden := set(schema) & _FORBIDDEN_KEYWORDS:
        yield f"Invalid schema for response_format: {at} has {sorted(forbidden)}"
    if schema["type"] == "object":
        if schema.get("additionalProperties") is not False:
            yield f"Invalid schema for response_format: {at}.additionalProperties must be false"
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            yield f"Invalid schema for response_format: {at}.required must list every property"
        for name, part in schema.get("properties", {}).items():
            yield from _schema_faults(part, f"{at}.{name}")
    if schema["type"] == "array":
        yield from _schema_faults(schema.get("items"), f"{at}.items")


def _length(body: dict[str, Any]) -> int:
    return sum(len(message["content"]) for message in body["messages"])


def _analysis(body: dict[str, Any]) -> dict[str, Any]:
    """An analysis in which one finds again what the prompt says."""
    prompt = body["messages"][1]["content"] if len(body["messages"]) > 1 else ""
    title = (re.search(r"^MESSAGE.*\n(.*)", prompt, re.MULTILINE) or ["", "a change"])[1]
    kinds = re.search(r"^kinds: ([a-z]+)", prompt, re.MULTILINE)
    files = re.findall(
        r"^(?:added|modified|removed|renamed|copied) \+\d+ -\d+ (\S+)", prompt, re.MULTILINE
    )
    language = (re.search(r"Write in (.+)\.$", prompt, re.MULTILINE) or ["", "?"])[1]
    path = files[0] if files else ""
    return {
        "summary": [f"{title} (in {language}, {len(files)} files)."],
        "scope": [f"`{path}`"] if path else [],
        "architecture": "",
        "performance": "",
        "security": "",
        "risks": [{"path": path, "line": 0, "text": "Callers see the change.", "severity": "low"}],
        "advice": [],
        "kinds": [kinds[1] if kinds else "chore"],
        "importance_reason": "Behaviour changes for some.",
        "importance": "medium",
        "headline": f"Model: {title}"[:100],
    }


def _sentences(body: dict[str, Any]) -> list[str]:
    prompt = body["messages"][1]["content"]
    first = (re.search(r"^- .*?: (.*)", prompt, re.MULTILINE) or ["", "nothing"])[1]
    language = (re.search(r"Write in (.+)\.$", prompt, re.MULTILINE) or ["", "?"])[1]
    return [f"A day (in {language}) of this: {first}."]


def _message(text: str, fault: Fault | None) -> tuple[dict[str, Any], str]:
    """The message of a choice and its finish_reason."""
    content: Any = (
        {
            Fault.CUT_OFF: text[: len(text) // 2],
            Fault.EMPTY: "",
            Fault.NULL_CONTENT: None,
            Fault.REFUSAL: None,
            Fault.FILTERED_REPLY: None,
            Fault.INVALID_JSON: text[:-20],
            Fault.OTHER_SHAPE: '{"answer": 42, "items": [{"name": "x"}]}',
            Fault.PROSE: "I have looked at the commit and it looks good to me.",
            Fault.PROSE_AROUND: f"Here is the analysis {{as asked}}:\n\n{text}\n\nAnything else?",
            Fault.FENCED: f"```json\n{text}\n```",
            Fault.THOUGHT: f'<think>Perhaps {{"headline": "a draft"}}?</think>\n{text}',
            Fault.PARTS: [{"type": "thinking", "thinking": []}, {"type": "text", "text": text}],
        }.get(fault, text)
        if fault
        else text
    )
    refusal = "I cannot help with that." if fault is Fault.REFUSAL else None
    finish = {Fault.CUT_OFF: "length", Fault.FILTERED_REPLY: "content_filter"}
    message = {"role": "assistant", "content": content, "refusal": refusal}
    return message, finish.get(fault, "stop") if fault else "stop"


def _completion(model: str, message: dict[str, Any], finish_reason: str) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1_767_657_600,
        "model": model,
        "choices": [choice],
    }


async def _serve(port: int, delay: float) -> None:
    server = OpenAIServer(api_key=None, delay=delay)
    await server.listen(port)
    print(f"OPENAI_BASE_URL={server.base_url}", flush=True)  # noqa: T201 - what it is started for
    await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A test server of OpenAI's chat completions API.")
    parser.add_argument("--port", type=int, default=8089)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that a reply takes")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.port, arguments.delay))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
