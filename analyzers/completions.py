"""Chat completions from any server that speaks OpenAI's API."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, NonNegativeInt, ValidationError, WrapValidator

from analyzers.errors import ModelError, PromptTooLong, StoreError
from analyzers.model import RulesReason
from analyzers.ports import Account, ModelProfiles, Spending, Usage
from analyzers.profiles import Form, Profile
from analyzers.rejections import rejection
from analyzers.text import clean_line, shorten
from analyzers.tokens import count_tokens

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

DEFAULT_BASE_URL = "https://api.openai.com/v1"

OUTPUT_LIMIT, LARGER_OUTPUT_LIMIT = 6_000, 16_000
"""Tokens of a reply, thoughts included, at first and after one that was cut off. Replies take
some 1,000; 16,000 is what common models can write at most (gpt-4o: 16,384)."""

_USUAL_OUTPUT = 1_000
"""Tokens that are set aside for a reply before it is known."""

_HASTE, _ENOUGH = 0.2, 400
"""The weight of one request's count in the scale, and the tokens from which on it has one: what a
server adds to every request would weigh too much in a short one."""

_ODDEST = 4.0
"""How many times more or fewer tokens than we count a vocabulary may make of a text. Servers that
report other figures do not count."""

_SHORTEST_SECRET = 8
"""Characters; what local servers are sent for a key (`x`, `none`) is no secret but a word."""

Message = dict[Literal["role", "content"], str]


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote."""

    text: str
    """Its words; may be empty."""
    profile: Profile
    """How it was asked."""
    cut_off: bool
    """Whether it hit the limit of its length."""
    usage: Usage | None
    """The tokens that its server counted; None where it counts none."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked, however the server wants to be asked."""

    client: AsyncOpenAI
    messages: Sequence[Message]
    form: Form
    account: Account


def _joined(content: object) -> object:
    """The text of a content that comes in parts (thoughts are parts of other types)."""
    if not isinstance(content, list):
        return content
    parts = [p for p in content if isinstance(p, dict) and p.get("type") == "text"]
    return "".join(str(part.get("text", "")) for part in parts)


class _Message(BaseModel):
    content: Annotated[str | None, BeforeValidator(_joined)] = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


def _if_valid(value: object, validate: Callable[[object], _T]) -> _T | None:
    """None in place of what is not as it should be: it is nice to know and not needed."""
    try:
        return validate(value)
    except ValidationError:
        return None


class _Kept(BaseModel):
    cached_tokens: NonNegativeInt = 0


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt
    completion_tokens: NonNegativeInt = 0
    prompt_tokens_details: Annotated[_Kept | None, WrapValidator(_if_valid)] = None


class _Body(BaseModel):
    """The part of a response that is looked at. The SDK's own model is not validated: bad servers
    make it raise whatever they please."""

    choices: list[_Choice] = []
    error: object = None
    usage: Annotated[_Usage | None, WrapValidator(_if_valid)] = None


class Completions:
    """One model on one server."""

    def __init__(
        self,
        *,
        model: str,
        base_url: str | None,
        api_key: str | None,
        profiles: ModelProfiles,
        spending: Spending,
        timeout: float,
        max_retries: int,
    ) -> None:
        """Nothing is opened before the first request. `timeout` is seconds for one try."""
        self._model = model
        self._base_url = base_url or DEFAULT_BASE_URL
        # Servers without keys are sent one too: the SDK insists.
        self._key = api_key or "no-key"
        self._profiles = profiles
        self._spending = spending
        self._timeout = timeout
        self._max_retries = max_retries
        self._opening = asyncio.Lock()
        self._client: AsyncOpenAI | None = None
        self._profile = Profile()
        self.scale = 1.0
        """The model's tokens for each that `count_tokens` counts, learnt from what its server
        reports."""

    async def aclose(self) -> None:
        """Close the connections. Safe to call twice."""
        client, self._client = self._client, None
        if client:
            await client.close()

    async def complete(
        self,
        messages: Sequence[Message],
        form: Form,
        account: Account,
        *,
        below: Profile | None = None,
    ) -> Completion:
        """Ask the model, stepping down until its server understands.

        Args:
            messages: the conversation; it says JSON somewhere, which `json_object` demands.
            form: what the reply is to look like.
            account: whom the tokens are counted for.
            below: ask in a simpler way than this, which the server took but did not heed.

        Raises:
            PromptTooLong: the messages exceed what the model reads.
            ModelError: no reply, or one that was refused, empty, or cut off twice; or no tokens
                are left for today.
        """
        asked = _Asked(await self._open(), messages, form, account)
        profile = self._profile.lowest((below and below.below()) or Profile())
        while True:
            try:
                completion = await self._ask(asked, profile, OUTPUT_LIMIT)
                break
            except PromptTooLong:
                raise
            except ModelError as exc:
                lower = profile.below(exc.detail)
                if exc.reason is not RulesReason.REQUEST_REJECTED or lower is None:
                    raise
                profile = lower
        if completion.cut_off:
            completion = await self._ask_for_more(asked, profile)
        if not completion.text.strip():
            raise ModelError(RulesReason.EMPTY_REPLY)
        return completion

    async def keep(self, profile: Profile) -> None:
        """Remember how a usable reply was got, for every request from now on."""
        lowest = self._profile.lowest(profile)
        if lowest == self._profile:
            return
        self._profile = lowest
        try:
            await self._profiles.save(self._base_url, self._model, lowest.dump())
        except StoreError as exc:
            # Then the next process finds out by itself: a few rejected requests.
            _log.debug("profile of %s not kept: %s", self._model, exc)

    async def _open(self) -> AsyncOpenAI:
        async with self._opening:
            if self._client is None:
                if not (self._key.isascii() and self._key.isprintable()):
                    # Such a key cannot be sent, and the error of the attempt would show it.
                    raise ModelError(RulesReason.UNAUTHORIZED, permanent=True, detail="odd key")
                try:
                    known = await self._profiles.load(self._base_url, self._model)
                except StoreError as exc:
                    _log.debug("profile of %s not read: %s", self._model, exc)
                else:
                    self._profile = Profile.load(known)
                # A second of imports and the reading of certificates.
                self._client = await asyncio.to_thread(self._connect)
            return self._client

    def _connect(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        client = AsyncOpenAI(
            api_key=self._key,
            base_url=self._base_url,
            timeout=self._timeout,
            max_retries=self._max_retries,
            # A redirect would take the commit along, to a host that nobody has named.
            http_client=DefaultAsyncHttpxClient(follow_redirects=False),
        )
        _ = client.chat.completions.with_raw_response  # imported by the SDK when first touched
        return client

    async def _ask_for_more(self, asked: _Asked, profile: Profile) -> Completion:
        if profile.has_limit:
            try:
                completion = await self._ask(asked, profile, LARGER_OUTPUT_LIMIT)
            except ModelError as exc:
                if exc.reason is not RulesReason.REQUEST_REJECTED:
                    raise
                raise ModelError(RulesReason.CUT_OFF, detail=exc.detail) from exc
            if not completion.cut_off:
                return completion
        raise ModelError(RulesReason.CUT_OFF)

    async def _ask(self, asked: _Asked, profile: Profile, limit: int) -> Completion:
        """One request whose tokens are counted."""
        counted = sum(count_tokens(message["content"]) for message in asked.messages)
        expected = Usage(round(counted * self.scale))
        reserved = expected.sent + _USUAL_OUTPUT
        await self._spending.reserve(asked.account, reserved)
        usage, started = Usage(0), time.monotonic()
        try:
            completion = _checked(await self._request(asked, profile, limit), counted)
            usage = completion.usage or replace(expected, received=count_tokens(completion.text))
        except (ModelError, asyncio.CancelledError) as exc:
            if getattr(exc, "reason", RulesReason.TIMED_OUT) is RulesReason.TIMED_OUT:
                usage = expected  # it may well have worked for nothing
            raise
        finally:
            usage = replace(usage, seconds=time.monotonic() - started)
            await self._spending.settle(asked.account, self._model, reserved, usage)
        if completion.usage and counted >= _ENOUGH:
            self.scale += _HASTE * (completion.usage.sent / counted - self.scale)
        return completion

    async def _request(self, asked: _Asked, profile: Profile, limit: int) -> Completion:
        """One request with the SDK's own retries; none are added here."""
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        chat: Any = asked.client.chat.completions.with_raw_response
        try:
            # Beyond the limit for one try, so that a server that drips cannot hold a slot forever
            # and one that hangs cannot hold it for all of the SDK's tries.
            async with asyncio.timeout(2 * self._timeout):
                response = await chat.create(
                    model=self._model,
                    messages=list(asked.messages),
                    extra_body=profile.parameters(limit, asked.form),
                )
            body = _Body.model_validate_json(response.text)
        except (APITimeoutError, TimeoutError) as exc:
            raise ModelError(RulesReason.TIMED_OUT) from exc
        except APIConnectionError as exc:
            raise ModelError(RulesReason.UNREACHABLE, detail=self._told(exc.__cause__)) from exc
        except APIStatusError as exc:
            told, wait = self._told(exc.response.text), exc.response.headers.get("retry-after")
            raise rejection(exc.status_code, told, wait) from exc
        except ValidationError as exc:
            detail = f"no chat completion: {exc.errors()[0]['msg']}"
            raise ModelError(RulesReason.INVALID_REPLY, detail=detail) from exc
        except OpenAIError as exc:
            raise ModelError(RulesReason.SERVER_ERROR, detail=self._told(exc)) from exc
        if not body.choices:
            # Some gateways report what went wrong behind them with status 200.
            reason = RulesReason.SERVER_ERROR if body.error else RulesReason.INVALID_REPLY
            raise ModelError(reason, detail=self._told(body.error or "no choices"))
        return _read(body, profile)

    def _told(self, what: object) -> str:
        """What a server said, for the log: one short line without our key."""
        text = str(what)[:10_000]
        if len(self._key) >= _SHORTEST_SECRET:
            text = text.replace(self._key, "[key]")
        return shorten(clean_line(text), 500)


def _read(body: _Body, profile: Profile) -> Completion:
    choice = body.choices[0]
    message = choice.message
    if message.refusal or choice.finish_reason == "content_filter":
        detail = shorten(clean_line(message.refusal or "content filter"), 200)
        raise ModelError(RulesReason.REFUSED, detail=detail)
    cut_off = choice.finish_reason == "length"
    return Completion(message.content or "", profile, cut_off, _usage(body.usage))


def _checked(completion: Completion, counted: int) -> Completion:
    """A completion without a usage that cannot be true of a prompt of so many tokens."""
    usage = completion.usage
    if not usage or counted < _ENOUGH:
        return completion
    is_true = counted / _ODDEST <= usage.sent <= counted * _ODDEST
    return completion if is_true else replace(completion, usage=None)


def _usage(told: _Usage | None) -> Usage | None:
    if told is None:
        return None
    kept = told.prompt_tokens_details
    return Usage(told.prompt_tokens, told.completion_tokens, kept.cached_tokens if kept else 0)
