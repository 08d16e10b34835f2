"""Language model analyzers to test with, on a test server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, final

from analyzers.language_model import LanguageModel
from analyzers.llm import TOKENS, LanguageModelAnalyzer
from analyzers.model import Commit, FileChange, FileStatus
from analyzers.ports import ModelProfiles
from tests.digests import NOON, a_commit
from tests.fakes import MemorySpending
from tests.servers.openai import API_KEY, MODEL, OpenAIServer


@final
class MemoryProfiles(ModelProfiles):
    """Keeps profiles for as long as it lives and notes what was saved."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    async def load(self, server: str, model: str) -> str | None:
        return self.kept.get((server, model))

    async def save(self, server: str, model: str, profile: str) -> None:
        self.kept[server, model] = profile


@asynccontextmanager
async def a_model(server: OpenAIServer, **changes: Any) -> AsyncIterator[LanguageModel]:
    """A model on this server. It does not retry unless told to: the SDK waits half a second
    before the first retry."""
    settings: dict[str, Any] = {
        "name": MODEL,
        "base_url": server.base_url,
        "api_key": API_KEY,
        "concurrency": 16,
        "profiles": MemoryProfiles(),
        "spending": MemorySpending(),
        "max_retries": 0,
    }
    model = LanguageModel(**settings | changes)
    try:
        yield model
    finally:
        await model.aclose()


@asynccontextmanager
async def an_analyzer(
    server: OpenAIServer, *, tokens: int = TOKENS, always_in_full: bool = True, **changes: Any
) -> AsyncIterator[LanguageModelAnalyzer]:
    """An analyzer that asks such a model everything of every commit, unless told otherwise."""
    async with a_model(server, **changes) as model:
        yield LanguageModelAnalyzer(
            model, now=lambda: NOON, tokens=tokens, always_in_full=always_in_full
        )


def a_patch(lines: int = 3, word: str = "value") -> str:
    """A patch with one hunk that adds as many lines."""
    added = "".join(f"+{word}_{number} = {number}\n" for number in range(lines))
    return f"@@ -1,0 +1,{lines} @@\n{added}".rstrip()


def a_file(path: str = "src/widget.py", patch: str | None = None, **changes: Any) -> FileChange:
    """A changed file with a small patch unless told otherwise."""
    patch = a_patch() if patch is None else patch
    added = sum(line.startswith("+") for line in patch.splitlines())
    fields: dict[str, Any] = {
        "path": path,
        "status": FileStatus.MODIFIED,
        "additions": added,
        "deletions": 0,
        "patch": patch or None,
    }
    return FileChange(**fields | changes)


def a_read_commit(number: int = 1, message: str = "Add a thing") -> Commit:
    """A commit with a source file and a test, both with patches."""
    files = (a_file("src/widget.py"), a_file("tests/test_widget.py"))
    return a_commit(number, message, files=files)
