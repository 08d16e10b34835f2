"""What a file is for, told from its path alone."""

from __future__ import annotations

import re

from analyzers.model import FileRole
from analyzers.rules.words import word_set

_LOCK_NAMES = word_set(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb poetry.lock "
    "uv.lock pdm.lock pixi.lock pipfile.lock conda-lock.yml cargo.lock go.sum go.work.sum "
    "gemfile.lock composer.lock mix.lock pubspec.lock packages.lock.json flake.lock deno.lock "
    "gradle.lockfile podfile.lock package.resolved requirements.lock module.bazel.lock"
)
_BUILD_NAMES = word_set(
    "pyproject.toml setup.py setup.cfg manifest.in pipfile tox.ini noxfile.py environment.yml "
    "package.json lerna.json turbo.json nx.json pnpm-workspace.yaml cargo.toml build.rs "
    "rust-toolchain rust-toolchain.toml go.mod go.work gemfile rakefile pom.xml build.gradle "
    "build.gradle.kts settings.gradle settings.gradle.kts gradle.properties libs.versions.toml "
    "gradlew gradlew.bat makefile gnumakefile cmakelists.txt cmakepresets.json dockerfile "
    "containerfile .dockerignore build.bazel build.bzl workspace module.bazel .bazelrc meson.build "
    "meson_options.txt justfile taskfile.yml conanfile.py conanfile.txt vcpkg.json configure.ac "
    "makefile.am composer.json mix.exs package.swift podfile pubspec.yaml build.sbt tsconfig.json "
    "directory.build.props directory.packages.props flake.nix shell.nix default.nix setup.sh "
    "sconstruct procfile build.xml dune-project"
)
_BUILD_PATTERN = re.compile(
    r"(?:dockerfile[.\-].*|.*\.dockerfile|(?:docker-)?compose.*\.ya?ml|.*requirements.*\.(?:txt|in)"
    r"|constraints.*\.txt|tsconfig\..*json|(?:webpack|vite|rollup|babel|esbuild|tsup|next)"
    r"\.config\..*|.*\.(?:mk|cmake|gemspec|podspec|csproj|fsproj|vcxproj|sln|gradle|bzl|bazel|nix"
    r"|spec\.in))$"
)
_CI_DIRECTORIES = word_set(
    ".circleci .buildkite .ci .teamcity .azure-pipelines .jenkins .woodpecker .drone .tekton"
)
_CI_NAMES = word_set(
    ".gitlab-ci.yml .travis.yml .cirrus.yml .drone.yml .appveyor.yml appveyor.yml jenkinsfile "
    "azure-pipelines.yml bitbucket-pipelines.yml .codecov.yml codecov.yml renovate.json "
    ".renovaterc.json cloudbuild.yaml"
)
_DOC_DIRECTORIES = word_set(
    "docs doc documentation man changelog.d changelogs .changeset newsfragments site-docs"
)
_EXAMPLE_DIRECTORIES = word_set("examples example samples")
_DOMAINS = word_set("com org net io dev")
_DOC_NAMES = re.compile(
    r"(?:readme|changelog|changes|history|news|authors|contributors|contributing|license|licence"
    r"|copying|notice|security|code_of_conduct|maintainers|support|todo|citation)(?:[.\-].*)?$"
    r"|mkdocs\.ya?ml$|\.readthedocs\.ya?ml$"
)
_CODE_ENDINGS = word_set(
    "py pyi pyx js jsx mjs cjs ts tsx go rs java kt kts scala groovy cs fs c h cc cpp cxx hpp hh "
    "cu cuh m mm swift rb php pl pm lua r jl ex exs erl hs ml clj dart zig nim sol vue svelte sh "
    "bash zsh ps1 bat sql proto graphql gql thrift asm s f90 v sv vhd html css scss sass less"
)
_DOC_ENDINGS = word_set("md mdx rst adoc asciidoc markdown org pod 1")
_ASSET_ENDINGS = word_set(
    "png jpg jpeg gif svg webp ico bmp tiff avif pdf ttf otf woff woff2 eot mp3 mp4 wav ogg webm "
    "mov zip gz tar tgz bz2 xz 7z jar whl so dll dylib exe bin dat wasm onnx pt pth safetensors "
    "npy npz parquet csv tsv xlsx docx pptx psd ai fig sketch glb obj po pot mo db sqlite"
)
_CONFIG_ENDINGS = word_set(
    "yml yaml toml ini cfg conf json json5 jsonc xml properties env plist hcl tf tfvars service "
    "editorconfig txt rc tpl"
)
_VENDORED = word_set(
    "vendor vendored _vendor _vendored third_party thirdparty third-party 3rdparty 3rd_party "
    "node_modules bower_components"
)
_GENERATED = re.compile(
    r"(?:.*(?:_pb2|_pb2_grpc)\.pyi?|.*\.pb\.(?:go|cc|h|rs|dart|gw\.go)|.*_grpc\.pb\.go"
    r"|.*\.(?:min|bundle)\.(?:js|css)|.*\.map|.*[._-]generated\..*|.*\.gen\.\w+|.*_gen\.go"
    r"|.*\.g\.(?:dart|cs)|.*\.designer\.cs|zz_generated.*|.*\.freezed\.dart)$"
)
_GENERATED_DIRECTORIES = frozenset({"__generated__", "generated", "gen-src", "__snapshots__"})
_TEST_DIRECTORY = re.compile(
    r"(?:tests?|benches|__tests?__|specs?|e2e|testdata|test_?data|fixtures?|cypress|testing|unittests?"
    r"|(?:.*[_-])?tests?(?:[_-](?:suites?|data|cases|utils|helpers|fixtures))?|e2e[_-].*"
    r"|.+\.tests?)$"
)
_TEST_FILE = re.compile(
    r"(?:test[_-].*|.*[_-](?:test|tests|unittest|spec|e2e)\.\w+|.*\.(?:test|spec|e2e|cy)\.\w+"
    r"|conftest\.py|tests?\.(?:rs|py|go|js|ts)|pytest\.ini|jest\.config\..*|vitest\.config\..*)$"
)
_TEST_CLASS = re.compile(r"\w+(?:Tests?|Spec|IT|TestCase)\.(?:java|kt|scala|cs|swift|groovy|php)$")

UNREADABLE = frozenset({FileRole.LOCK, FileRole.GENERATED, FileRole.VENDORED, FileRole.ASSET})
"""Files that nobody reads in a commit: they are counted."""


def role_of(path: str) -> FileRole:
    """What the file at a path is for; unknown things count as source, the cautious guess."""
    *parents, original = path.split("/")
    directories = [part.lower() for part in parents]
    name = original.lower()
    if not _VENDORED.isdisjoint(directories):
        return FileRole.VENDORED
    if name in _LOCK_NAMES or name.endswith((".lock.txt", "requirements-dev.lock")):
        return FileRole.LOCK
    if _is_ci(directories, name):
        return FileRole.CI
    if name.startswith("readme") or _is_documentation(directories, name):
        return FileRole.DOCS
    if _is_test(directories, name, original):
        return FileRole.TEST
    if _GENERATED.match(name) or not _GENERATED_DIRECTORIES.isdisjoint(directories):
        return FileRole.GENERATED
    return _by_name(directories, name)


def _by_name(directories: list[str], name: str) -> FileRole:
    ending = _ending(name)
    if name in _BUILD_NAMES or _BUILD_PATTERN.match(name):
        return FileRole.BUILD
    if ending in _CODE_ENDINGS:
        return FileRole.SOURCE
    if ending in _DOC_ENDINGS or _DOC_NAMES.match(name):
        return FileRole.DOCS
    if ending in _ASSET_ENDINGS:
        return FileRole.ASSET
    if ending in _CONFIG_ENDINGS or name.startswith(".") or ".github" in directories:
        return FileRole.CONFIG
    return FileRole.SOURCE


def _ending(name: str) -> str:
    return name.rpartition(".")[2] if "." in name else ""


def _is_ci(directories: list[str], name: str) -> bool:
    if name in _CI_NAMES or not _CI_DIRECTORIES.isdisjoint(directories):
        return True
    if directories[:1] == [".github"]:
        return directories[1:2] in (["workflows"], ["actions"], ["scripts"]) or name in (
            "dependabot.yml",
            "dependabot.yaml",
        )
    return directories[:1] == ["ci"] or directories[:2] in (["scripts", "ci"], ["tools", "ci"])


def _is_documentation(directories: list[str], name: str) -> bool:
    """Whether it stands in a folder for readers; a package may have a module called `doc`."""
    before = ["", *directories]
    if any(
        part in _EXAMPLE_DIRECTORIES and parent not in _DOMAINS  # `org/example` is a Java package
        for parent, part in zip(before, directories, strict=False)
    ):
        return True
    if _ending(name) in _CODE_ENDINGS:
        directories = directories[:1]
    return not _DOC_DIRECTORIES.isdisjoint(directories)


def _is_test(directories: list[str], name: str, original: str) -> bool:
    if _TEST_FILE.match(name) or _TEST_CLASS.match(original):
        return _ending(name) not in _DOC_ENDINGS
    folder = next((part for part in directories if _TEST_DIRECTORY.match(part)), None)
    if folder in ("spec", "specs", "testing"):
        return _ending(name) in _CODE_ENDINGS
    return folder is not None
