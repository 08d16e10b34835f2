"""Analyses by a language model behind any server that speaks OpenAI's API."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import final

from analyzers.completions import Completions, Message
from analyzers.errors import ModelError, PromptTooLong
from analyzers.grounding import Assessment, to_analysis
from analyzers.model import Analysis, Commit, RulesReason
from analyzers.ports import Analyzer, ModelProfiles
from analyzers.prompts import PROMPT_VERSION, Prompt, build_prompt, language_name
from analyzers.replies import Reply, is_complete, parse_reply
from analyzers.rules import RULES_VERSION, assess
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


@final
class LanguageModelAnalyzer(Analyzer):
    """Asks a model about each commit, at most `concurrency` at a time."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own, and all go by name
        self,
        *,
        model: str,
        base_url: str | None,
        api_key: str | None,
        concurrency: int,
        profiles: ModelProfiles,
        now: Callable[[], datetime],
        timeout: float = 120.0,
        max_retries: int = 3,
        diff_budget: int = 24_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is imported or opened before the first analysis.

        Args:
            model: as the server calls it.
            base_url: of the server; None for OpenAI's own.
            api_key: None for a server that asks for none.
            concurrency: requests in flight at the most.
            profiles: remembers how the server wants to be asked.
            now: the time of day, in UTC, for `Analysis.analyzed_at`.
            timeout: seconds that one try of a request may take; all its tries take at most twice
                that, waits included.
            max_retries: tries after the first, for failures that pass.
            diff_budget: tokens of a commit that are sent at the most.
            clock: seconds that only grow, for the pause after a failure of all.
        """
        self._model = model
        self._completions = Completions(
            model=model,
            base_url=base_url,
            api_key=api_key,
            profiles=profiles,
            timeout=timeout,
            max_retries=max_retries,
        )
        self._slots = asyncio.Semaphore(concurrency)
        self._now = now
        self._diff_budget = diff_budget
        self._clock = clock
        self._last_success = float("-inf")
        self._paused_until = float("-inf")
        self._cause = ModelError(RulesReason.UNREACHABLE)
        self._failed: RulesReason | None = None
        self._failed_equally = 0
        self._is_given_up = False  # one alert is enough until it works again

    def identity(self, language: str) -> str:
        """The model, not its server: the same weights behind another address say the same. The
        rules too, whose kinds, facts and verdict are part of the analysis."""
        spoken = language_name(language)
        versions = f"{PROMPT_VERSION}/{RULES_VERSION}"
        return f"llm/{versions}/{self._model}/{spoken}/{self._diff_budget}"

    async def analyze(self, commit: Commit, language: str) -> Analysis:
        """Analyse one commit with a request, or a few if the first reply is not usable.

        Raises:
            ModelError: there is no usable analysis. For `PAUSE` seconds after a failure that every
                commit would share the same error comes at once and without a request.
        """
        async with self._slots:
            started = self._clock()
            if started < self._paused_until:
                cause = self._cause
                raise ModelError(cause.reason, permanent=cause.permanent, detail=cause.detail)
            try:
                analysis = await self._analyze(commit, language)
            except ModelError as exc:
                self._consider_pausing(exc, started)
                raise
            self._succeeded()
            return analysis

    async def aclose(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._completions.aclose()

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
                "%s gives no analyses (%s: %s): the rules answer, and it is asked again every %d s",
                self._model,
                error.reason.value,
                error.detail,
                PAUSE,
            )

    def _succeeded(self) -> None:
        self._last_success = self._clock()
        self._failed, self._failed_equally = None, 0
        if self._is_given_up:
            self._is_given_up = False
            _log.warning("%s gives analyses again", self._model)

    async def _analyze(self, commit: Commit, language: str) -> Analysis:
        # A commit may be large: neither reading nor cutting it may hold up the event loop.
        assessment = await asyncio.to_thread(assess, commit)
        try:
            return await self._attempt(commit, assessment, language, self._diff_budget)
        except PromptTooLong:
            return await self._attempt(commit, assessment, language, self._diff_budget // 2)

    async def _attempt(
        self, commit: Commit, assessment: Assessment, language: str, budget: int
    ) -> Analysis:
        kinds, _, facts = assessment
        prompt = await asyncio.to_thread(build_prompt, commit, kinds, facts, language, budget)
        reply = await self._ask(prompt)
        return to_analysis(
            reply,
            commit,
            assessment,
            prompt.coverage,
            model=self._model,
            language=language,
            at=self._now(),
        )

    async def _ask(self, prompt: Prompt) -> Reply:
        """A usable reply, at the second attempt if need be."""
        messages: list[Message] = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ]
        completion = await self._completions.complete(messages)
        try:
            reply = parse_reply(completion.text)
        except ModelError as exc:
            messages += _correction(completion.text, exc.detail)
            # Some servers accept `response_format` and ignore it.
            ignored = None if is_complete(completion.text) else completion.profile
            completion = await self._completions.complete(messages, below=ignored)
            reply = parse_reply(completion.text)
        await self._completions.keep(completion.profile)
        return reply


def _correction(reply: str, problem: str) -> list[Message]:
    return [
        {"role": "assistant", "content": shorten(reply, 8_000)},
        {
            "role": "user",
            "content": f"That reply cannot be used: {problem}. Reply again, now with nothing but "
            "the one JSON object that the JSON Schema in the first message describes.",
        },
    ]
