"""The analysis without a model: rules over a commit's title, body, files and patches."""

from analyzers.rules.analyzer import (
    RULES_VERSION,
    RulesAnalyzer,
    rules_analysis,
)

__all__ = ["RULES_VERSION", "RulesAnalyzer", "rules_analysis"]
