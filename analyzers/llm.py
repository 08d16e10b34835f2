"""Analyses by a language model: as deep as a commit is worth, large ones in parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import final

from analyzers.errors import PromptTooLong
from analyzers.grounding import to_analysis
from analyzers.instructions import BRIEF_INSTRUCTIONS, FULL_INSTRUCTIONS, PROMPT_VERSION
from analyzers.language_model import LanguageModel
from analyzers.leaks import refuse_leaks
from analyzers.model import Analysis, Commit, Coverage, Importance, RulesReason
from analyzers.ports import AnalysisRequest, Analyzer
from analyzers.profiles import Form
from analyzers.prompts import (
    Subject,
    build_merging_prompt,
    build_prompts,
    fence,
    language_name,
)
from analyzers.replies import BRIEF_FORM, FULL_FORM, Reply, parse_reply
from analyzers.rules import RULES_VERSION, rules_analysis
from analyzers.worth import Depth, depth_of

TOKENS = 48_000
"""Tokens that may be sent of one commit unless somebody says otherwise."""

MOST_PARTS = 3
"""Requests in which a large commit is read; one more makes an analysis of theirs."""


@final
class LanguageModelAnalyzer(Analyzer):
    """Asks a model about each commit that is worth it."""

    def __init__(
        self,
        model: LanguageModel,
        *,
        now: Callable[[], datetime],
        tokens: int = TOKENS,
        always_in_full: bool = False,
    ) -> None:
        """Ask a model, which stays the caller's to close.

        Args:
            model: the model.
            now: the time of day, in UTC, for `Analysis.analyzed_at`.
            tokens: of a commit that are sent at the most, in all requests about it; what is the
                same for every commit does not count.
            always_in_full: whether everything is asked of every commit.
        """
        self._model = model
        self._now = now
        self._tokens = tokens
        self._always_in_full = always_in_full

    def identity(self, language: str, *, brief: bool = False) -> str:
        """The model, not its server: the same weights behind another address say the same. The
        rules too, whose kinds, facts and verdict are part of the analysis."""
        spoken = language_name(language)
        versions = f"{PROMPT_VERSION}/{RULES_VERSION}"
        depth = Depth.BRIEF if brief and not self._always_in_full else Depth.FULL
        return f"llm/{versions}/{self._model.name}/{spoken}/{self._tokens}/{depth}"

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        """Analyse one commit: with no request if it is not worth one, or with one or a few."""
        # A commit may be large: neither reading nor cutting it may hold up the event loop.
        by_rules = await asyncio.to_thread(rules_analysis, commit, RulesReason.NOT_NEEDED)
        in_full = self._always_in_full or request.in_full
        depth = Depth.FULL if in_full else depth_of(commit, by_rules)
        if depth is Depth.NONE:
            return by_rules
        inquiry = _Inquiry(self._model, commit, by_rules, request, self._now)
        budget = int(self._tokens / max(self._model.scale, _LEAST_SCALE))
        if depth is Depth.BRIEF:
            analysis = await inquiry.in_brief(budget // 12)
            if analysis.importance is not Importance.HIGH:
                return analysis
            # The rules took it for much less than it is.
        try:
            return await inquiry.in_full(budget)
        except PromptTooLong:
            return await inquiry.in_full(budget // 4)


_LEAST_SCALE = 0.5
"""However few tokens a server reports, twice as much text as we would count is enough."""


@final
class _Inquiry:
    """What is asked about one commit."""

    def __init__(
        self,
        model: LanguageModel,
        commit: Commit,
        by_rules: Analysis,
        request: AnalysisRequest,
        now: Callable[[], datetime],
    ) -> None:
        self._model = model
        self._by_rules = by_rules
        self._request = request
        self._subject = Subject(commit, by_rules.kinds, by_rules.facts, request.language)
        self._now = now

    async def in_brief(self, budget: int) -> Analysis:
        """The main points."""
        prompts = await asyncio.to_thread(build_prompts, self._subject, budget)
        reply = await self._ask(prompts.parts[0], BRIEF_INSTRUCTIONS, BRIEF_FORM)
        return replace(await self._analysis(reply, prompts.coverage), is_brief=True)

    async def in_full(self, budget: int) -> Analysis:
        """Everything, in one request with half of the budget; of a commit that matters and that
        does not fit, in parts that share the budget with the request that joins them."""
        prompts = await asyncio.to_thread(build_prompts, self._subject, budget // 2)
        matters = self._by_rules.importance is Importance.HIGH
        if matters and not prompts.coverage.is_whole:
            share = budget // (MOST_PARTS + 1)
            in_parts = await asyncio.to_thread(build_prompts, self._subject, share, MOST_PARTS)
            if len(in_parts.parts) > 1:
                prompts = in_parts
        replies = await self._ask_about(prompts.parts)
        if len(replies) == 1:
            return await self._analysis(replies[0], prompts.coverage)
        notes = [json.dumps(reply.model_dump(mode="json"), ensure_ascii=False) for reply in replies]
        merging = build_merging_prompt(self._subject, prompts.coverage, notes, share)
        return await self._analysis(await self._ask(merging), prompts.coverage)

    async def _ask_about(self, parts: Sequence[str]) -> list[Reply]:
        """The replies to all parts; where one fails, nobody waits and pays for the others."""
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._ask(part)) for part in parts]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return [task.result() for task in asked]

    async def _ask(
        self, prompt: str, instructions: str = FULL_INSTRUCTIONS, form: Form = FULL_FORM
    ) -> Reply:
        def parse(text: str) -> Reply:
            reply = parse_reply(text)
            refuse_leaks(reply.texts, instructions, fence(self._subject.commit.sha))
            return reply

        return await self._model.ask(instructions, prompt, form, parse, self._request.account)

    async def _analysis(self, reply: Reply, coverage: Coverage) -> Analysis:
        return await asyncio.to_thread(
            to_analysis,
            reply,
            self._subject.commit,
            self._by_rules,
            coverage,
            model=self._model.name,
            language=self._request.language,
            at=self._now(),
        )
