"""What the rules read off files and messages: roles, components, symbols, dependencies, marks."""

from __future__ import annotations

import pytest

from analyzers.model import Coverage, DependencyMove, FileRole, FileStatus
from analyzers.rules import rules_analysis
from analyzers.rules.roles import role_of
from tests.rules_cases import a_change, commit_of


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (FileRole.SOURCE, "src/a.py lib/a.rb cmd/x/main.go web/App.tsx api/v1.proto bin/run core"),
        (FileRole.SOURCE, "widget/doc/render.py widget/contest.py src/latest/spec.rs"),
        (FileRole.TEST, "tests/a.py test/data/x.json pkg/a_test.go web/a.test.ts src/AppTest.java"),
        (FileRole.TEST, "spec/models/a_spec.rb conftest.py e2e_test/base.py src/test/java/A.java"),
        (FileRole.TEST, "crates/a/tests/a.rs App.Tests/Run.cs benches/a.rs sgl/test_utils/a.py"),
        (
            FileRole.DOCS,
            "README.md docs/a.png docs/conf.py CHANGELOG LICENSE a/b.rst",
        ),
        (FileRole.DOCS, "examples/form.rs a/examples/b.rs tests/README.md mkdocs.yml spec/wire.md"),
        (FileRole.BUILD, "pyproject.toml a/package.json Dockerfile docker/Dockerfile.arm Makefile"),
        (FileRole.BUILD, "requirements-dev.txt compose.yaml src/App.csproj CMakeLists.txt go.mod"),
        (FileRole.CI, ".github/workflows/a.yml .gitlab-ci.yml Jenkinsfile .circleci/config.yml"),
        (FileRole.CONFIG, ".editorconfig charts/values.yaml conf/app.toml .github/CODEOWNERS"),
        (
            FileRole.LOCK,
            "uv.lock a/package-lock.json go.sum Cargo.lock pnpm-lock.yaml",
        ),
        (
            FileRole.GENERATED,
            "api/user_pb2.py api/user.pb.go app.min.js a/__generated__/b.ts",
        ),
        (FileRole.VENDORED, "vendor/x/a.go third_party/zlib/inflate.c web/node_modules/a/index.js"),
        (FileRole.ASSET, "logo.svg fonts/a.woff2 data/rows.parquet"),
    ],
)
def test_a_path_tells_what_its_file_is_for(role: FileRole, paths: str) -> None:
    assert {path: role_of(path) for path in paths.split()} == dict.fromkeys(paths.split(), role)


@pytest.mark.parametrize(
    ("message", "files", "components"),
    [
        ("[gateway][rpc] Move it", "src/a.py+1-1", ("gateway", "rpc")),
        ("fix(store): it", "widget/a.py+1-1", ("store",)),
        ("Move it", "python/widget/srt/managers/pool.py+9-1", ("managers",)),
        ("Move it", "crates/parser/src/lib.rs+9-1 README.md+90-1", ("parser",)),
        ("Move it", "src/main/java/com/acme/widget/store/Store.java+9-1", ("store",)),
        ("Move it", "packages/ui/src/Button.tsx+9-1 packages/api/x.ts+1-1", ("ui", "api")),
        ("Move it", "a/b.py+1-1 c/d.py+9-1 e/f.py+5-1 g/h.py+3-1", ("c", "e", "g")),
        ("Move it", "tests/unit/test_a.py+9-1", ("tests",)),
        ("Move it", "docs/a.md+9-1", ("docs",)),
        ("Move it", "setup.py+9-1", ("build",)),
        ("Move it", "server.py+9-1", ()),
    ],
)
def test_components_come_from_scopes_or_the_telling_folders(
    message: str, files: str, components: tuple[str, ...]
) -> None:
    assert rules_analysis(commit_of(message, files)).facts.components == components


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "async def old(x):", "class New(Base):"),
        ("a.py", "OLD: int = 1", "NEW = 2"),
        ("a.ts", "export async function old() {", "export const New = () => {"),
        ("a.tsx", "export interface old {", "export type New = {"),
        ("a.go", "func (s *Store) Old(x int) error {", "type New struct {"),
        ("a.rs", "pub async fn old<T>(x: T) {", "pub(crate) struct New {"),
        ("A.java", "    public static List<String> old(int x) {", "public final class New {"),
        ("A.kt", "fun String.old(): Int {", "data class New(val x: Int)"),
        ("A.cs", "    public async Task<int> old(int x)", "public record New(int X);"),
        ("a.h", "#define old(x) x", "struct New {"),
        ("a.cpp", "int Store::old(int x) {", "class New : public Base {"),
        ("a.rb", "  def self.old(x)", "class New < Base"),
        ("a.php", "    public function old($x)", "final class New"),
        ("a.swift", "public func old(x: Int) {", "public struct New {"),
    ],
)
def test_definitions_are_told_in_every_language(path: str, before: str, after: str) -> None:
    file = a_change(path, f"@@ -1,2 +1,2 @@\n-{before}\n+{after}")
    facts = rules_analysis(commit_of("Rework", (file,))).facts
    assert [name.lower() for name in facts.symbols_removed] == ["old"]
    assert [name.lower() for name in facts.symbols_added] == ["new"]


MOVED = """@@ -10,9 +10,6 @@ class Store:
     def keep(self):
-        return 1
+        return 2
     def other(self):
         return 3
-    def gone(self):
-        return helper()
-    def _hidden(self):
-        return 5
-    def moved(self):
-        return 6"""


def test_what_reappears_elsewhere_is_changed_and_not_removed() -> None:
    there = "@@ -1,0 +1,2 @@\n+def moved():\n+    return 6"
    facts = rules_analysis(
        commit_of("Move", (a_change("a.py", MOVED), a_change("b.py", there)))
    ).facts
    assert facts.symbols_removed == ("gone", "_hidden")
    assert facts.public_removed == ("gone",)
    assert facts.symbols_added == ()
    assert facts.symbols_changed == ("moved", "keep")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("widget/_private/a.py", "def gone():"),
        ("widget/a.py", "def _gone():"),
        ("tests/a.py", "def gone():"),
        ("pkg/internal/a.go", "func Gone() {"),
        ("pkg/a.go", "func gone() {"),
        ("src/a.rs", "fn gone() {"),
        ("src/a.rs", "pub(crate) fn gone() {"),
        ("src/a.ts", "function gone() {"),
        ("src/a.c", "int gone(void) {"),
        ("A.java", "    private int gone() {"),
    ],
)
def test_what_nobody_else_could_use_is_not_public(path: str, line: str) -> None:
    facts = rules_analysis(
        commit_of("Tidy", (a_change(path, f"@@ -1,2 +1,1 @@\n x\n-{line}"),))
    ).facts
    assert facts.public_removed == ()


@pytest.mark.parametrize(
    ("path", "patch"),
    [
        ("cli.py", '-    parser.add_argument("--ratio", type=float)'),
        ("cli.py", '     parser.add_argument(\n-        "--ratio",\n-        type=float,'),
        ("cli.py", '-@click.option("--ratio", "-r")'),
        ("main.rs", '-    #[arg(long = "ratio")]'),
        ("cmd.go", '-\tflags.String("ratio", "1", "how much")'),
        ("cli.ts", '-  .option("--ratio <n>", "how much")'),
    ],
)
def test_a_removed_option_of_the_command_line_is_public(path: str, patch: str) -> None:
    facts = rules_analysis(commit_of("Tidy", (a_change(path, f"@@ -1,4 +1,2 @@\n{patch}"),))).facts
    assert facts.public_removed == ("--ratio",)


def test_an_option_that_a_script_passes_on_is_none_of_its_own() -> None:
    patch = '@@ -1,3 +1,2 @@\n run(\n-    "--ratio",\n )'
    assert (
        rules_analysis(commit_of("Tidy", (a_change("run.py", patch),))).facts.public_removed == ()
    )


POM = "<artifactId>kit</artifactId>\n-  <version>1.0</version>\n+  <version>2.0</version>"


@pytest.mark.parametrize(
    ("path", "patch"),
    [
        ("pyproject.toml", ' dependencies = [\n-  "kit[x]>=1.0",\n+  "kit[x]>=2.0",'),
        ("pyproject.toml", ' [tool.poetry.dependencies]\n-kit = "1.0"\n+kit = "2.0"'),
        ("requirements-dev.txt", "-kit==1.0  # why\n+kit==2.0"),
        ("web/package.json", '   "dependencies": {\n-    "kit": "^1.0",\n+    "kit": "^2.0",'),
        ("Cargo.toml", '-kit = { version = "1.0", features = ["x"] }\n+kit = "2.0"'),
        ("Cargo.toml", ' [dependencies.kit]\n-version = "1.0"\n+version = "2.0"'),
        ("go.mod", "-\tforge.example/kit v1.0\n+\tforge.example/kit v2.0"),
        ("Gemfile", '-gem "kit", "1.0"\n+gem "kit", "2.0"'),
        ("pom.xml", f"   {POM}"),
        ("pom.xml", "-  <kit.version>1.0</kit.version>\n+  <kit.version>2.0</kit.version>"),
        ("build.gradle", "-  implementation 'a.b:kit:1.0'\n+  implementation 'a.b:kit:2.0'"),
        ("Dockerfile", "-FROM acme/kit:1.0 AS base\n+FROM acme/kit:2.0 AS base"),
        (".github/workflows/a.yml", "-  - uses: acme/kit@1.0\n+  - uses: acme/kit@abcd # 2.0"),
        ("uv.lock", ' name = "kit"\n-version = "1.0"\n+version = "2.0"'),
        (
            "package-lock.json",
            ' "node_modules/kit": {\n-"version": "1.0",\n+"version": "2.0",',
        ),
        ("yarn.lock", ' kit@^1:\n-  version "1.0"\n+  version "2.0"'),
        ("pnpm-lock.yaml", "-  kit@1.0:\n+  kit@2.0:"),
        ("go.sum", "-forge.example/kit v1.0 h1:aa=\n+forge.example/kit v2.0 h1:bb="),
        ("Gemfile.lock", "-    kit (1.0)\n+    kit (2.0)"),
    ],
)
def test_a_moved_dependency_is_read_from_every_manifest(path: str, patch: str) -> None:
    file = a_change(path, f"@@ -1,3 +1,3 @@\n{patch}")
    (move,) = rules_analysis(commit_of("Move", (file,))).facts.dependencies
    assert move.name.endswith("kit")
    assert (move.before or "").strip(" ^>=v") == "1.0"
    assert (move.after or "").strip(" ^>=v") == "2.0"


@pytest.mark.parametrize(
    "patch",
    [
        '-version = "1.0"\n+version = "2.0"',
        '-requires-python = ">=3.10"\n+requires-python = ">=3.11"',
        ' keywords = [\n-  "git",\n+  "chat",',
        ' [tool.ruff]\n-line-length = "88"\n+line-length = "100"',
        '-  "kit>=1.0",\n   "other",\n+  "kit>=1.0",',
    ],
)
def test_what_is_no_dependency_does_not_move(patch: str) -> None:
    file = a_change("pyproject.toml", f"@@ -1,3 +1,3 @@\n{patch}")
    assert rules_analysis(commit_of("Set up", (file,))).facts.dependencies == ()


def test_new_and_gone_dependencies_have_one_end() -> None:
    patch = '@@ -1,2 +1,2 @@ dependencies = [\n-  "old>=1",\n+  "new>=2",'
    facts = rules_analysis(commit_of("Swap", (a_change("pyproject.toml", patch),))).facts
    assert facts.dependencies == (
        DependencyMove("old", ">=1", None),
        DependencyMove("new", None, ">=2"),
    )


def test_a_lock_file_speaks_only_where_no_manifest_does() -> None:
    manifest = a_change("Cargo.toml", '@@ -1 +1 @@ [dependencies]\n-kit = "1.0"\n+kit = "2.0"')
    lock = a_change("Cargo.lock", '@@ -1 +1 @@\n name = "deep"\n-version = "1"\n+version = "2"')
    facts = rules_analysis(commit_of("Move", (lock, manifest))).facts
    assert [move.name for move in facts.dependencies] == ["kit"]


@pytest.mark.parametrize(
    "title",
    [
        "Bump kit from 1.0 to 2.0",
        "chore(deps): bump kit from 1.0 to 2.0 in /web",
        "Update dependency kit from 1.0 to 2.0",
        "升级 kit 从 1.0 到 2.0",
    ],
)
def test_a_move_is_read_from_the_title_where_no_file_shows_it(title: str) -> None:
    (move,) = rules_analysis(commit_of(title, "uv.lock+0-0")).facts.dependencies
    assert move == DependencyMove("kit", "1.0", "2.0")


@pytest.mark.parametrize(
    ("message", "reverts"),
    [
        ('Revert "Add rows (#4)" (#9)\n\nThis reverts commit 3f2a1bc9d0.', "3f2a1bc9d0"),
        ('Revert "Add rows (#4)" (#9)', "Add rows (#4)"),
        ("revert: feat(store): rows", "feat(store): rows"),
        ('Revert "Revert "Add rows"" (#9)', 'Revert "Add rows"'),
        ("Revert “Add rows”.", "Add rows"),
        ("Fix what we reverted", None),
    ],
)
def test_a_revert_names_what_it_takes_back(message: str, reverts: str | None) -> None:
    assert rules_analysis(commit_of(message)).facts.reverts == reverts


def test_references_are_those_of_the_message() -> None:
    message = (
        "Fix rows (#12)\n\nCloses GH-7, acme/gear#3 and https://forge.example/acme/cog/issues/5."
        "\nSee CVE-2026-1234, not page#top, a#b or #fff and #000000.\n\n#12 again"
    )
    assert rules_analysis(commit_of(message)).facts.references == (
        "#12",
        "GH-7",
        "acme/gear#3",
        "acme/cog#5",
        "CVE-2026-1234",
    )


@pytest.mark.parametrize(
    ("message", "marks"),
    [
        ("feat(api)!: rows", ("feat(api)!:",)),
        ("Rows\n\nBREAKING CHANGE: ids are text", ("BREAKING CHANGE: ids are text",)),
        ("Rows\n\nOne. It is backward incompatible. Two.", ("It is backward incompatible",)),
        ("Rows\n\n- [x] Breaking change", ("Breaking change",)),
        ("Remove support for tables", ("Remove support for tables",)),
        ("Drop Node 18", ("Drop Node 18",)),
        ("不兼容旧版本", ("不兼容旧版本",)),
        ("Rows\n\nNo breaking changes.", ()),
        ("Rows\n\nBreaking change? No", ()),
        ("Rows\n\nBREAKING CHANGE: none", ()),
        ("Detect breaking changes of schemas", ()),
        ("Rows\n\nThis will go when we drop support for tables.", ()),
        ('Revert "feat!: rows, a breaking change"', ()),
        ("Rows\n\n<!-- Is it a breaking change? -->", ()),
    ],
)
def test_breaking_marks_are_the_commits_own_words(message: str, marks: tuple[str, ...]) -> None:
    assert rules_analysis(commit_of(message)).facts.breaking == marks


@pytest.mark.parametrize(
    ("message", "files", "missing"),
    [
        ("Add rows", "widget/a.py+20-0", True),
        ("Add rows", "widget/a.py+20-0 tests/test_a.py+5-0", False),
        ("Add rows", "widget/a.py+2-0", False),
        ("Fix rows", "widget/a.py+0-30", False),
        ("Refactor rows", "widget/a.py+50-50", False),
        ("Add rows", "docs/a.md+50-0", False),
    ],
)
def test_missing_tests_are_said_where_behaviour_changed(
    message: str, files: str, missing: bool
) -> None:
    assert rules_analysis(commit_of(message, files)).facts.tests_missing is missing


def test_tests_within_a_rust_file_are_tests() -> None:
    body = "\n".join(f"+    let x{number} = {number};" for number in range(20))
    patch = f"@@ -1,0 +1,22 @@\n+#[test]\n+fn rows() {{\n{body}\n+}}"
    assert not rules_analysis(
        commit_of("Add rows", (a_change("src/a.rs", patch),))
    ).facts.tests_missing


def test_coverage_counts_the_files_whose_patch_was_read() -> None:
    binary = a_change("logo.png", "", FileStatus.ADDED)
    files = (a_change("a.py", "@@ -1 +1 @@\n-a\n+b"), binary)
    without_patch = commit_of("Add logo", files).without_patches()
    assert rules_analysis(commit_of("Add logo", files)).coverage == Coverage(2, 2)
    assert rules_analysis(without_patch).coverage == Coverage(0, 2, unread=("a.py",))
