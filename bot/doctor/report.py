"""Findings as people and programs read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bot.doctor.findings import Finding, Severity
from formatters.text import Words

if TYPE_CHECKING:
    from rich.console import Console

MARKS: Final = {
    Severity.FINE: ("✓", "green"),
    Severity.NOTE: ("·", "cyan"),
    Severity.WARNING: ("!", "yellow"),
    Severity.BROKEN: ("✗", "bold red"),
}
"""What stands before a finding, and its colour."""


def print_table(findings: Sequence[Finding], words: Words, console: Console) -> None:
    """One line for each finding, with what to do, and the sum of them."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = None
    for finding in findings:
        mark, style = MARKS[finding.severity]
        name = "" if finding.subject == before else words(f"doctor-of-{finding.subject}")
        before = finding.subject
        table.add_row(Text(mark, style), Text(name), Text(words(finding.code, **finding.details)))
    console.print(table)
    counts = Counter(finding.severity for finding in findings)
    told = {severity.value: counts[severity] for severity in Severity}
    console.print(Text(words("doctor-sum", **told)))


def document(findings: Sequence[Finding], words: Words) -> str:
    """The same as JSON: a stable code and its details, and the text in the reader's language."""
    order = list(Severity)
    worst = max((one.severity for one in findings), key=order.index, default=Severity.FINE)
    told = [
        {
            "subject": one.subject,
            "severity": one.severity,
            "code": one.code,
            "details": dict(one.details),
            "text": words(one.code, **one.details),
        }
        for one in findings
    ]
    return json.dumps(
        {"format": "commitcast.doctor/1", "worst": worst, "findings": told},
        ensure_ascii=False,
        indent=2,
    )
