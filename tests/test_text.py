"""The catalogues: complete in every language, and nothing in them that nobody says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

from analyzers.errors import InputError, ModelError
from analyzers.model import (
    FileRole,
    GroupKind,
    Importance,
    Kind,
    LeftOut,
    ReasonCode,
    RulesReason,
    Severity,
)
from formatters.detail import Part
from formatters.text import LANGUAGES, MAX_VARIABLE, words_for
from tests.digests import FIRST_INSTANT, LAST_INSTANT

ROOT = Path(__file__).parent.parent
PACKAGES = ("analyzers", "formatters", "bot")
TEMPLATES = (".html", ".j2", ".jinja", ".js")

CODE = re.compile(r"(error|notice)-[a-z0-9-]*[a-z0-9]")
"""What the name of an error's or a notice's message looks like."""

FAMILIES: dict[str, type[StrEnum]] = {
    "kind": Kind,
    "count": Kind,
    "importance": Importance,
    "badge": Importance,
    "severity": Severity,
    "role": FileRole,
    "reason": ReasonCode,
    "rules-reason": RulesReason,
    "group": GroupKind,
    "left-out": LeftOut,
}
"""Messages whose names are built from a prefix and the value of an enum."""


class Variables(Visitor):
    """Collects the variables of a message; fails if it refers to another one."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 - Visitor's naming
        self.names.add(node.id.name)

    def visit_MessageReference(self, node: ftl.MessageReference) -> None:  # noqa: N802 - Visitor's naming
        raise AssertionError(f"messages are read one by one, and {node.id.name} is another")


def source(language: str) -> str:
    return (ROOT / "formatters" / "text" / f"{language}.ftl").read_text(encoding="utf-8")


@cache
def entries(language: str) -> dict[str, ftl.Message]:
    """Every message of a language; fails on what Fluent cannot read."""
    body = FluentParser().parse(source(language)).body
    junk = [entry.content for entry in body if isinstance(entry, ftl.Junk)]
    assert not junk, junk
    messages = [entry for entry in body if isinstance(entry, ftl.Message)]
    found = {message.id.name: message for message in messages}
    assert len(found) == len(messages), "a message stands twice"
    return found


@cache
def catalogue(language: str) -> dict[str, set[str]]:
    """Every message of a language with its variables."""
    variables = {}
    for name, message in entries(language).items():
        found = Variables()
        found.visit(message)
        variables[name] = found.names
    return variables


@cache
def sources() -> dict[Path, ast.Module]:
    """The project's own Python files, tests aside, and what is written in them."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def coded(tree: ast.AST) -> Iterator[tuple[str, set[str] | None]]:
    """The codes that calls are made with, and the variables where they all stand in the call."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first = node.args[0]
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            continue
        if not CODE.fullmatch(first.value):
            continue
        given = {keyword.arg for keyword in node.keywords if keyword.arg}
        spread = any(keyword.arg is None for keyword in node.keywords)
        for argument in node.args[1:]:
            if isinstance(argument, ast.Dict):  # Notice(code, {"variable": value})
                given |= {str(key.value) for key in argument.keys if isinstance(key, ast.Constant)}
            else:
                spread = True
        yield first.value, None if spread else given


def literals(tree: ast.AST) -> Iterator[str]:
    """Every string that stands in the code, docstrings included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_read_by_itself_is_what_the_whole_catalogue_says(language: str) -> None:
    words, whole = words_for(language), FluentBundle([language], use_isolating=False)
    whole.add_resource(FluentResource(source(language)))
    for name, variables in catalogue(language).items():
        values = dict.fromkeys(variables, 3)
        pattern = whole.get_message(name).value
        assert pattern
        text, errors = whole.format_pattern(pattern, values)
        assert not errors
        assert words(name, **values) == text


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_the_messages_of_the_first_with_the_same_variables(
    language: str,
) -> None:
    assert catalogue(language) == catalogue(LANGUAGES[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("prefix", FAMILIES)
def test_every_word_of_the_domain_has_its_message(language: str, prefix: str) -> None:
    names = {f"{prefix}-{member.value}" for member in FAMILIES[prefix]}
    assert names <= catalogue(language).keys()


def test_every_part_of_an_analysis_has_its_title() -> None:
    keys = set(re.findall(r"`([a-z]+)`", _attribute_docstring(Part, "key")))
    assert len(keys) == 9
    assert {f"part-{key}" for key in keys} <= catalogue("en").keys()


def test_every_code_that_is_raised_or_noticed_has_its_message_and_its_variables() -> None:
    """Invariant 10: every error tells the user what happened and what to do."""
    messages = catalogue("en")
    unknown, incomplete = set(), set()
    for path, tree in sources().items():
        where = path.relative_to(ROOT)
        codes = {text for text in literals(tree) if CODE.fullmatch(text)}
        unknown |= {f"{where}: {code}" for code in codes - messages.keys()}
        for code, given in coded(tree):
            if given is not None and (lacking := messages.get(code, set()) - given):
                incomplete.add(f"{where}: {code} lacks {sorted(lacking)}")
    assert not unknown
    assert not incomplete


def test_no_message_is_left_that_nobody_says() -> None:
    built = {f"{prefix}-{member.value}" for prefix, enum in FAMILIES.items() for member in enum}
    said = {text for tree in sources().values() for text in literals(tree)}
    prefixes = tuple(_prefixes_of_fstrings())
    templates = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "formatters").rglob("*")
        if path.suffix in TEMPLATES
    )
    unused = [
        name
        for name in catalogue("en")
        if name not in built
        and name not in said
        and not name.startswith(prefixes)
        and not re.search(rf"""["']{name}["']""", templates)
    ]
    assert not unused


def test_plural_forms_numbers_and_dates_follow_the_language() -> None:
    en, zh = words_for("en"), words_for("zh")
    assert en("commits", n=1) == "1 commit"
    assert en("commits", n=3_912) == "3,912 commits"
    assert zh("commits", n=1) == "1 个提交"
    assert en.number(-1_204) == "-1,204"
    assert en.date(date(2026, 1, 6)) == "Tue 6 Jan 2026"
    assert zh.date(date(2026, 1, 6)) == "2026年1月6日 周二"
    late = datetime(2026, 1, 6, 23, 28, tzinfo=UTC)
    assert en.instant(late, "UTC") == "6 Jan 2026, 23:28"
    assert zh.instant(late, "Asia/Shanghai") == "2026年1月7日 07:28"
    assert en.listed(("a", "b", "c")) == "a, b, c"
    assert zh.listed(("a", "b")) == "a、b"


@pytest.mark.parametrize(
    ("asked", "given"),
    [("zh", "zh"), ("zh-CN", "zh"), ("ZH_Hans", "zh"), ("en-GB", "en"), ("de", "en"), ("", "en")],
)
def test_a_language_without_a_catalogue_reads_english(asked: str, given: str) -> None:
    assert words_for(asked).language == given


def test_a_catalogue_is_read_once() -> None:
    assert words_for("zh") is words_for("zh-CN")


def test_an_unknown_message_or_a_missing_variable_is_an_error_of_ours() -> None:
    words = words_for("en")
    with pytest.raises(KeyError):
        words("no-such-message")
    with pytest.raises(KeyError):
        words("commits")


def test_a_variable_of_any_length_is_told_in_part() -> None:
    """Invariant 9: Fluent gives up on a long variable; the message must come all the same."""
    text = words_for("en")("facts-reverts", what="x" * 100_000)
    assert text.startswith("Reverts xxx")
    assert len(text) <= MAX_VARIABLE + 20


def test_untrusted_text_in_a_message_stays_as_it_is() -> None:
    hostile = "{ $n } { commits } <b>*x*</b> \u202e"
    assert words_for("en")("facts-reverts", what=hostile) == f"Reverts {hostile}"


@pytest.mark.parametrize("reason", RulesReason)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_models_error_is_worded_like_the_reason_in_the_digest(
    reason: RulesReason, language: str
) -> None:
    words = words_for(language)
    assert words.error(ModelError(reason)) == words(f"rules-reason-{reason.value}")


def test_an_errors_details_are_the_variables_of_its_message() -> None:
    error = InputError("facts-reverts", what="abc1234")
    assert words_for("en").error(error) == "Reverts abc1234"


def _attribute_docstring(of: type, attribute: str) -> str:
    tree = ast.parse((ROOT / "formatters" / "detail.py").read_text(encoding="utf-8"))
    (found,) = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == of.__name__)
    for node, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == attribute:
            assert isinstance(after, ast.Expr)
            assert isinstance(after.value, ast.Constant)
            return str(after.value.value)
    raise AssertionError(attribute)


def _prefixes_of_fstrings() -> Iterator[str]:
    """The fixed beginnings of names that the code builds: `part-` of `f"part-{key}"`."""
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginning = str(node.values[0].value)
                if re.fullmatch(r"[a-z]+(-[a-z]+)*-", beginning):
                    yield beginning


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize(("edge", "year"), [(FIRST_INSTANT, "1"), (LAST_INSTANT, "9999")])
def test_an_instant_at_an_edge_of_the_calendar_is_told_in_any_zone(
    language: str, zone: str, edge: datetime, year: str
) -> None:
    words = words_for(language)
    assert re.search(rf"\b{year}(?!\d)", words.instant(edge, zone))
    assert re.fullmatch(r"\d\d:\d\d", words.time(edge, zone))
