"""Speed of starting is held by what is not imported, not by a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"openai", "redis", "httpx", "pydantic", "rich", "jinja2", "babel", "fluent", "unidiff"}


def imported_by(statement: str) -> set[str]:
    """The top-level packages that a statement imports in a new process."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_help_imports_nothing_heavy() -> None:
    assert not imported_by("import bot.__main__, bot.cli") & HEAVY


@pytest.mark.parametrize("module", ["bot.app", "bot.shell.commands"])
def test_wiring_imports_neither_the_model_client_nor_a_forge_client(module: str) -> None:
    assert not imported_by(f"import {module}") & {"openai", "httpx", "rich", "jinja2", "babel"}


def test_the_domain_needs_the_standard_library_alone() -> None:
    known = set(sys.stdlib_module_names) | {"analyzers", "__main__", "__mp_main__"}
    added = imported_by("import analyzers.model, analyzers.errors, analyzers.ports")
    assert not {name for name in added - imported_by("pass") if name not in known}
