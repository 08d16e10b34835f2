"""The language models that the settings name, wired to be asked one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from analyzers.ports import (
    Analyzer,
    ModelProfiles,
    OverviewCache,
    Overviewer,
    Spending,
    Turns,
)
from bot.config import Settings

if TYPE_CHECKING:
    from analyzers.language_model import LanguageModel


@asynccontextmanager
async def open_models(
    settings: Settings,
    profiles: ModelProfiles,
    spending: Spending,
    *,
    timeout: float = 120.0,  # noqa: ASYNC109 - of each request, not of this
    max_retries: int = 3,
) -> AsyncIterator[tuple[LanguageModel, ...]]:
    """The models that the settings name, the one to ask first at the front; none of them asked
    yet. Nothing heavy is imported where none is named. Limits are those of `LanguageModel`."""
    async with AsyncExitStack() as stack:
        models = tuple(_models(settings, profiles, spending, timeout, max_retries))
        for model in models:
            stack.push_async_callback(model.aclose)
        yield models


def model_analyzer(
    model: LanguageModel, settings: Settings, now: Callable[[], datetime]
) -> Analyzer:
    """Analyses by a model, as deep and as large as the settings say."""
    from analyzers.llm import LanguageModelAnalyzer

    return LanguageModelAnalyzer(
        model,
        now=now,
        tokens=settings.commitcast_commit_tokens,
        always_in_full=settings.commitcast_analyses == "full",
    )


def model_overviewer(
    models: Sequence[LanguageModel], cache: OverviewCache, turns: Turns
) -> Overviewer | None:
    """Overviews by the first of these models that answers; None where there is no model."""
    if not models:
        return None
    from analyzers.overview import LanguageModelOverviewer

    return LanguageModelOverviewer(models, cache, turns)


def _models(
    settings: Settings,
    profiles: ModelProfiles,
    spending: Spending,
    timeout: float,
    max_retries: int,
) -> Iterator[LanguageModel]:
    if not settings.has_model:
        return
    from analyzers.language_model import LanguageModel

    main = (settings.openai_model, settings.openai_base_url, settings.openai_api_key)
    named = [main]
    if settings.openai_fallback_model:
        elsewhere = settings.openai_fallback_base_url
        # A key is sent to the server that it was given for and to no other.
        inherited = None if elsewhere else settings.openai_api_key
        key = settings.openai_fallback_api_key or inherited
        server = elsewhere or settings.openai_base_url
        named.append((settings.openai_fallback_model, server, key))
    for name, base_url, key in named:
        yield LanguageModel(
            name=name,
            base_url=base_url,
            api_key=key.get_secret_value() if key else None,
            concurrency=settings.commitcast_llm_concurrency,
            profiles=profiles,
            spending=spending,
            timeout=timeout,
            max_retries=max_retries,
        )
