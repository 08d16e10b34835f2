"""Commits of invented projects in the shapes and sizes of real histories, the same every time.

Most are small, a few are very large: 1 line to 50,000, in several languages, with tests, documents,
lock files, generated and vendored code, renames and moves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from string import Template

from analyzers.model import Commit, FileChange, FileStatus
from analyzers.rules.words import word_set
from tests.digests import a_commit

_WORDS = sorted(
    word_set(
        "queue worker cache session batch window ledger route stream shard replica token parser "
        "buffer socket retry budget metric snapshot cursor tenant policy handler segment planner"
    )
)
_VERBS = sorted(
    word_set("load store merge split flush reset parse check route resolve drain close")
)

_CODE = {
    "py": '''
def ${verb}_$a($a: ${A}, limit: int = $n) -> ${B}:
    """${Verb} the $a before the $b is full."""
    if not $a.${b}s:
        raise ${A}Error(f"no $b in {$a.name}")
    found = [item for item in $a.${b}s if item.age < limit]
    for item in found:
        item.${verb}($n)
        log.debug("$verb %s of %s", item, $a)
    return ${B}(found, limit=limit)

''',
    "go": """
// ${Verb}${A} goes on until the $b is full.
func (s *${B}) ${Verb}${A}(ctx context.Context, limit int) (*${A}, error) {
	if s.${a} == nil {
		return nil, fmt.Errorf("$verb $a: %w", Err${B})
	}
	for i := 0; i < limit+$n; i++ {
		item, err := s.${a}.Next(ctx, i)
		if err != nil {
			return nil, err
		}
		s.${b}s = append(s.${b}s, item)
	}
	return s.${a}, nil
}

""",
    "ts": """
export async function ${verb}${A}($a: ${A}, limit = $n): Promise<${B}> {
  if (!$a.${b}s.length) {
    throw new ${A}Error(`no $b in $${$a.name}`);
  }
  const found = $a.${b}s.filter((item) => item.age < limit);
  for (const item of found) {
    await item.${verb}({ limit, name: "$b" });
  }
  return { items: found, total: found.length + $n };
}

""",
    "rs": """
/// ${Verb}s the $a before the $b is full.
pub fn ${verb}_$a(&mut self, $a: &${A}, limit: usize) -> Result<${B}, Error> {
    let mut found = Vec::with_capacity(limit + $n);
    for item in $a.${b}s.iter().take(limit) {
        if item.age() > Duration::from_secs($n) {
            return Err(Error::${A}(item.id));
        }
        found.push(item.clone());
    }
    Ok(${B}::new(found))
}

""",
    "java": """
    /** ${Verb}s the $a before the $b is full. */
    public ${B} ${verb}${A}(${A} $a, int limit) throws ${A}Exception {
        if ($a.get${B}s().isEmpty()) {
            throw new ${A}Exception("no $b in " + $a.getName());
        }
        List<${B}> found = new ArrayList<>(limit + $n);
        for (${B} item : $a.get${B}s()) {
            found.add(item.${verb}(limit));
        }
        return ${B}.of(found);
    }

""",
    "md": """
## ${Verb} a $a

The $a is kept until the $b is full, at most $n times. Set `${a}_limit` to change that; with 0 the
$b is never closed, which is what most small set-ups want.

""",
    "yml": """
  $verb-$a:
    image: registry.example/$b:$n
    replicas: $n
    environment:
      ${A}_LIMIT: "$n"

""",
}
_LOCK = """
[[package]]
name = "$a-$b"
version = "$n.2.$n"
source = "registry+https://registry.example/index"
checksum = "$sum"

"""
_GENERATED = """
  _globals['_${A}']._serialized_start=$n
  _globals['_${A}']._serialized_end=$n
  DESCRIPTOR.${b}s_by_name['$b']._options = None
"""
_HUNK = 12
"""Lines that change in one place, at most."""


class _Project:
    """Writes code that looks like somebody's."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def code(self, template: str, lines: int) -> list[str]:
        """So many lines of it."""
        made: list[str] = []
        while len(made) < lines:
            a, b = self.random.sample(_WORDS, 2)
            verb, n = self.random.choice(_VERBS), self.random.randrange(2, 900)
            sum_ = f"{self.random.getrandbits(256):064x}" if "$sum" in template else ""
            names = {"a": a, "b": b, "A": a.title(), "B": b.title(), "verb": verb}
            filled = Template(template.lstrip("\n")).substitute(
                names, Verb=verb.title(), n=n, sum=sum_
            )
            made += filled.split("\n")[:-1]
        return made[:lines]

    def new(self, path: str, lines: int) -> FileChange:
        """A file that comes."""
        code = self.code(_template(path), lines)
        patch = "\n".join([f"@@ -0,0 +1,{lines} @@", *(f"+{line}" for line in code)])
        return FileChange(path, FileStatus.ADDED, lines, 0, patch=patch)

    def gone(self, path: str, lines: int) -> FileChange:
        """A file that goes."""
        code = self.code(_template(path), lines)
        patch = "\n".join([f"@@ -1,{lines} +0,0 @@", *(f"-{line}" for line in code)])
        return FileChange(path, FileStatus.REMOVED, 0, lines, patch=patch)

    def changed(self, path: str, lines: int) -> FileChange:
        """A file of which so many lines are others afterwards, in several places."""
        hunks: list[str] = []
        plus = minus = at = 0
        while plus < lines:
            at += self.random.randrange(20, 200)
            n = min(self.random.randrange(1, _HUNK), lines - plus)
            before = self.code(_template(path), n + 6)
            after = self.code(_template(path), n)
            old = n if self.random.random() < 0.6 else 0
            plus, minus = plus + n, minus + old
            hunks += [
                f"@@ -{at},{6 + old} +{at},{6 + n} @@ {before[0]}".rstrip(),
                *(f" {line}" for line in before[:3]),
                *(f"-{line}" for line in before[3 : 3 + old]),
                *(f"+{line}" for line in after),
                *(f" {line}" for line in before[-3:]),
            ]
        return FileChange(path, FileStatus.MODIFIED, plus, minus, patch="\n".join(hunks))

    def moved(self, source: str, target: str, lines: int) -> tuple[FileChange, FileChange]:
        """Code that goes from one file to another one and is indented otherwise there."""
        code = self.code(_template(source), lines)
        gone = "\n".join([f"@@ -40,{lines} +39,0 @@", *(f"-{line}" for line in code)])
        come = "\n".join([f"@@ -0,0 +1,{lines} @@", *(f"+    {line}" for line in code)])
        return (
            FileChange(source, FileStatus.MODIFIED, 0, lines, patch=gone),
            FileChange(target, FileStatus.ADDED, lines, 0, patch=come),
        )

    def indented(self, path: str, lines: int) -> FileChange:
        """A file that only got other white space."""
        code = self.code(_template(path), lines)
        old, new = [f"-{line}" for line in code], [f"+  {line}" for line in code]
        patch = "\n".join([f"@@ -1,{lines} +1,{lines} @@", *old, *new])
        return FileChange(path, FileStatus.MODIFIED, lines, lines, patch=patch)

    def path(self, folder: str, ending: str) -> str:
        """Some path that no other file of a commit has."""
        a, b = self.random.choice(_WORDS), self.random.choice(_WORDS)
        name = f"{a}_{self.random.randrange(10**6)}"
        return f"{folder}/{b}/{name}.{ending}"


def _template(path: str) -> str:
    if path.endswith(".lock"):
        return _LOCK
    return _GENERATED if "_pb2" in path else _CODE[path.rpartition(".")[2]]


def _renamed(path: str) -> FileChange:
    before = path.replace("src/", "lib/", 1)
    return FileChange(path, FileStatus.RENAMED, 0, 0, previous_path=before)


def _minified(path: str, size: int) -> FileChange:
    line = "var q=function(){return e.k(t)};" * (size // 32)
    patch = f"@@ -1 +1 @@\n-{line}\n+{line}!0"
    return FileChange(path, FileStatus.MODIFIED, 1, 1, patch=patch)


_Shape = Callable[[_Project, str], tuple[str, list[FileChange]]]


def _fix(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    lines = p.random.choice((1, 1, 2, 2, 3, 4, 6, 8, 12, 20))
    files = [p.changed(p.path("src", ending), lines)]
    if p.random.random() < 0.5:
        files.append(p.changed(p.path("tests", ending), p.random.randrange(2, 30)))
    return "Fix the window of the retry budget when a worker is late", files


def _change(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    files = [
        p.changed(p.path("src", ending), p.random.randrange(10, 120))
        for _ in range(p.random.randrange(1, 6))
    ]
    files.append(p.new(p.path("tests", ending), p.random.randrange(20, 150)))
    if p.random.random() < 0.4:
        files.append(p.changed("docs/guide.md", p.random.randrange(4, 40)))
    return "Let sessions be drained before a shard is closed", files


def _feature(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    n = p.random.randrange(6, 30)
    files = [p.changed(p.path("src", ending), p.random.randrange(5, 150)) for _ in range(n)]
    files += [p.new(p.path("src", ending), p.random.randrange(50, 400)) for _ in range(n // 3)]
    files += [p.new(p.path("tests", ending), p.random.randrange(50, 300)) for _ in range(n // 2)]
    files += [p.changed("deploy/app.yml", 20), p.new("docs/shards.md", 120)]
    files.append(p.changed("Cargo.lock", p.random.randrange(20, 600)))
    return "Add shards that split by themselves\n\nBREAKING CHANGE: `shard_limit` is gone", files


def _rewrite(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    files = [p.new(p.path("src", ending), p.random.randrange(200, 900)) for _ in range(16)]
    files += [p.gone(p.path("src", ending), p.random.randrange(100, 500)) for _ in range(10)]
    files += [p.new(p.path("tests", ending), p.random.randrange(100, 500)) for _ in range(8)]
    files.append(p.new("src/wire_pb2.py", 900))
    return "Rewrite the planner on streams, which fixes a deadlock in `drain_queue`", files


def _dump(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    files = [p.new(p.path("src", ending), 1_000) for _ in range(30)]
    files += [p.new(p.path("tests", ending), 1_000) for _ in range(10)]
    files += [p.new(p.path("vendor/ledger", ending), 1_000) for _ in range(10)]
    return "Import the ledger\n\nBREAKING CHANGE: the old one is gone", files


def _lock(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    lines = p.random.choice((3, 8, 30, 120, 900))
    return "Update the lock file", [p.changed("Cargo.lock", lines)]


def _bump(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    lines = ("[dependencies]", 'serde = "1.0.1"', 'serde = "2.0.0"', 'log = "0.4"')
    patch = "@@ -1,3 +1,3 @@\n" + "\n".join(map(str.__add__, " -+ ", lines))
    manifest = FileChange("Cargo.toml", FileStatus.MODIFIED, 1, 1, patch=patch)
    return "Bump serde from 1.0.1 to 2.0.0", [manifest, p.changed("Cargo.lock", 40)]


def _generated(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    schema = p.changed(p.path("src", ending), 6)
    files = [p.changed(f"src/wire{n}_pb2.py", 400) for n in range(4)]
    return "Regenerate the wire format", [schema, *files, _minified("web/app.js", 90_000)]


def _rename(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    files = [_renamed(p.path("src", ending)) for _ in range(p.random.randrange(5, 200))]
    return "Move lib to src", [*files, p.changed("src/main.go", 8)]


def _move(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    pairs = [
        p.moved(p.path("src", ending), p.path("src", ending), p.random.randrange(30, 500))
        for _ in range(p.random.randrange(1, 6))
    ]
    return "Split the planner up", [file for pair in pairs for file in pair]


def _style(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    files = [p.indented(p.path("src", "ts"), p.random.randrange(30, 400)) for _ in range(9)]
    return "Format everything", files


def _docs(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    return "docs: explain shards", [p.changed("docs/shards.md", p.random.randrange(1, 90))]


def _tests(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    paths = (p.path("tests", ending) for _ in range(p.random.randrange(1, 8)))
    return "Test that workers are retried", [p.changed(path, 40) for path in paths]


def _ci(p: _Project, ending: str) -> tuple[str, list[FileChange]]:
    return "ci: run on two versions", [p.changed(".github/workflows/test.yml", 9)]


_SHAPES: tuple[tuple[_Shape, int], ...] = (
    *((_fix, 60), (_change, 50), (_feature, 18), (_rewrite, 6), (_dump, 2), (_lock, 14)),
    *((_bump, 8), (_generated, 6), (_rename, 6), (_move, 10), (_style, 5), (_docs, 14)),
    *((_tests, 10), (_ci, 6)),
)
"""How many there are of each."""

_ENDINGS = ("py", "go", "ts", "rs", "java")


def commits_of_real_shape(every: int = 1) -> Iterator[Commit]:
    """The commits, or every so many of each shape, the first included."""
    number = 0
    for shape, n in _SHAPES:
        for index in range(n):
            number += 1
            if index % every == 0:
                message, files = shape(_Project(number), _ENDINGS[number % len(_ENDINGS)])
                yield _commit(number, message, files)


def _commit(number: int, message: str, files: list[FileChange]) -> Commit:
    by_path = {file.path: file for file in files}
    made = tuple(by_path[path] for path in sorted(by_path, key=str.encode))
    plus, minus = sum(f.additions for f in made), sum(f.deletions for f in made)
    commit = a_commit(number, message, files=made, additions=plus, deletions=minus)
    return replace(commit, sha=f"{number:040x}")
