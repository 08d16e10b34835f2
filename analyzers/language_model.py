"""A language model behind any server that speaks OpenAI's API: asked, corrected, left alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeVar, final

from analyzers.completions import Completions, Message
from analyzers.errors import ModelError
from analyzers.model import RulesReason
from analyzers.ports import Account, ModelProfiles, Spending
from analyzers.profiles import Form
from analyzers.text import shorten

PAUSE = 60.0
"""Seconds without requests after a failure that the next request would share. Long enough that a
wrong key costs one round of requests a digest, short enough that a mended one is soon noticed."""

EQUAL_FAILURES = 5
"""Failures in a row for the same reason, after which the server is taken to be unwell."""

_DOWN = (RulesReason.UNREACHABLE, RulesReason.TIMED_OUT)
_UNWELL = (*_DOWN, RulesReason.SERVER_ERROR, RulesReason.RATE_LIMITED)
"""What says nothing about the commit that was asked for."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@final
class LanguageModel:
    """One model on one server, asked at most `concurrency` things at a time."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all go by name
        self,
        *,
        name: str,
        base_url: str | None,
        api_key: str | None,
        concurrency: int,
        profiles: ModelProfiles,
        spending: Spending,
        timeout: float = 120.0,
        max_retries: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is imported or opened before the first question.

        Args:
            name: as the server calls it.
            base_url: of the server; None for OpenAI's own.
            api_key: None for a server that asks for none.
            concurrency: questions in flight at the most.
            profiles: remembers how the server wants to be asked.
            spending: counts the tokens.
            timeout: seconds that one try of a request may take; all its tries take at most twice
                that, waits included.
            max_retries: tries after the first, for failures that pass.
            clock: seconds that only grow, for the pause after a failure of all.
        """
        self.name = name
        self._completions = Completions(
            model=name,
            base_url=base_url,
            api_key=api_key,
            profiles=profiles,
            spending=spending,
            timeout=timeout,
            max_retries=max_retries,
        )
        self._slots = asyncio.Semaphore(concurrency)
        self._clock = clock
        self._last_success = float("-inf")
        self._paused_until = float("-inf")
        self._cause = ModelError(RulesReason.UNREACHABLE)
        self._failed: RulesReason | None = None
        self._failed_equally = 0
        self.corrected = 0
        """How many replies it was asked for again."""
        self._is_given_up = False  # one alert is enough until it works again

    @property
    def scale(self) -> float:
        """The model's tokens for each that `count_tokens` counts."""
        return self._completions.scale

    async def aclose(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._completions.aclose()

    async def ask(
        self, system: str, user: str, form: Form, parse: Callable[[str], _T], account: Account
    ) -> _T:
        """A usable reply, at the second attempt if need be.

        Args:
            system: the same for every question of its sort, so that servers can keep it.
            user: the question.
            form: what the reply is to look like.
            parse: reads a reply; raises `ModelError` with a detail that the model can be told.
            account: whom the tokens are counted for.

        Raises:
            PromptTooLong: the question exceeds what the model reads.
            ModelError: there is no usable reply. For `PAUSE` seconds after a failure that every
                question would share the same error comes at once and without a request.
        """
        async with self._slots:
            started = self._clock()
            if started < self._paused_until:
                cause = self._cause
                raise ModelError(cause.reason, permanent=cause.permanent, detail=cause.detail)
            try:
                reply = await self._ask(system, user, form, parse, account)
            except ModelError as exc:
                self._consider_pausing(exc, started)
                raise
            self._succeeded()
            return reply

    async def _ask(
        self, system: str, user: str, form: Form, parse: Callable[[str], _T], account: Account
    ) -> _T:
        messages: list[Message] = [
            {"role": "system", "content": system},
            {"role": "user", "content": user},
        ]
        completion = await self._completions.complete(messages, form, account)
        try:
            reply = parse(completion.text)
        except ModelError as exc:
            self.corrected += 1
            messages += _correction(completion.text, exc.detail)
            # Some servers accept `response_format` and ignore it.
            ignored = None if form.is_filled_in(completion.text) else completion.profile
            completion = await self._completions.complete(messages, form, account, below=ignored)
            reply = parse(completion.text)
        await self._completions.keep(completion.profile)
        return reply

    def _consider_pausing(self, error: ModelError, started: float) -> None:
        """A server that let a request run out of all its tries is down, unless it answered
        another one meanwhile; one that fails again and again in the same way is no better."""
        self._failed_equally = self._failed_equally + 1 if error.reason is self._failed else 1
        self._failed = error.reason
        is_down = error.reason in _DOWN and self._last_success < started
        is_unwell = error.reason in _UNWELL and self._failed_equally >= EQUAL_FAILURES
        if not (error.permanent or is_down or is_unwell):
            return
        self._cause = error
        self._paused_until = self._clock() + PAUSE
        if not self._is_given_up:
            self._is_given_up = True
            _log.error(
                "%s gives no analyses (%s: %s): it is asked again every %d s",
                self.name,
                error.reason.value,
                error.detail,
                PAUSE,
            )

    def _succeeded(self) -> None:
        self._last_success = self._clock()
        self._failed, self._failed_equally = None, 0
        if self._is_given_up:
            self._is_given_up = False
            _log.warning("%s gives analyses again", self.name)


def _correction(reply: str, problem: str) -> list[Message]:
    return [
        {"role": "assistant", "content": shorten(reply, 8_000)},
        {
            "role": "user",
            "content": f"That reply cannot be used: {problem}. Reply again, now with nothing but "
            "the one JSON object that the JSON Schema in the first message describes.",
        },
    ]
