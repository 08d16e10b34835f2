"""The counts of a bot in Prometheus's words, for `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import nan
from typing import Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from analyzers.errors import CommitcastError
from analyzers.model import Analysis
from analyzers.ports import Usage
from bot.monitoring.metrics import Metrics, Queue

_LATENESS: Final = (1, 5, 15, 60, 300, 900, 3600, 14400)
_WAITING: Final = (0.1, 0.3, 1, 3, 10, 30, 120)


@final
class PrometheusMetrics(Metrics):
    """Counts in a registry of its own. No label names a chat, a repository or a person."""

    def __init__(self) -> None:
        """All counts are zero."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._late = Histogram(
            "commitcast_digest_late_seconds",
            "From when a scheduled digest was due until it was delivered",
            ["platform"],
            buckets=_LATENESS,
            registry=registry,
        )
        self._failed = Counter(
            "commitcast_delivery_errors",
            "Deliveries of scheduled digests that failed, for now or for good",
            ["platform", "code", "permanent"],
            registry=registry,
        )
        self._uncertain = Counter(
            "commitcast_messages_uncertain",
            "Messages taken for sent because all answers to them were lost",
            ["platform"],
            registry=registry,
        )
        self._due = Gauge(
            "commitcast_due",
            "Digests, and repairs of digests, whose time has come and that are not done",
            ["queue"],
            registry=registry,
        )
        self._oldest = Gauge(
            "commitcast_oldest_due_seconds",
            "How long what waits longest in a queue has been due; 0 when nothing waits",
            ["queue"],
            registry=registry,
        )
        self._ready = Gauge(
            "commitcast_ready", "Whether a part of the bot works", ["part"], registry=registry
        )
        self._answers = Histogram(
            "commitcast_answer_seconds",
            "From a command or press until its answer",
            ["platform"],
            buckets=_WAITING,
            registry=registry,
        )
        self._unanswered = Counter(
            "commitcast_answer_errors",
            "Answers to commands and presses that a platform did not take",
            ["platform", "code"],
            registry=registry,
        )
        self._analysed = Counter(
            "commitcast_commits_analysed",
            "Commits with an analysis, by a model or, with the reason, by the rules",
            ["by"],
            registry=registry,
        )
        self._lookups = Counter(
            "commitcast_analysis_lookups", "Looks into the cache", ["result"], registry=registry
        )
        self._tokens = Counter(
            "commitcast_model_tokens",
            "Tokens sent to models, those among them that the server had kept, and received",
            ["model", "direction"],
            registry=registry,
        )
        self._calls = Histogram(
            "commitcast_model_seconds",
            "Requests to models",
            ["model"],
            buckets=_WAITING,
            registry=registry,
        )
        self._forge = Counter(
            "commitcast_forge_answers",
            "Requests to GitHub by the status of the answer, `none` where none came",
            ["status"],
            registry=registry,
        )
        tasks = Gauge("commitcast_tasks", "Tasks of the event loop", registry=registry)
        tasks.set_function(_tasks)
        self._left = Gauge(
            "commitcast_forge_requests_left", "What GitHub's limit leaves", registry=registry
        )
        self._left.set(nan)  # 0 would look like a limit that is reached

    def exposed(self, ready: Mapping[str, bool], queues: Mapping[str, Queue]) -> bytes:
        for part, works in ready.items():
            self._ready.labels(part).set(works)
        for gauge in (self._due, self._oldest):
            gauge.clear()
        for name, queue in queues.items():
            self._due.labels(name).set(queue.length)
            self._oldest.labels(name).set(queue.age)
        return generate_latest(self.registry)

    def delivered(self, platform: str, late: float) -> None:
        self._late.labels(platform).observe(max(late, 0.0))

    def not_delivered(self, platform: str, error: CommitcastError) -> None:
        self._failed.labels(platform, error.code, str(error.permanent).lower()).inc()

    def taken_for_sent(self, platform: str) -> None:
        self._uncertain.labels(platform).inc()

    def answered(self, platform: str, seconds: float) -> None:
        self._answers.labels(platform).observe(seconds)

    def not_answered(self, platform: str, error: CommitcastError) -> None:
        self._unanswered.labels(platform, error.code).inc()

    def analysed(self, analysis: Analysis) -> None:
        self._analysed.labels(analysis.rules_reason or "model").inc()

    def looked_up(self, *, found: bool) -> None:
        self._lookups.labels("hit" if found else "miss").inc()

    def asked_model(self, model: str, usage: Usage) -> None:
        self._calls.labels(model).observe(usage.seconds)
        for direction in ("sent", "kept", "received"):
            self._tokens.labels(model, direction).inc(getattr(usage, direction))

    def asked_forge(self, status: int | None, left: int | None) -> None:
        self._forge.labels("none" if status is None else str(status)).inc()
        if left is not None:
            self._left.set(left)


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # outside of a loop
        return 0
