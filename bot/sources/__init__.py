"""Where commits come from: one adapter for each way to reach a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from bot.monitoring.metrics import Metrics
from bot.ports import CommitSource, Notify, ResponseCache
from bot.sources.locators import Folder, GitHubRepository, GitUrl, Locator

if TYPE_CHECKING:
    from bot.config import Settings


class OpenSource(Protocol):
    """What `open_source` is."""

    async def __call__(
        self,
        locator: Locator,
        settings: Settings,
        responses: ResponseCache,
        notify: Notify,
        *,
        patience: float = ...,
        most: int | None = None,
        metrics: Metrics | None = None,
    ) -> CommitSource:
        """The source that a locator calls for; the caller closes it."""


PATIENCE: Final = 3600.0
"""Seconds: GitHub's limits end within an hour."""


async def open_source(
    locator: Locator,
    settings: Settings,
    responses: ResponseCache,
    notify: Notify,
    *,
    patience: float = PATIENCE,
    most: int | None = None,
    metrics: Metrics | None = None,
) -> CommitSource:
    """The source that a locator calls for; the caller closes it.

    Args:
        locator: where the repository is.
        settings: the process's.
        responses: keeps a forge's answers.
        notify: is told what one who waits should know.
        patience: seconds that one request may wait for a forge's limits.
        most: commits that a forge is asked to list, about; None for no limit but the forge's.
        metrics: counts a forge's answers.

    Raises:
        SourceError: the repository cannot be reached, or is none.
    """
    match locator:
        case Folder(path):
            from bot.sources.git import GitSource

            return await GitSource.open_folder(path)
        case GitUrl(url):
            from bot.sources.git import GitSource

            return await GitSource.open_mirror(url, settings.commitcast_data, notify)
        case GitHubRepository(owner_name):
            from bot.sources.github import GitHubSource
            from bot.sources.github_repository import MAX_PAGES

            token = settings.github_token
            return GitHubSource(
                owner_name,
                api_url=settings.github_api_url,
                token=token.get_secret_value() if token else None,
                cache=responses,
                notify=notify,
                max_wait=patience,
                max_pages=MAX_PAGES if most is None else 1 + most // 100,
                metrics=metrics,
            )
