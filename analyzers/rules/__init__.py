"""The analysis without a model: rules over a commit's title, body, files and patches."""

from analyzers.rules.analyzer import RulesAnalyzer, assess, rules_analysis, with_reason

__all__ = ["RulesAnalyzer", "assess", "rules_analysis", "with_reason"]
