"""Who may be kept waiting for the store."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

unhurried: Final[ContextVar[bool]] = ContextVar("unhurried", default=False)
"""Whether this is work that no person waits for. Thousands of deliveries that are due together take
their turns, and leave connections to what people ask for meanwhile."""
