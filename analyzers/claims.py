"""What a text about a commit names, held against the commit: files, identifiers, figures. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from typing import final

from analyzers.model import Commit
from analyzers.rules.words import word_set
from analyzers.text import clean_line

# Characters of code are ASCII here: in Chinese prose no space separates them from the words.
_FILE = re.compile(
    r"(?<![\w.@+/-])/*((?:[\w.@+-]+/)+[\w.@+-]*\.[A-Za-z]\w{0,9}\b)(?::\d+(?:-\d+)?)?", re.ASCII
)
_QUOTED = re.compile(r"`([^`\n]{1,300})`")
_WORD = re.compile(r"\b[A-Za-z_]\w{2,}", re.ASCII)
_CODE_IN_PROSE = re.compile(
    r"\b[A-Za-z]\w*_\w+|\b[A-Za-z_]\w{2,}(?=\(\))",
    re.ASCII,
)
_SHARE = r"\s?(?:%|‰|per ?cent)"
_COMPARED = "as|more|less|fewer|faster|slower|larger|smaller|longer|shorter"
_FACTOR = rf"(?:\s?(?:(?:×|x\b)(?!\s?\d)|倍)|[ -]?fold\b| times(?= (?:{_COMPARED})\b))"
_MEASURE = (
    r"(?:\s?(?:[numµ]?s|min|h|[kKMGT]?i?B)\b|\s?(?:微秒|毫秒|秒|分钟|小时|字节)"
    r"|[ -](?:(?:micro|milli)?second|minute|hour|(?:kilo|mega|giga)?byte)s?\b)"
)
_FIGURE = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(factor of )?v?(\d{1,15}(?:[.,_]\d{1,9})*)"
    rf"(?:({_SHARE})|({_FACTOR})|({_MEASURE}))?",
    re.ASCII,
)
_SENTENCE_END = re.compile(r"(?<=[\w`)\]\"'%]{2}[.!?;])(?=\s+[^\sa-z])|(?<=[。！？；])")
_NAME = "<>"
"""Where the name or figure stands that is looked for."""
_AS_WORD = rf"(?<!\w){_NAME}(?!\w)"
_AS_FIGURE = rf"(?<![\d.])(?<!\d_)(?<!\d,(?=\d{{3}}(?!\d))){_NAME}(?![._]?\d)(?!,\d{{3}}(?!\d))"
_AS_SHARE = _AS_FIGURE + _SHARE
_AS_FACTOR = rf"(?:(?<=factor of ){_AS_FIGURE}|{_AS_FIGURE}{_FACTOR})"
_THOUSANDS = re.compile(r"_|,(?=\d{3}(?!\d))")
"""A comma before other than three digits is a decimal one, as most of Europe writes it."""
_LINE_NUMBER = re.compile(r":\d+(?:-\d+)?$")

_ANYWHERE = word_set(
    "None True False null nil undefined true false self this void int str bool float string list "
    "dict tuple set map array object number boolean char byte bytes NULL GET POST PUT PATCH DELETE "
    "HEAD HTTP HTTPS JSON YAML TOML XML HTML CSS SQL API URL stdin stdout stderr "
    "await async break case catch class const continue def default defer delete elif else enum "
    "except export extends final finally for from func function import interface lambda let match "
    "mut new package private protected public raise return static struct super switch throw throws "
    "try type typeof var while with yield bash cargo cmake curl docker git go java make node npm "
    "pip python sudo yarn"
)
"""Words in the face of code that any reader of any commit may use."""
_COUNTED_ON_FINGERS = 12
"""Whole numbers up to this, if nothing is measured in them, are counts of what the commit shows,
hardly ever claims about it."""
_UNITS = (1, 60, 1_000, 1_024, 3_600, 1_000_000, 1_048_576)
"""What a figure may be multiplied with to be the same in the smaller unit that code is in."""


@final
class Ground:
    """What a text may name, and nothing else: all that its subject says."""

    def __init__(
        self,
        texts: Sequence[str],
        paths: Mapping[str, str] | None = None,
        sizes: Set[int] = frozenset(),
    ) -> None:
        """Stand on these texts.

        Args:
            texts: what was said.
            paths: the files that there are, by the way they look in a prompt.
            sizes: whole numbers that may be told as well.
        """
        self._texts = texts
        self._paths = paths or {}
        self._sizes = sizes
        self._borne: dict[tuple[str, str], bool] = {}
        self.withheld = 0
        """Sentences that were taken out so far."""

    @classmethod
    def of(cls, commit: Commit) -> Ground:
        """All that a commit with its patches says."""
        files = commit.files
        before = {clean_line(f.previous_path): f.path for f in files if f.previous_path}
        paths = before | {clean_line(file.path): file.path for file in files}
        patches = (file.patch for file in files if file.patch)
        sizes = {len(files), commit.additions, commit.deletions}
        sizes.add(commit.additions + commit.deletions)
        sizes.update(n for file in files for n in (file.additions, file.deletions))
        return cls((commit.message, *paths, *patches), paths, sizes)

    def keep(self, text: str) -> str:
        """The sentences of a text that name nothing else."""
        sentences = _SENTENCE_END.split(text)
        kept = [sentence for sentence in sentences if self.bears(sentence)]
        self.withheld += len(sentences) - len(kept)
        return text if len(kept) == len(sentences) else "".join(kept).strip()

    def bears(self, text: str) -> bool:
        """Whether every file, identifier and figure of a text is there."""
        files = _FILE.findall(text)
        rest = _FILE.sub(" ", text)
        quoted = [word for code in _QUOTED.findall(rest) for word in _WORD.findall(code)]
        names = (*quoted, *_CODE_IN_PROSE.findall(rest))
        return (
            all(map(self._has_file, files))
            and all(name in _ANYWHERE or self._has(_AS_WORD, name) for name in names)
            and all(self._has_figure(match) for match in _FIGURE.finditer(rest))
        )

    def find_path(self, name: str) -> str | None:
        """The one path that is called so, in full or by its last parts."""
        name = _LINE_NUMBER.sub("", name.strip(" `'\"")).removeprefix("./")
        if name in self._paths:
            return self._paths[name]
        found = {path for look, path in self._paths.items() if name and look.endswith(f"/{name}")}
        return found.pop() if len(found) == 1 else None

    def _has_file(self, name: str) -> bool:
        name = name.removeprefix("./")
        return any(f"/{look}".endswith(f"/{name}") for look in self._paths) or self._has(
            _AS_WORD, name
        )

    def _has_figure(self, match: re.Match[str]) -> bool:
        factor_of, written, share, factor, measure = match.groups()
        if (plain := _THOUSANDS.sub("", written).replace(",", ".")).count(".") > 1:
            return self._has(_AS_FIGURE, written)  # a version, a list
        value = Decimal(plain)
        if share:
            spellings = (written, *_spellings([value]))
            return any(self._has(_AS_SHARE, spelling) for spelling in spellings) or any(
                self._has(_AS_FIGURE, spelling) for spelling in _spellings([value / 100])
            )
        if factor or factor_of:
            return any(self._has(_AS_FACTOR, spelling) for spelling in (written, plain))
        if value in self._sizes and not measure:
            return True
        most = 1 if measure else _COUNTED_ON_FINGERS
        if value <= most and value == value.to_integral():
            return True
        spellings = (written, *_spellings(value * unit for unit in _UNITS))
        return any(self._has(_AS_FIGURE, spelling) for spelling in spellings)

    def _has(self, around: str, name: str) -> bool:
        """Whether there is a name or a figure that is not a part of a longer one."""
        asked = (around, name)
        if asked not in self._borne:
            whole = re.compile(around.replace(_NAME, re.escape(name)), re.ASCII)
            # The search within is an order of magnitude faster, and most texts lack most names.
            self._borne[asked] = any(name in text and whole.search(text) for text in self._texts)
        return self._borne[asked]


def _spellings(values: Iterable[Decimal]) -> Iterator[str]:
    for value in values:
        plain = f"{value.normalize():f}"
        yield plain
        if len(plain) > 3 and plain.isdigit():
            yield f"{int(plain):,}"
            yield f"{int(plain):_}"
