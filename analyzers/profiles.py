"""What a server of language models understands. Pure.

Servers differ in two things that can only be found out by asking: how far they hold a model to a
JSON Schema, and what they call the limit of a reply's length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Form:
    """What a reply is to look like."""

    name: str
    """Letters and underscores, for servers that ask for a name."""
    schema: Mapping[str, Any]
    """JSON Schema of an object, in the subset that every server's strict mode takes: all
    properties required, no `$ref`, no union, no limits."""

    def is_filled_in(self, reply: str) -> bool:
        """Whether a reply names every key; one that was held to the schema cannot but do so."""
        return all(f'"{key}"' in reply for key in self.schema["properties"])


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model's server understands. A new one assumes the best; it only ever steps down."""

    rung: int = 0
    """Position in `RUNGS`."""
    limit: int = 0
    """Position in `LIMITS`."""

    RUNGS: ClassVar = ("json_schema", "json_object", "text")
    LIMITS: ClassVar = ("max_completion_tokens", "max_tokens", "unlimited")

    @classmethod
    def load(cls, text: str | None) -> Profile:
        """The profile that was dumped; a new one where the text is none."""
        rung, _, limit = (text or "").partition(" ")
        if rung in cls.RUNGS and limit in cls.LIMITS:
            return cls(cls.RUNGS.index(rung), cls.LIMITS.index(limit))
        return cls()

    def dump(self) -> str:
        """For `load`."""
        return f"{self.RUNGS[self.rung]} {self.LIMITS[self.limit]}"

    def below(self, complaint: str = "") -> Profile | None:
        """The next one to try after a server's complaint, or None after the last.

        What a complaint about `response_format` says differs from server to server, and some name
        it nowhere: every complaint that does not name the limit counts as one.
        """
        if names_limit(complaint):
            return replace(self, limit=self.limit + 1) if self.has_limit else None
        lowest = self.rung == len(self.RUNGS) - 1
        return None if lowest else replace(self, rung=self.rung + 1)

    def lowest(self, other: Profile) -> Profile:
        """What two requests together have shown to work."""
        return Profile(max(self.rung, other.rung), max(self.limit, other.limit))

    @property
    def has_limit(self) -> bool:
        """Whether a reply's length can be limited at all."""
        return self.LIMITS[self.limit] != "unlimited"

    def parameters(self, limit: int, form: Form) -> dict[str, Any]:
        """The part of a request's body that depends on the server."""
        body: dict[str, Any] = {self.LIMITS[self.limit]: limit} if self.has_limit else {}
        if self.rung == 0:
            schema = {"name": form.name, "strict": True, "schema": form.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.rung == 1:
            body["response_format"] = {"type": "json_object"}
        return body


def names_limit(complaint: str) -> bool:
    """Whether a server objects to the limit of the reply's length: to its name or its size."""
    return "max_tokens" in complaint or "max_completion_tokens" in complaint
