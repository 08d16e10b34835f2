"""What a digest and an analysis say, before any dialect."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import (
    Analysis,
    Commit,
    Coverage,
    DependencyMove,
    Digest,
    Edition,
    Entry,
    Facts,
    FileRole,
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
    RulesReason,
)
from formatters.detail import Detail, detail
from formatters.digest import outline, zone_of
from formatters.text import LANGUAGES, Words, words_for
from tests.digests import (
    SCHEDULED,
    TUESDAY,
    WIDGET,
    a_busy_day,
    a_digest,
    a_group,
    a_verdict,
    an_entry,
    analyses,
    commits,
    digests,
    model_analysis,
    rules_analysis,
    sha_of,
)
from tests.growth import grows_no_faster_than_its_material

EN, ZH = words_for("en"), words_for("zh")
UNCLEAN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def of(
    *all_analyses: Analysis, kind: GroupKind = GroupKind.COMPONENT, name: str = "core"
) -> Digest:
    entries = tuple(an_entry(n, analysis) for n, analysis in enumerate(all_analyses, start=1))
    return a_digest(a_group(*entries, kind=kind, name=name))


def expanded(analysis: Analysis, **commit: object) -> Detail:
    return detail(an_entry(1, analysis, **commit), WIDGET, "UTC", EN)


def part(analysis: Analysis, key: str) -> tuple[str, ...]:
    return next((part.items for part in expanded(analysis).parts if part.key == key), ())


# --- the digest --------------------------------------------------------------------------------


def test_a_digest_is_headed_by_its_repository_and_its_day() -> None:
    assert outline(a_busy_day(), EN).title == "acme/widget · Tue 6 Jan 2026"
    assert outline(a_busy_day(), ZH).title == "acme/widget · 2026年1月6日 周二"


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (
            Period(
                datetime(2026, 1, 5, 1, tzinfo=UTC),
                datetime(2026, 1, 6, 1, tzinfo=UTC),
                "Asia/Shanghai",
            ),
            "5 Jan 2026, 09:00 – 6 Jan 2026, 09:00 (Asia/Shanghai)",
        ),
        (Range("v1.0", sha_of(1)), f"v1.0..{sha_of(1)[:7]}"),
    ],
)
def test_a_digest_of_a_period_or_a_range_says_which(span: Period | Range, told: str) -> None:
    assert outline(a_digest(span=span), EN).when == told


def test_instants_are_shown_in_the_zone_of_the_span_and_in_utc_for_a_range() -> None:
    assert zone_of(replace(TUESDAY, zone="Asia/Shanghai")) == "Asia/Shanghai"
    assert zone_of(Period(TUESDAY_NOON, TUESDAY_NOON, "Asia/Tokyo")) == "Asia/Tokyo"
    assert zone_of(Range("a", "b")) == "UTC"


def test_a_scheduled_digest_is_headed_by_the_day_that_it_was_due_on() -> None:
    told = outline(replace(a_busy_day(), span=SCHEDULED), EN)
    assert told.title == "acme/widget · Tue 6 Jan 2026"
    assert told.stats.endswith(" · main")
    assert zone_of(replace(SCHEDULED, zone="Asia/Shanghai")) == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("since", "zone", "told"),
    [
        (datetime(2026, 1, 5, 8, 59, tzinfo=UTC), "UTC", ""),
        (datetime(2026, 1, 2, 9, tzinfo=UTC), "UTC", " · since Fri 2 Jan 2026, 09:00"),
        (datetime(2026, 1, 4, 23, tzinfo=UTC), "UTC", " · since Sun 4 Jan 2026, 23:00"),
        (datetime(2026, 1, 4, 23, tzinfo=UTC), "Asia/Shanghai", ""),
        (None, "UTC", ""),
    ],
)
def test_a_scheduled_digest_of_more_than_a_day_says_since_when(
    since: datetime | None, zone: str, told: str
) -> None:
    span = Edition(date(2026, 1, 6), zone, since)
    for digest in (a_digest(span=span), replace(a_busy_day(), span=span)):
        assert outline(digest, EN).stats.endswith(f" · main{told}")
    assert ("起" in outline(a_digest(span=span), ZH).stats) == bool(told)


def test_what_happened_to_the_history_is_said_by_branch_and_number() -> None:
    """Invariant 1: a rewritten history is noticed and said."""
    remarks = (
        Remark(RemarkCode.REWRITTEN, "main", 1),
        Remark(RemarkCode.REWRITTEN, "dev", 3_912),
        Remark(RemarkCode.CURSOR_LOST, "main"),
        Remark(RemarkCode.BRANCH_GONE, "release/1"),
    )
    told = outline(replace(a_digest(), remarks=remarks), EN).remarks
    assert told[0] == (
        "The history of main was rewritten: 1 commit that was reported is no longer on it."
    )
    assert "of dev was rewritten: 3,912 commits that were reported are no longer" in told[1]
    assert "the last digest of main ended is gone" in told[2]
    assert told[3] == "release/1 does not exist any more."
    chinese = outline(replace(a_digest(), remarks=remarks), ZH).remarks
    assert [
        branch in said
        for branch, said in zip(("main", "dev", "main", "release/1"), chinese, strict=True)
    ] == [True] * 4
    assert outline(a_digest(), EN).remarks == ()


def test_what_a_scheduled_digest_leaves_out_is_counted() -> None:
    """Invariant 3."""
    left_out = ((LeftOut.BROUGHT_IN, 5), (LeftOut.KNOWN, 2), (LeftOut.TOO_MANY, 10))
    told = outline(replace(of(model_analysis()), left_out=left_out), EN).completeness
    assert told == (
        "18 commits: 1 analysed; 17 more not shown: 5 brought in by merges, 2 reported before "
        "the history was rewritten, 10 older ones, too many for one digest"
    )


TUESDAY_NOON = datetime(2026, 1, 6, 12, tzinfo=UTC)


def test_the_stats_count_commits_people_bots_lines_and_importances() -> None:
    robot = Person("dependabot[bot]", "bot@example.org")
    entries = (
        an_entry(1, model_analysis(importance=Importance.HIGH), additions=3_000),
        an_entry(2, model_analysis(), author=Person("Bob Example", ""), additions=912),
        an_entry(3, model_analysis(), author=Person("ada example", "other@example.org")),
        an_entry(4, model_analysis(importance=Importance.LOW), author=robot, additions=0),
    )
    day = a_digest(a_group(*entries))
    assert outline(day, EN).stats == (
        "4 commits by 2 people and 1 bot · +3,924 −16 · 🔴 1  🟡 2  🟢 1 · main"
    )
    assert outline(day, ZH).stats.startswith("4 个提交，来自 2 人和 1 个机器人 · ")


def test_an_importance_that_no_commit_has_is_not_counted() -> None:
    assert "🔴" not in outline(of(model_analysis()), EN).stats


def test_a_day_of_bots_alone_has_no_people() -> None:
    robot = Person("renovate[bot]", "")
    day = a_digest(a_group(an_entry(1, author=robot)))
    assert outline(day, EN).stats.startswith("1 commit by 1 bot · ")


@pytest.mark.parametrize(
    ("kind", "name", "title"),
    [
        (GroupKind.ATTENTION, "", "Needs attention (2)"),
        (GroupKind.COMPONENT, "gateway", "gateway (2)"),
        (GroupKind.COMPONENT, "", "Elsewhere (2)"),
        (GroupKind.ALIKE, "Migrate tests", "Migrate tests (2 alike)"),
        (GroupKind.ALIKE, "", "Alike (2)"),
        (GroupKind.DEPENDENCIES, "", "Dependencies (2)"),
        (GroupKind.BOTS, "", "Bots (2)"),
        (GroupKind.MERGES, "", "Merges (2)"),
    ],
)
def test_a_group_is_called_by_its_kind_and_name_with_its_count(
    kind: GroupKind, name: str, title: str
) -> None:
    day = of(model_analysis(), model_analysis(), kind=kind, name=name)
    assert outline(day, EN).sections[0].title == title


def test_a_group_tells_each_different_headline_once() -> None:
    day = of(*(rules_analysis(headline) for headline in ("Bump a", "Bump b", "Bump a")))
    (section,) = outline(day, EN).sections
    assert section.gist == "Bump a · Bump b"


def test_the_gist_of_a_large_group_counts_what_it_does_not_tell() -> None:
    day = of(*(rules_analysis(f"Bump {n}") for n in range(50)))
    assert outline(day, EN).sections[0].gist == (
        "Bump 0 · Bump 1 · Bump 2 · Bump 3 · Bump 4 · Bump 5 · 44 more"
    )
    assert outline(day, ZH).sections[0].gist.endswith(" · Bump 5 · 另有 44 个")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Add … party packages.", "Add … party packages (1 alike)"),
        ("更新…的文档。", "更新…的文档 (1 alike)"),
        ("Fix typo in …", "Fix typo in … (1 alike)"),
        ("...", "Alike (1)"),
    ],
)
def test_a_name_that_was_a_sentence_loses_its_end_mark(name: str, title: str) -> None:
    day = of(rules_analysis(), kind=GroupKind.ALIKE, name=name)
    assert outline(day, EN).sections[0].title == title


@pytest.mark.parametrize(
    ("component", "kind"), [("tests", Kind.TEST), ("Docs", Kind.DOCS), ("ci", Kind.CI)]
)
@pytest.mark.parametrize("words", [EN, ZH])
def test_a_component_called_as_the_kind_is_not_told_twice(
    words: Words, component: str, kind: Kind
) -> None:
    analysis = rules_analysis(kinds=(kind,), facts=Facts(components=(component,)))
    (line,) = outline(of(analysis), words).sections[0].lines
    assert line.tags == (words(f"kind-{kind.value}"),)


def test_authors_are_told_apart_by_their_names_alone() -> None:
    people = [Person("Ada", "a"), Person("ada", "b"), Person("", "c"), Person("", "d")]
    entries = tuple(an_entry(n, author=author) for n, author in enumerate(people, start=1))
    assert outline(a_digest(a_group(*entries)), EN).stats.startswith("4 commits by 2 people · ")


def test_a_line_is_tagged_with_what_it_breaks_its_kind_and_its_component() -> None:
    facts = Facts(components=("gateway",), breaking=("BREAKING CHANGE",))
    analysis = model_analysis(kinds=(Kind.FIX, Kind.TEST), facts=facts)
    tags = outline(of(analysis), EN).sections[0].lines[0].tags
    assert tags == ("breaking", "fix", "gateway")


def test_a_line_in_its_components_group_does_not_repeat_the_component() -> None:
    day = of(model_analysis(facts=Facts(components=("gateway",))), name="gateway")
    assert outline(day, EN).sections[0].lines[0].tags == ("feature",)


def test_a_line_by_rules_is_marked_where_others_are_by_a_model() -> None:
    """Invariant 4: what the rules know stands in for an analysis, marked."""
    mixed = outline(of(model_analysis(), rules_analysis(reason=RulesReason.REFUSED)), EN)
    assert [line.tags[-1] for line in mixed.sections[0].lines] == ["feature", "by rules"]
    alone = outline(of(rules_analysis()), EN)
    assert alone.sections[0].lines[0].tags == ("feature",)


def test_the_overview_says_where_most_happened_what_it_was_and_what_is_urgent() -> None:
    def one(component: str, kind: Kind, importance: Importance, *breaking: str) -> Analysis:
        facts = Facts(components=(component,), breaking=breaking)
        return model_analysis(kinds=(kind,), importance=importance, facts=facts)

    high, low = Importance.HIGH, Importance.LOW
    day = of(
        one("gateway", Kind.FIX, high, "!"),
        one("gateway", Kind.FIX, low),
        one("gateway", Kind.FEATURE, low),
        one("cache", Kind.SECURITY, high),
        one("cache", Kind.FIX, low),
    )
    assert outline(day, EN).overview == (
        "Busiest: gateway (3 of 5 commits), then cache (2).",
        "In all: 3 fixes, 1 feature, 1 security change.",
        "2 commits need attention, among them 1 breaking change, 1 security change.",
    )
    assert outline(day, ZH).overview == (
        "改动最多的是 gateway（5 个提交中占 3 个），其次是 cache（2 个）。",
        "总计：3 个修复、1 个新功能、1 个安全改动。",
        "有 2 个提交需要关注，其中 1 个不兼容改动、1 个安全改动。",
    )


def test_the_overview_counts_every_component_that_a_commit_touches_however_it_is_spelt() -> None:
    touched = [("cache", "gateway"), ("gateway", "Gateway"), ("Gateway",), ("cache", "Gateway")]
    day = of(*(rules_analysis(facts=Facts(components=names)) for names in touched))
    assert outline(day, EN).overview[0] == "Busiest: Gateway (4 of 4 commits), then cache (2)."


def test_the_overview_of_a_calm_day_says_so() -> None:
    assert outline(of(rules_analysis(), rules_analysis()), EN).overview == (
        "In all: 2 features.",
        "Nothing is of high importance.",
    )


def test_a_single_commit_needs_no_overview() -> None:
    assert outline(of(rules_analysis()), EN).overview == ()


def test_a_quiet_day_says_so_and_counts_nothing() -> None:
    quiet = outline(a_digest(), EN)
    assert (quiet.stats, quiet.overview, quiet.sections) == ("No commits · main", (), ())
    assert quiet.completeness == "A quiet time: no commit landed on main."
    assert outline(a_digest(), ZH).completeness == "一切平静：main 上没有新提交。"


PARTLY = Coverage(
    14,
    31,
    partly=("src/a.py", "src/`b`.py"),
    unread=tuple(f"tests/{n}.py" for n in range(13)),
)


@pytest.mark.parametrize(
    ("all_analyses", "told"),
    [
        ([model_analysis()], "1 commit: 1 analysed"),
        ([model_analysis(coverage=PARTLY)], "1 commit: 1 analysed (1 in part)"),
        (
            [model_analysis(), *[rules_analysis(reason=RulesReason.TIMED_OUT)] * 2],
            "3 commits: 1 analysed, 2 by rules (the model did not answer in time)",
        ),
        (
            [
                model_analysis(),
                rules_analysis(reason=RulesReason.REFUSED),
                *[rules_analysis(reason=RulesReason.TIMED_OUT)] * 2,
            ],
            "4 commits: 1 analysed, 3 by rules "
            "(2 × the model did not answer in time; 1 × the model refused to answer)",
        ),
        ([rules_analysis()] * 45, "45 commits: by rules alone (no model is set up)"),
        (
            [rules_analysis(), rules_analysis(reason=RulesReason.REFUSED)],
            "2 commits: by rules alone (1 × no model is set up; 1 × the model refused to answer)",
        ),
    ],
)
def test_a_digest_says_how_complete_it_is(all_analyses: list[Analysis], told: str) -> None:
    """Invariant 3."""
    assert outline(of(*all_analyses), EN).completeness == told


@given(digests(max_commits=40), st.sampled_from((EN, ZH)))
def test_every_commit_is_on_one_line_and_the_counts_add_up(digest: Digest, words: Words) -> None:
    """Invariants 1 and 3, whatever the commits are."""
    page = outline(digest, words)
    shown = [line.entry.commit.sha for section in page.sections for line in section.lines]
    assert shown == [entry.commit.sha for entry in digest.entries]
    if digest.entries:
        head, *_ = re.findall(r"\d+", page.completeness)
        assert int(head) == len(digest.entries) + sum(n for _, n in digest.left_out)
        assert len(page.overview) <= 3
    else:
        assert not page.overview


@given(digests(max_commits=7), st.sampled_from((EN, ZH)))
def test_no_text_of_a_digest_breaks_its_line_or_steers_a_terminal(
    digest: Digest, words: Words
) -> None:
    """Invariant 7."""
    page = outline(digest, words)
    texts = [page.title, page.stats, page.completeness, *page.remarks, *page.overview]
    for section in page.sections:
        texts += [section.title, section.gist]
        texts += [text for line in section.lines for text in (line.headline, *line.tags)]
    assert not [text for text in texts if UNCLEAN.search(text)]
    assert all(line.headline for section in page.sections for line in section.lines)


def test_time_is_linear_in_the_commits_of_a_day() -> None:
    assert grows_no_faster_than_its_material(lambda day: outline(day, EN), a_busy_day, 60)


# --- one commit --------------------------------------------------------------------------------


def test_an_expanded_commit_has_its_parts_in_order_with_titles() -> None:
    page = expanded(model_analysis(), message="Add add()")
    assert [part.key for part in page.parts] == [
        "summary",
        "scope",
        "architecture",
        "performance",
        "security",
        "risks",
        "advice",
        "facts",
        "reasons",
    ]
    assert page.badges == ("Medium importance", "feature")
    assert page.headline == "Widgets can be added"
    assert page.title == "Add add()"
    assert page.byline == "Ada Example · 6 Jan 2026, 12:00 · 1 file · +12 −4"
    assert page.url == f"{WIDGET.web_url}/commit/{sha_of(1)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_empty_parts_are_left_out(language: str) -> None:
    bare = replace(rules_analysis(), facts=Facts())
    page = detail(an_entry(1, bare), WIDGET, "UTC", words_for(language))
    assert [part.key for part in page.parts] == ["reasons"]


def test_the_facts_are_told_in_words() -> None:
    facts = Facts(
        roles=((FileRole.SOURCE, 3), (FileRole.TEST, 1)),
        symbols_added=("add",),
        symbols_changed=("main",),
        symbols_removed=("_old", "Widget.cancel"),
        public_removed=("Widget.cancel",),
        dependencies=(
            DependencyMove("httpx", "0.27", "0.28"),
            DependencyMove("rich", None, "15"),
            DependencyMove("attrs", "23", None),
        ),
        breaking=("BREAKING CHANGE: cancel is gone",),
        references=("#12", "CVE-2026-1234"),
        reverts="abc1234",
        tests_missing=True,
    )
    assert part(rules_analysis(facts=facts), "facts") == (
        "Marked as breaking: BREAKING CHANGE: cancel is gone",
        "Reverts abc1234",
        "Removed, and others may use it: Widget.cancel",
        "Removed: _old",
        "Added: add",
        "Changed: main",
        "Dependencies: httpx 0.27 → 0.28, rich 15 (new), attrs 23 (gone)",
        "Files: 3 source, 1 test",
        "Refers to #12, CVE-2026-1234",
        "Behaviour in source files changed and no test did.",
    )


def test_many_names_are_told_in_part_and_the_rest_is_counted() -> None:
    facts = Facts(symbols_added=tuple(f"name{n}" for n in range(25)))
    (line,) = part(rules_analysis(facts=facts), "facts")
    assert line.endswith("name8, name9, 15 more")


def test_the_reasons_are_the_rules_and_the_models_and_what_held_it() -> None:
    """Invariant 6: the reason why a proposal was not taken is kept."""
    verdict = a_verdict(
        Importance.MEDIUM,
        Reason(ReasonCode.CRASH_FIX, "segfault"),
        Reason(ReasonCode.SMALL_CHANGE),
        floor=Importance.MEDIUM,
    )
    analysis = replace(model_analysis(), verdict=verdict, proposed=Importance.LOW)
    assert part(analysis, "reasons") == (
        "Fixes a crash: “segfault”",
        "A small change",
        "Callers get a new function.",
        "The model proposed low; the rules hold it at medium.",
    )


@pytest.mark.parametrize(
    ("analysis", "told"),
    [
        (model_analysis(), ("1 file read", "analysed by test-model, 6 Jan 2026, 13:00")),
        (
            replace(model_analysis(), coverage=PARTLY, analyzed_at=None),
            (
                "14 of 31 files read",
                "in part: `src/a.py`, `src/'b'.py`",
                "not read: `tests/0.py`, `tests/1.py`, `tests/2.py`, 10 more",
                "2 only counted (generated, lock files, binary)",
                "analysed by test-model",
            ),
        ),
        (
            replace(model_analysis(), coverage=Coverage(1, 2), analyzed_at=None),
            (
                "1 of 2 files read",
                "1 only counted (generated, lock files, binary)",
                "analysed by test-model",
            ),
        ),
        (
            replace(rules_analysis(reason=RulesReason.CUT_OFF), coverage=Coverage(0, 0)),
            ("by rules: the model's answer was cut off",),
        ),
        (
            replace(rules_analysis(), coverage=Coverage(31, 31)),
            ("all 31 files read", "by rules: no model is set up"),
        ),
    ],
)
def test_the_small_print_says_what_was_read_and_by_whom(
    analysis: Analysis, told: tuple[str, ...]
) -> None:
    """Invariants 4 and 6."""
    assert expanded(analysis).small_print == told


def test_the_small_print_says_that_a_forge_listed_only_a_part() -> None:
    entry = an_entry(1)
    entry = replace(entry, commit=replace(entry.commit, files_omitted=True))
    told = detail(entry, WIDGET, "UTC", EN).small_print
    assert "the forge listed only a part of the files" in told


def test_an_author_without_a_name_is_unknown_and_their_address_stays_private() -> None:
    page = expanded(rules_analysis(), author=Person("", "ada@example.org"))
    assert page.byline.startswith("unknown author · ")
    assert "ada@example.org" not in repr(replace(page, entry=an_entry(1, author=Person("", ""))))


@given(commits(), analyses(), st.sampled_from((EN, ZH)))
def test_no_text_of_an_analysis_steers_anything_and_no_part_is_empty(
    commit: Commit, analysis: Analysis, words: Words
) -> None:
    """Invariant 7."""
    page = detail(Entry(1, commit, analysis), WIDGET, "Asia/Shanghai", words)
    lines = [page.headline, page.title, page.byline, *page.badges, *page.small_print]
    for section in page.parts:
        assert section.items or section.risks
        assert all(item.strip() for item in section.items)
        lines += [line for item in section.items for line in item.replace("\t", " ").split("\n")]
        lines += [text for _, risk in section.risks for text in (risk.text, risk.path or "")]
    assert not [line for line in lines if UNCLEAN.search(line)]
    assert page.headline
