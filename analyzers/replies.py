"""What a model is to reply, and reading what it replied. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from analyzers.errors import ModelError
from analyzers.model import Importance, Kind, RulesReason, Severity
from analyzers.profiles import Form
from analyzers.redaction import redact
from analyzers.text import clean, clean_line, shorten

_STRING = {"type": "string"}
_STRINGS = {"type": "array", "items": _STRING}
_RISK_PROPERTIES = {
    "path": _STRING,
    "line": {"type": "integer"},
    "text": _STRING,
    "severity": {"type": "string", "enum": [severity.value for severity in Severity]},
}
_PROPERTIES: dict[str, dict[str, Any]] = {
    "summary": _STRINGS,
    "scope": _STRINGS,
    "architecture": _STRING,
    "performance": _STRING,
    "security": _STRING,
    "risks": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": _RISK_PROPERTIES,
            "required": list(_RISK_PROPERTIES),
            "additionalProperties": False,
        },
    },
    "advice": _STRINGS,
    "kinds": {
        "type": "array",
        "items": {"type": "string", "enum": [kind.value for kind in Kind]},
    },
    "importance_reason": _STRING,
    "importance": {"type": "string", "enum": [importance.value for importance in Importance]},
    "headline": _STRING,
}
_MAIN_POINTS = ("summary", "kinds", "importance_reason", "importance", "headline")


def _form(name: str, keys: Iterable[str]) -> Form:
    properties = {key: _PROPERTIES[key] for key in keys}
    return Form(
        name,
        {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    )


FULL_FORM = _form("commit_analysis", _PROPERTIES)
"""A whole analysis. What is empty is not absent. Models write the keys in this order, so the
observations stand before the judgements that follow from them."""

BRIEF_FORM = _form("commit_summary", _MAIN_POINTS)
"""The main points alone."""

_LONGEST_REPLY, _LONGEST_TEXT, _MOST_TEXTS, _MOST_OBJECTS = 200_000, 2_000, 50, 64
"""Characters read of a reply and of one text in it, texts read of a list, and objects tried:
they bound the work that a hostile reply can cause."""

_MOST_LINES = 10_000_000

_NOTHING = re.compile(
    r"(?:n/?a|nil|null|keine?|aucune?|ningun[oa]|нет|なし|特になし|없음|不适用|不適用|不涉及"
    r"|not applicable|not affected|unaffected|unchanged"
    r"|(?:no|none|nothing)(?: (?:significant|direct|notable|known|obvious|new|major))?"
    r"(?: (?:architectural|architecture|performance|security))?"
    r"(?: (?:impact|effect|change|risk|implication|concern|consideration|advice|action)s?)?"
    r"(?: (?:identified|noted|expected|needed|required))?"
    r"|[暂暫]?(?:无|無|没有|沒有)(?:任何|明显|明顯|显著|顯著|直接|特别|特別|新增|重大)*的?"
    r"(?:架构|架構|性能|安全)?(?:影响|影響|变化|變化|风险|風險|建议|建議|改动|改動|特殊)?)?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[-*•·]|\d{1,2}[.)、](?!\d))\s*")
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL)
_END_OF_THOUGHT = re.compile(r"</(?:think|thinking|reasoning)>")
_OBJECT = re.compile(r"\{")

_IMPORTANCES = {
    **{importance.value: importance.value for importance in Importance},
    **dict.fromkeys(("critical", "major", "urgent", "高"), "high"),
    **dict.fromkeys(("moderate", "normal", "中", "中等"), "medium"),
    **dict.fromkeys(("minor", "trivial", "info", "低"), "low"),
}
_KINDS = {
    **{kind.value: kind for kind in Kind},
    **dict.fromkeys(("bug", "bugfix", "bug fix", "hotfix", "修复", "缺陷修复"), Kind.FIX),
    **dict.fromkeys(("feat", "enhancement", "功能", "新功能", "功能增强"), Kind.FEATURE),
    **dict.fromkeys(("perf", "optimization", "性能", "性能优化"), Kind.PERFORMANCE),
    **dict.fromkeys(("refactoring", "cleanup", "重构"), Kind.REFACTOR),
    **dict.fromkeys(("deps", "dependency", "依赖", "依赖更新"), Kind.DEPENDENCIES),
    **dict.fromkeys(("tests", "testing", "测试"), Kind.TEST),
    **dict.fromkeys(("doc", "documentation", "文档"), Kind.DOCS),
    **dict.fromkeys(("安全",), Kind.SECURITY),
    **dict.fromkeys(("回滚",), Kind.REVERT),
    **dict.fromkeys(("构建",), Kind.BUILD),
}


def _text(value: object) -> str:
    """A paragraph; empty where the model wrote that there is nothing, or no text at all."""
    text = shorten(redact(clean_line(value)), _LONGEST_TEXT) if isinstance(value, str) else ""
    return "" if _NOTHING.fullmatch(text.strip(" .。!！-—–:：()（）*_`")) else text


def _texts(value: object) -> tuple[str, ...]:
    """Texts of a list, or the lines of a single text, without marks of enumeration."""
    lines = redact(clean(value)).splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list):
        return ()
    texts = (
        _text(_BULLET.sub("", line.strip()))
        for line in lines[:_MOST_TEXTS]
        if isinstance(line, str)
    )
    return tuple(text for text in texts if text)


def _word(value: object) -> str:
    return clean_line(value).casefold() if isinstance(value, str) else ""


def _line(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < _MOST_LINES else 0


def _kinds(value: object) -> tuple[Kind, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list):
        return ()
    kinds = (_KINDS.get(_word(word)) for word in words)
    return tuple(dict.fromkeys(kind for kind in kinds if kind))


def _objects(value: object) -> list[object]:
    items = value[:_MOST_TEXTS] if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class RiskReply(BaseModel):
    """A risk as a model words it."""

    model_config = ConfigDict(frozen=True)

    path: Text = ""
    line: Annotated[int, BeforeValidator(_line)] = 0
    text: Text = ""
    severity: Annotated[
        Severity, BeforeValidator(lambda value: _IMPORTANCES.get(_word(value), "medium"))
    ] = Severity.MEDIUM


class Reply(BaseModel):
    """A reply of any model, forgiven what can be forgiven: a missing or odd part is empty."""

    model_config = ConfigDict(frozen=True)

    summary: Texts = ()
    scope: Texts = ()
    architecture: Text = ""
    performance: Text = ""
    security: Text = ""
    risks: Annotated[tuple[RiskReply, ...], BeforeValidator(_objects)] = ()
    advice: Texts = ()
    kinds: Annotated[tuple[Kind, ...], BeforeValidator(_kinds)] = ()
    importance_reason: Text = ""
    importance: Annotated[
        Importance | None, BeforeValidator(lambda value: _IMPORTANCES.get(_word(value)))
    ] = None
    headline: Text = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that the model worded itself."""
        return (
            self.headline,
            *self.summary,
            *self.scope,
            self.architecture,
            self.performance,
            self.security,
            *(text for risk in self.risks for text in (risk.path, risk.text)),
            *self.advice,
            self.importance_reason,
        )

    @model_validator(mode="after")
    def _says_something(self) -> Reply:
        if not (self.headline or self.summary):
            message = "headline and summary are both missing or empty"
            raise ValueError(message)
        return self


def parse_reply(text: str) -> Reply:
    """Read a reply, also one with thoughts, fences or prose around its JSON.

    Raises:
        ModelError: there is no JSON object in it that says what the commit does; `detail` says
            what is wrong in words that the model can be told.
    """
    problem = "the reply holds no JSON object"
    for candidate in json_objects(text):
        try:
            return Reply.model_validate(candidate)
        except ValidationError as exc:
            problem = "; ".join(error["msg"] for error in exc.errors())
    raise ModelError(RulesReason.INVALID_REPLY, detail=shorten(clean_line(problem), 300))


def json_objects(text: str) -> Iterator[object]:
    """Candidates, the most likely first: the whole text, then each object after the thoughts in
    it, then each object anywhere. The whole text first, since a commit may be about `<think>`. Of
    a text that is too long for a reply only the beginning is read."""
    text = text[:_LONGEST_REPLY]
    if text.lstrip().startswith("{"):
        yield from _decoded(text, most=1)
    answer = _THOUGHT.sub("", text)
    # Some chat templates open the thought in the prompt, so that only its end is in the reply.
    answer = _END_OF_THOUGHT.split(answer)[-1]
    for source in dict.fromkeys((answer, text)):
        yield from _decoded(source, _MOST_OBJECTS)


def _decoded(text: str, most: int) -> Iterator[object]:
    decoder = json.JSONDecoder(strict=False)
    for start in islice(_OBJECT.finditer(text), most):
        try:
            yield decoder.raw_decode(text, start.start())[0]
        except (ValueError, RecursionError):
            # Not JSON, an integer of thousands of digits, or a nest too deep to be a reply.
            continue
