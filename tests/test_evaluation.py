"""Analyses held against commits that people have labelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from unidiff.patch import PatchSet

from analyzers.errors import InputError
from analyzers.model import Importance, Kind
from analyzers.rules import RulesAnalyzer
from bot.config import Settings
from bot.evaluation import Case, ForgetfulProfiles, Scores, Tally, evaluate, load_cases, told
from bot.models import model_analyzer, open_models
from formatters.text import words_for
from tests.digests import NOON
from tests.servers.openai import API_KEY, MODEL, Fault, OpenAIServer
from tests.shell import Shell

LABELLED = Path(__file__).parent / "data" / "evaluation"
CASES = load_cases(LABELLED)
BRIEF = """
kinds = ["docs"]
least = "low"
most = "medium"
traits = ["docs-only"]
message = "Explain retries"

[[files]]
path = "docs/retries.md"
status = "modified"
patch = '''
@@ -1 +1,2 @@
 # Retries
+They wait longer each time.
'''
"""


async def by_rules(cases: list[Case]) -> Scores:
    return await evaluate(
        RulesAnalyzer(), cases, "en", tally=Tally(), models=(), progress=lambda *_: None
    )


def test_there_is_enough_to_judge_by() -> None:
    traits = [trait for case in CASES for trait in case.label.traits]
    assert len(CASES) >= 150
    assert {case.label.kinds[0] for case in CASES} == {*Kind}
    for trait in ("crash", "data-loss", "security", "breaking", "docs-only"):
        assert traits.count(trait) >= 10, trait
    assert all(case.label.least.rank <= case.label.most.rank for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_labelled_commit_is_one_that_git_could_have_made(case: Case) -> None:
    for file in case.commit.files:
        if file.patch:
            header = f"--- a/{file.path}\n+++ b/{file.path}\n"
            [patched] = PatchSet(f"{header}{file.patch}\n")
            assert (patched.added, patched.removed) == (file.additions, file.deletions)


async def test_the_rules_alone_tell_kinds_and_overlook_nothing_dangerous() -> None:
    """Invariant 6."""
    scores = await by_rules(CASES)
    assert not scores.grave
    assert scores.right_kinds >= 0.8
    assert len(scores.too_low) + len(scores.too_high) <= len(CASES) * 0.2


async def test_a_wrong_importance_of_a_dangerous_commit_is_grave() -> None:
    [case] = [case for case in CASES if case.name == dangerous()]
    low = case.label.model_copy(update={"least": Importance.LOW, "most": Importance.LOW})
    scores = await by_rules([Case(case.name, low, case.commit)])
    assert [finding.case for finding in scores.too_high] == [case.name]
    assert not scores.grave


def dangerous() -> str:
    return next(case.name for case in CASES if "security" in case.label.traits)


async def test_a_model_is_held_to_the_same_labels_and_its_tokens_are_counted() -> None:
    async with OpenAIServer() as server:
        server.faults.append(Fault.PROSE)
        settings = Settings.model_validate(
            {
                "openai_api_key": API_KEY,
                "openai_model": MODEL,
                "openai_base_url": server.base_url,
            }
        )
        tally = Tally()
        async with open_models(settings, ForgetfulProfiles(), tally) as models:
            scores = await evaluate(
                model_analyzer(models[0], settings, lambda: NOON),
                CASES[:20],
                "en",
                tally=tally,
                models=models,
                progress=lambda *_: None,
            )
    assert scores.corrected == 1
    assert not scores.failures
    assert scores.usage.sent > 1_000
    assert "1" in told(scores, words_for("en"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kinds = [", "Invalid"),
        (BRIEF.replace('"docs"]', '"novel"]', 1), "kinds.0"),
        (BRIEF.replace("least", "lowest"), "least"),
    ],
)
def test_what_is_no_labelled_commit_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "one.toml").write_text(text)
    with pytest.raises(InputError) as wrong:
        load_cases(tmp_path)
    assert "one.toml" in str(wrong.value.details["path"])
    assert said in str(wrong.value.details["reason"])


async def test_the_command_says_what_is_wrong_and_fails_for_what_is_grave(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path, tmp_path / "data", is_forked=True)
    folder = tmp_path / "labelled"
    folder.mkdir()
    (folder / "retries.toml").write_text(BRIEF)
    ran = await shell.run("eval", folder, "--rules")
    assert (ran.status, "1 of 1" in ran.out) == (0, True)
    (folder / "retries.toml").write_text(BRIEF.replace("docs-only", "security"))
    ran = await shell.run("eval", folder, "--rules", "--lang", "zh")
    assert ran.status == 1
    assert "retries: low–medium ≠ low" in ran.out
    ran = await shell.run("eval", folder)
    assert "OPENAI_API_KEY" in ran.err
