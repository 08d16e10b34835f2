"""Commits, analyses and digests to test with: builders, and strategies of hostile ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

from hypothesis import strategies as st

from analyzers.model import (
    Analysis,
    Commit,
    Coverage,
    Day,
    DependencyMove,
    Digest,
    Edition,
    Entry,
    Facts,
    FileChange,
    FileRole,
    FileStatus,
    Group,
    GroupKind,
    Importance,
    Kind,
    LeftOut,
    Period,
    Person,
    Range,
    Reason,
    ReasonCode,
    Remark,
    RemarkCode,
    Repository,
    Risk,
    RulesReason,
    Severity,
    Span,
    Tie,
    TieKind,
    Verdict,
)

NOON = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)
WIDGET = Repository("acme/widget", "https://forge.example/acme/widget")
LOCAL = Repository("widget")
ADA = Person("Ada Example", "ada@example.org")
FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC)
TUESDAY = Day(date(2026, 1, 6), "UTC")
SCHEDULED = Edition(date(2026, 1, 6), "UTC", datetime(2026, 1, 5, 9, tzinfo=UTC))

HOSTILE_TEXTS = (
    "",
    " ",
    "# heading",
    "## 1. heading\n### another",
    "- item",
    "1. item",
    "> quote",
    "=====",
    "---",
    "| a | b |\n| - | - |",
    "a | b \\| c \\\\| d \\",
    "```python\nprint()\n```",
    "~~~",
    "`code` and ``more ` code`` and `open",
    "`a|b` in code",
    "[link](https://evil.example) ![image](https://evil.example/x.png)",
    "[ref]: https://evil.example",
    "[^1] footnote",
    "<https://evil.example> <b onclick=x>tag</b> <!-- comment --> <script>alert(1)</script>",
    "https://evil.example http://evil.example www.evil.example ftp://evil.example",
    "mail me@evil.example, ping @everyone @acme/team, see acme/widget#12 and #12 and GH-12",
    "<!channel> <!here|here> <@U012AB3CD> <https://evil.example|click> &lt;!channel&gt;",
    "*bold* _italic_ ~strike~ **strong** __strong__ snake_case_name a__b _ * ~",
    "&amp; &#64;all &commat;all &#x3c;b&#x3e;",
    "$x^2$ $$y$$ :tada: \\(z\\)",
    "</details></script></style>-->]]>",
    "{{ 7*7 }} {% raw %} {$n} { $n }",
    "[bold red]rich[/bold red] [link=https://evil.example]x[/link] :boom:",
    "修复窗口淘汰：重叠调度与分页大小大于 1 时的错误",
    "日本語のコミット 한국어 커밋",
    "🔥🚀👩‍👩‍👧‍👦🇩🇪 emoji",
    "עברית والعربية \u202eevil\u202c \u2066x\u2069",
    "e\u0301 a\u0308\u0323 \u200b\u2060\ufeff zero",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ \x07\x08\x00",
    "tab\there\r\nline\x0bfeed\u2028separator\x85next",
    "lone \ud800 surrogate",
    "    indented code",
    "\\",
    "x" * 5_000,
    "word " * 1_000,
    "宽" * 5_000,
)
"""Texts that have broken a layout, pinged someone or linked somewhere in one dialect or other."""


def sha_of(number: int) -> str:
    """A full object name, another for every number."""
    return hashlib.sha1(str(number).encode()).hexdigest()


def a_commit(
    number: int = 1,
    message: str = "Add a thing",
    *,
    author: Person = ADA,
    files: tuple[FileChange, ...] | None = None,
    committed_at: datetime = NOON,
    additions: int = 12,
    deletions: int = 4,
) -> Commit:
    """A commit with one changed file unless told otherwise."""
    if files is None:
        files = (FileChange("src/widget.py", FileStatus.MODIFIED, additions, deletions),)
    return Commit(
        sha=sha_of(number),
        parents=(sha_of(number + 1),),
        author=author,
        committer=author,
        authored_at=committed_at - timedelta(hours=1),
        committed_at=committed_at,
        message=message,
        files=files,
        additions=additions,
        deletions=deletions,
    )


def a_verdict(
    importance: Importance = Importance.MEDIUM,
    *reasons: Reason,
    floor: Importance = Importance.LOW,
    ceiling: Importance = Importance.HIGH,
) -> Verdict:
    """A verdict that leaves a model free unless told otherwise."""
    return Verdict(importance, floor, ceiling, reasons or (Reason(ReasonCode.SOURCE_CHANGE),))


def rules_analysis(
    headline: str = "Add a thing",
    *,
    kinds: tuple[Kind, ...] = (Kind.FEATURE,),
    importance: Importance = Importance.MEDIUM,
    facts: Facts | None = None,
    reason: RulesReason = RulesReason.NOT_CONFIGURED,
) -> Analysis:
    """What the rules say of a commit."""
    return Analysis(
        kinds=kinds,
        verdict=a_verdict(importance),
        importance=importance,
        headline=headline,
        facts=facts or Facts(roles=((FileRole.SOURCE, 1),)),
        coverage=Coverage(1, 1),
        analyzer="rules",
        language=None,
        rules_reason=reason,
    )


def model_analysis(
    headline: str = "Widgets can be added",
    *,
    kinds: tuple[Kind, ...] = (Kind.FEATURE,),
    importance: Importance = Importance.MEDIUM,
    facts: Facts | None = None,
    coverage: Coverage | None = None,
) -> Analysis:
    """What a model says of a commit, with every part filled in."""
    return Analysis(
        kinds=kinds,
        verdict=a_verdict(importance, Reason(ReasonCode.FEATURE, "Add")),
        importance=importance,
        headline=headline,
        facts=facts or Facts(roles=((FileRole.SOURCE, 1),), components=("core",)),
        coverage=coverage or Coverage(1, 1),
        analyzer="test-model",
        language="en",
        summary=("Adds `add()` to the widget.", "Keeps the order of what was there."),
        importance_reason="Callers get a new function.",
        proposed=importance,
        scope=("The widget's callers",),
        architecture="The list moves into the widget.",
        performance="Adding is linear.",
        security="Input is checked.",
        risks=(Risk("Old callers pass two arguments.", Severity.HIGH, "src/widget.py"),),
        advice=("Read the new function.",),
        analyzed_at=NOON + timedelta(hours=1),
    )


def an_entry(number: int = 1, analysis: Analysis | None = None, **commit: object) -> Entry:
    """One commit of a digest; `commit` goes to `a_commit`."""
    made = a_commit(number, **commit)  # type: ignore[arg-type]
    return Entry(number, made, analysis or rules_analysis())


def a_group(
    *entries: Entry,
    kind: GroupKind = GroupKind.COMPONENT,
    name: str = "core",
    importance: Importance | None = None,
) -> Group:
    """Entries that stand together, as important as the most important of them."""
    highest = max((entry.analysis.importance for entry in entries), key=lambda i: i.rank)
    return Group(kind, name, importance or highest, entries)


def a_digest(
    *groups: Group,
    repository: Repository = WIDGET,
    span: Span = TUESDAY,
    branch: str = "main",
    language: str = "en",
) -> Digest:
    """A digest of these groups; without any, one of a quiet day."""
    return Digest(
        repository=repository,
        branch=branch,
        span=span,
        head=sha_of(1),
        language=language,
        groups=groups,
        generated_at=NOON + timedelta(hours=12),
    )


def a_busy_day(commits: int = 45) -> Digest:
    """A digest with a group of every kind, by a model but for two commits."""
    kinds = tuple(Kind)
    entries = []
    for number in range(1, commits + 1):
        importance = (Importance.HIGH, Importance.MEDIUM, Importance.LOW)[
            number * 3 // (commits + 1)
        ]
        facts = Facts(
            roles=((FileRole.SOURCE, 2), (FileRole.TEST, 1)),
            components=(f"part{number % 4}",),
            breaking=("BREAKING CHANGE",) if number % 7 == 0 else (),
            dependencies=(DependencyMove("httpx", "0.27", "0.28"),) if number % 5 == 0 else (),
        )
        headline = f"Change number {number} of the day"
        kind = (kinds[number % len(kinds)],)
        analysis = model_analysis(headline, kinds=kind, importance=importance, facts=facts)
        if number in (2, 3):
            analysis = rules_analysis(
                headline, kinds=kind, importance=importance, reason=RulesReason.TIMED_OUT
            )
        entries.append(an_entry(number, analysis, message=f"{headline} (#{number})"))
    size = max(1, commits // len(GroupKind))
    groups, rest = [], entries
    for position, kind_of_group in enumerate(GroupKind, start=1):
        taken = rest if position == len(GroupKind) else rest[:size]
        rest = rest[len(taken) :]
        if taken:
            groups.append(a_group(*taken, kind=kind_of_group, name=f"name{position}"))
    return a_digest(*groups)


# Strategies are made once: hypothesis looks a new one through, which takes longer than a draw.


@cache
def texts() -> st.SearchStrategy[str]:
    """Text as a commit or a model may bring it, cleaned or not."""
    return st.one_of(
        st.sampled_from(HOSTILE_TEXTS),
        st.text(st.characters(codec=None), max_size=60),
        st.lists(st.sampled_from(HOSTILE_TEXTS[:-3]), min_size=2, max_size=3).map("".join),
    )


@cache
def instants() -> st.SearchStrategy[datetime]:
    """Instants in UTC, mostly of the last decades, else at the edges of the calendar."""
    usual = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive limits
    return usual | st.sampled_from([FIRST_INSTANT, LAST_INSTANT])


@cache
def some_texts(most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    """A few texts, or none."""
    return st.lists(texts(), max_size=most).map(tuple)


@cache
def files() -> st.SearchStrategy[tuple[FileChange, ...]]:
    """A few files with paths of any kind."""
    lines = st.integers(0, 10**6)
    one = st.builds(
        FileChange, texts(), st.sampled_from(FileStatus), lines, lines, st.none() | texts()
    )
    return st.lists(one, max_size=3).map(tuple)


@cache
def commits() -> st.SearchStrategy[Commit]:
    """Commits with any text in any place; the object name is real."""
    person = st.builds(Person, texts(), texts())
    return st.builds(
        Commit,
        sha=st.integers(0, 10**6).map(sha_of),
        parents=st.lists(st.integers(0, 10**6).map(sha_of), max_size=3).map(tuple),
        author=person,
        committer=person,
        authored_at=instants(),
        committed_at=instants(),
        message=texts(),
        files=files(),
        additions=st.integers(0, 10**7),
        deletions=st.integers(0, 10**7),
        files_omitted=st.booleans(),
    )


@cache
def facts() -> st.SearchStrategy[Facts]:
    """Facts with any text in any place."""
    move = st.builds(DependencyMove, texts(), st.none() | texts(), st.none() | texts())
    roles = st.lists(st.tuples(st.sampled_from(FileRole), st.integers(1, 400)), max_size=3)
    return st.builds(
        Facts,
        roles=roles.map(tuple),
        components=some_texts(),
        symbols_added=some_texts(12),
        symbols_removed=some_texts(),
        symbols_changed=some_texts(),
        public_removed=some_texts(),
        dependencies=st.lists(move, max_size=3).map(tuple),
        breaking=some_texts(),
        references=some_texts(),
        reverts=st.none() | texts(),
        tests_missing=st.booleans(),
    )


@cache
def analyses() -> st.SearchStrategy[Analysis]:
    """Analyses by a model or by the rules, with any text in any place."""
    importance = st.sampled_from(Importance)
    reason = st.builds(Reason, st.sampled_from(ReasonCode), texts())
    verdict = st.builds(
        Verdict,
        importance,
        importance,
        importance,
        st.lists(reason, min_size=1, max_size=3).map(tuple),
    )
    risk = st.builds(Risk, texts(), st.sampled_from(Severity), st.none() | texts())
    kinds = st.lists(st.sampled_from(Kind), min_size=1, max_size=3, unique=True).map(tuple)
    common = {
        "kinds": kinds,
        "verdict": verdict,
        "importance": importance,
        "headline": texts(),
        "facts": facts(),
        "coverage": st.tuples(st.integers(0, 50), st.integers(0, 50)).map(
            lambda pair: Coverage(min(pair), max(pair))
        ),
        "summary": some_texts(),
    }
    by_rules = st.builds(
        Analysis,
        **common,
        analyzer=st.just("rules"),
        language=st.none(),
        rules_reason=st.sampled_from(RulesReason),
    )
    by_model = st.builds(
        Analysis,
        **common,
        analyzer=texts(),
        language=st.sampled_from(("en", "zh")),
        importance_reason=texts(),
        proposed=importance,
        scope=some_texts(),
        architecture=texts(),
        performance=texts(),
        security=texts(),
        risks=st.lists(risk, max_size=3).map(tuple),
        advice=some_texts(),
        analyzed_at=st.none() | instants(),
    )
    return by_rules | by_model


@cache
def spans() -> st.SearchStrategy[Span]:
    """Days, periods, ranges and what is scheduled."""
    zone = st.sampled_from(("UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu"))
    dates = st.dates(date(1971, 1, 1), date(2100, 1, 1)) | st.sampled_from([date.min, date.max])
    day = st.builds(Day, dates, zone)
    period = st.builds(Period, instants(), instants(), zone)
    edition = st.builds(Edition, dates, zone, st.none() | instants())
    return day | period | st.builds(Range, texts(), texts()) | edition


@cache
def remarks() -> st.SearchStrategy[tuple[Remark, ...]]:
    """What may be said of a history: mostly nothing, else of many branches."""
    one = st.builds(Remark, st.sampled_from(RemarkCode), texts(), st.integers(0, 5_000))
    return st.just(()) | st.lists(one, max_size=20).map(tuple)


@cache
@st.composite
def digests(draw: st.DrawFn, max_commits: int = 500) -> Digest:
    """Digests of any size up to `max_commits`, quiet days too, in either language.

    Big ones repeat a few drawn commits under other object names: drawing each would take longer
    than what is tested.
    """
    size = draw(st.sampled_from([n for n in (0, 1, 2, 3, 7, 40, 500) if n <= max_commits]))
    drawn = draw(st.lists(st.tuples(commits(), analyses()), min_size=1, max_size=4))
    branches = draw(st.lists(texts(), min_size=1, max_size=2))
    kinds = draw(st.lists(st.sampled_from(TieKind), max_size=4))
    ties = tuple(Tie(kind, 1 + number) for number, kind in enumerate(kinds))
    entries = [
        Entry(
            number,
            replace(drawn[number % len(drawn)][0], sha=sha_of(number)),
            analysis,
            branches[number % len(branches)],
            ties if number % 2 else (),
        )
        for number in range(1, size + 1)
        for analysis in (drawn[number % len(drawn)][1],)
    ]
    cuts = draw(st.lists(st.integers(0, size), max_size=6))
    edges = sorted({0, size, *cuts})
    groups = tuple(
        a_group(*entries[start:end], kind=draw(st.sampled_from(GroupKind)), name=draw(texts()))
        for start, end in pairwise(edges)
    )
    made = a_digest(
        *groups,
        repository=Repository(draw(texts()), draw(st.sampled_from((None, WIDGET.web_url)))),
        span=draw(spans()),
        branch=draw(texts()),
    )
    counts = draw(st.dictionaries(st.sampled_from(LeftOut), st.integers(1, 90)))
    left_out = tuple((reason, counts[reason]) for reason in LeftOut if reason in counts)
    language = draw(st.sampled_from(("en", "zh")))
    return replace(
        made,
        language=language,
        left_out=left_out,
        remarks=draw(remarks()),
        overview=draw(some_texts()) if size > 1 else (),
    )


def shas(digest: Digest) -> Sequence[str]:
    """The object names of all commits of a digest, in the order of reading."""
    return [entry.commit.sha for entry in digest.entries]
