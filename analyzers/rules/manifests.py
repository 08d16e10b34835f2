"""The lines by which manifests and lock files name dependencies, one reader for each format.

A reader takes a line of a patch without its sign and what it remembers of the lines above, and
gives the dependency that the line names, with its version. Patches show three lines around a
change, so a reader guesses from the line alone where the section's head is out of sight.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from analyzers.rules.reading import ReadFile
from analyzers.rules.words import word_set


@dataclass(slots=True)
class Place:
    """Where in a file a reader is."""

    section: str = ""
    """The last head of a section or list that was seen, in lower case; empty if none was."""
    name: str = ""
    """The last package name that a lock file or POM gave."""


Named = tuple[str, str]
Reader = Callable[[str, Place], Named | None]

_VERSION = r"[\^~<>=!v*]*\s?\d[\w.,*+<>=~^!| -]{0,60}"
_PEP508 = re.compile(
    r"([A-Za-z0-9][\w.-]{0,80}+)\s?(?:\[[\w, -]{0,80}\])?"
    r"\s{0,4}((?:[=<>!~]=?=?|@)[^;#\"']{0,120})?\s*(?:[;#].*)?$"
)
_QUOTED = re.compile(r"\s*+(?:[\w.-]++\s*+=\s*+\[\s*+)?[\"']([^\"']{1,200})[\"']")
_TOML_ENTRY = re.compile(r"\s*[\"']?([A-Za-z0-9@][\w./@-]{0,80}+)[\"']?\s*=\s*(.{1,300})$")
_TOML_HEAD = re.compile(r"\s*\[{1,2}([^\[\]]{1,120})\]{1,2}\s*(?:#.*)?$")
_TOML_LIST = re.compile(r"\s*[\"']?([\w.-]{1,60}+)[\"']?\s*=\s*\[")
_TOML_VALUE = re.compile(r"(?:\{.{0,200}?\bversion\s*=\s*)?[\"']([^\"']{1,80})[\"']")
_JSON_HEAD = re.compile(r"\s*\"([\w.-]{1,60})\"\s*:\s*\{")
_JSON_ENTRY = re.compile(r"\s*\"([^\"\s]{1,120})\"\s*:\s*\"([^\"]{1,120})\"")
_JSON_VERSION = re.compile(
    rf"(?:{_VERSION}|workspace:.*|npm:.*|catalog:.*|git\+.*|github:.*|latest|\*)$"
)
_GO = re.compile(r"\s*+(?:require\s++)?([\w-]++\.[\w./~-]{1,120})\s+(v\d\S{0,80})(?:\s*//.*)?$")
_GEM = re.compile(
    r"\s*(?:gem|\w{1,20}\.add_(?:\w{1,20}_)?dependency)\b[\s(]+[\"']([\w.-]{1,80})[\"'](?:\s*,\s*[\"']([^\"']{1,60})[\"'])?"
)
_POM_ID = re.compile(r"\s*<artifactId>([\w.-]{1,100})</artifactId>")
_POM_VERSION = re.compile(r"\s*<version>([^<>]{1,60})</version>")
_POM_PROPERTY = re.compile(r"\s*<([\w.-]{1,80}?)[.-]version>([^<>]{1,60})<")
_GRADLE = re.compile(r"[^\"']{0,80}[\"']([\w.-]{1,80}:[\w.-]{1,80}):([\w.+-]{1,60})[\"']")
_FROM = re.compile(
    r"\s*FROM\s+(?:--\S+\s+)?([\w./-]{1,120}(?::\d+/[\w./-]{1,80})?)(?:[:@](\S{1,100}))?(?:\s|$)",
    re.IGNORECASE,
)
_USES = re.compile(
    r"\s*(?:-\s*)?uses:\s*[\"']?([\w.-]{1,80}/[\w./-]{1,120})@([\w./-]{1,80})[\"']?(?:\s*#\s*(v?\d\S{0,30}))?"
)
_LOCK_NAME = re.compile(
    r"(?:name = |\s*\"name\": |\s*\"(?=[^\"]*node_modules/))\"?([^\"\s]{1,120})\""
)
_LOCK_VERSION = re.compile(r"\s*\"?version\"?\s?[=:]?\s?\"([^\"]{1,60})\"")
_YARN_NAME = re.compile(r"\"?(@?[\w./-]{1,100})@[^:]{1,200}:$")
_PNPM = re.compile(r"\s{2}['\"]?/?(@?[\w./-]{1,100})@(\d[\w.+-]{0,40})(?:\([^:]*)?['\"]?:$")
_GO_SUM = re.compile(r"([\w-]+\.[\w./~-]{1,120}) (v[\w.+-]{1,80}) h1:")
_GEM_LOCK = re.compile(r"    ([\w.-]{1,80}) \(([\w.-]{1,40})\)$")
_OWN_KEYS = word_set(
    "version name edition rust-version python requires-python description license readme authors "
    "homepage repository documentation resolver target-version minversion python_version "
    "packagemanager node npm yarn type main module build-backend channel default-run line-length"
)


def _requirement(line: str, _: Place) -> Named | None:
    match = _PEP508.match(line.strip())
    return (match.group(1), (match.group(2) or "").strip()) if match else None


def _toml(line: str, place: Place) -> Named | None:
    """pyproject.toml (PEP 621 and Poetry) and Cargo.toml."""
    if head := _TOML_HEAD.match(line):
        place.section = head.group(1).strip().lower()
        return None
    table = place.section.rpartition(".")
    if opened := _TOML_LIST.match(line):
        if "dependencies" not in place.section and "dependency-groups" not in place.section:
            place.section = f"list {opened.group(1).lower()}"
    elif entry := _TOML_ENTRY.match(line):
        name, value = entry.group(1), _TOML_VALUE.match(entry.group(2))
        listed = "dependencies" in place.section or place.section == "versions"
        if "dependencies" in table[0] and name == "version" and value:
            return table[2], value.group(1)
        if not value or name.lower() in _OWN_KEYS or not (listed or not place.section):
            return None
        version = re.match(rf"{_VERSION}$", value.group(1)) or value.group(1) == "*"
        return (name, value.group(1)) if version else None
    quoted = _QUOTED.match(line)
    requirement = quoted and _PEP508.match(quoted.group(1))
    if not requirement:
        return None
    listed = any(w in place.section for w in ("dependenc", "requires", "optional"))
    if not requirement.group(2) and not listed:
        return None
    return requirement.group(1), (requirement.group(2) or "").strip()


def _package_json(line: str, place: Place) -> Named | None:
    if head := _JSON_HEAD.match(line):
        place.section = head.group(1).lower()
        return None
    entry = _JSON_ENTRY.match(line)
    if not entry or entry.group(1).lower() in _OWN_KEYS or not _JSON_VERSION.match(entry.group(2)):
        return None
    told = not place.section or any(
        w in place.section for w in ("dependencies", "require", "resol")
    )
    return (entry.group(1), entry.group(2)) if told else None


def _go_mod(line: str, _: Place) -> Named | None:
    match = _GO.match(line)
    return (match.group(1), match.group(2)) if match and "// indirect" not in line else None


def _gemfile(line: str, _: Place) -> Named | None:
    match = _GEM.match(line)
    return (match.group(1), match.group(2) or "") if match else None


def _pom(line: str, place: Place) -> Named | None:
    if name := _POM_ID.match(line):
        place.name = name.group(1)
    elif version := _POM_VERSION.match(line):
        return (place.name, version.group(1)) if place.name else None
    elif of_property := _POM_PROPERTY.match(line):
        return of_property.group(1), of_property.group(2)
    return None


def _gradle(line: str, _: Place) -> Named | None:
    match = _GRADLE.match(line)
    return (match.group(1), match.group(2)) if match else None


def _dockerfile(line: str, _: Place) -> Named | None:
    match = _FROM.match(line)
    return (match.group(1), match.group(2) or "") if match else None


def _workflow(line: str, _: Place) -> Named | None:
    match = _USES.match(line)
    return (match.group(1), match.group(3) or match.group(2)) if match else None


def _lock(line: str, place: Place) -> Named | None:
    """Any lock file; the formats do not collide."""
    if found := _PNPM.match(line) or _GO_SUM.match(line) or _GEM_LOCK.match(line):
        return found.group(1), found.group(2)
    if name := _LOCK_NAME.match(line) or _YARN_NAME.match(line):
        place.name = name.group(1).rpartition("node_modules/")[2]
    elif (version := _LOCK_VERSION.match(line)) and place.name:
        return place.name, version.group(1)
    return None


_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reader)
    for pattern, reader in (
        (r"(?:.*requirements.*|constraints.*)\.(?:txt|in)$", _requirement),
        (r"(?:pyproject|cargo|.*versions)\.toml$|pipfile$", _toml),
        (r"(?:package|composer)\.json$", _package_json),
        (r"go\.mod$", _go_mod),
        (r"gemfile$|.*\.gemspec$", _gemfile),
        (r"pom\.xml$", _pom),
        (r".*\.gradle(?:\.kts)?$", _gradle),
        (r"(?:dockerfile|containerfile).*|.*\.dockerfile$", _dockerfile),
    )
)


def reader_for(file: ReadFile) -> Reader | None:
    """The reader of a manifest; None for any other file."""
    folders, _, name = file.change.path.rpartition("/")
    if folders.startswith(".github/") and name.endswith((".yml", ".yaml")):
        return _workflow
    return next((reader for pattern, reader in _READERS if pattern.match(name)), None)


lock_reader: Reader = _lock
"""The reader of lock files."""
