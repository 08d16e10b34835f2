"""Where definitions stand in the source of each language, told line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"([A-Za-z_]\w{0,99}+)"  # possessive: a name is never tried again by its parts


@dataclass(frozen=True, slots=True)
class Language:
    """How one family of languages writes definitions."""

    definitions: tuple[re.Pattern[str], ...]
    """Patterns that match a line that defines something; group 1 is its name."""
    public: re.Pattern[str] | None = None
    """What a public definition's line has; None where the name or the file decides."""
    private: re.Pattern[str] | None = None
    """What a private definition's line or name has; None where nothing marks it."""

    def defines(self, line: str) -> str | None:
        """The name that a line defines, or None."""
        for pattern in self.definitions:
            if match := pattern.match(line):
                return next(filter(None, match.groups()), None)
        return None

    def is_public(self, line: str, name: str) -> bool:
        """Whether others can use what a line defines, as far as line and name tell."""
        if self.public and not self.public.match(line):
            return False
        return not (self.private and (self.private.match(line) or self.private.match(name)))


def _patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source) for source in sources)


_PYTHON = Language(
    _patterns(
        rf"\s{{0,8}}(?:async\s+)?(?:def|cdef|cpdef)\s+{_NAME}\s*[\[(]",
        rf"\s{{0,8}}class\s+{_NAME}\s*[:(\[]",
        r"([A-Z][A-Z0-9_]{1,99})\s*(?::[^=]{1,80})?=[^=]",
    ),
    private=re.compile(r"_"),
)
_JAVASCRIPT = Language(
    _patterns(
        r"\s{0,8}(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
        r"(?:function\s*\*?|class|interface|enum|namespace)\s+([A-Za-z_$][\w$]{0,99})",
        r"(?:export\s+)?(?:declare\s+)?type\s+([A-Za-z_$][\w$]{0,99})\s*[=<]",
        r"export\s+(?:declare\s+)?(?:const|let|var)\s+([A-Za-z_$][\w$]{0,99})",
        r"(?:const|let|var)\s+([A-Za-z_$][\w$]{0,99})\s*=\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*=>"
        r"|\w+\s*=>|\($)",
    ),
    public=re.compile(r"export\s"),
)
_GO = Language(
    _patterns(
        rf"func\s+(?:\([^()]{{0,80}}\)\s*)?{_NAME}\s*[(\[]",
        rf"(?:type|const|var)\s+{_NAME}\b",
    ),
    private=re.compile(r"[a-z_]\w*$"),
)
_RUST = Language(
    _patterns(
        r"\s{0,12}(?:pub(?:\([^()]{1,40}\))?\s+)?(?:default\s+)?(?:const\s+)?(?:async\s+)?"
        rf"(?:unsafe\s+)?(?:extern\s+\"[^\"]{{1,20}}\"\s+)?(?:fn|struct|enum|trait|union|type)\s+{_NAME}",
        rf"\s{{0,8}}(?:pub(?:\([^()]{{1,40}}\))?\s+)?(?:const|static)\s+(?:mut\s+)?{_NAME}\s*:",
        rf"\s{{0,8}}macro_rules!\s+{_NAME}",
    ),
    public=re.compile(r"\s*pub\s"),
)
_MODIFIERS = (
    r"(?:(?:public|protected|private|internal|static|final|abstract|sealed|partial|open|override"
    r"|virtual|async|inline|suspend|data|readonly|extern|unsafe|synchronized|default|native)\s+)"
)
_JVM_TYPES = (
    rf"\s{{0,8}}{_MODIFIERS}*(?:class|interface|enum|record|struct|object|@interface)\s+{_NAME}"
)
_JAVA = Language(
    _patterns(
        _JVM_TYPES,
        rf"\s{{1,12}}{_MODIFIERS}{{1,6}}(?:<[^<>()]{{1,40}}>\s*)?[\w<>\[\].,?]{{1,80}}\s+{_NAME}\s*\(",
    ),
    public=re.compile(r"\s*(?:public|protected)\s"),
)
_KOTLIN = Language(
    _patterns(
        _JVM_TYPES,
        rf"\s{{0,12}}{_MODIFIERS}*(?:fun|def)\s+(?:<[^<>]{{1,40}}>\s*)?(?:\w{{1,60}}\.)?{_NAME}\s*[(\[]",
    ),
    private=re.compile(r"\s*(?:private|internal)\b|_"),
)
_SWIFT_MODIFIERS = (
    r"(?:(?:@\w++|public|open|internal|private|fileprivate|static|final|override|mutating)\s+)"
)
_SWIFT = Language(
    _patterns(
        rf"\s{{0,8}}{_SWIFT_MODIFIERS}*(?:class|struct|enum|protocol|actor|func|typealias)\s+{_NAME}"
    ),
    public=re.compile(r"\s*(?:@\w+\s+)?(?:public|open)\s"),
)
_C = Language(
    _patterns(
        rf"\s{{0,4}}(?:typedef\s+)?(?:template\s*<[^<>]{{0,80}}>\s*)?(?:class|struct|union|enum(?:\s+class)?)"
        rf"\s+(?:[A-Z_]{{3,40}}\s+)?{_NAME}\s*(?:final\s*)?[:{{]",
        rf"#\s*define\s+{_NAME}",
        rf"(?!(?:return|else|if|for|while|switch|case|using|namespace|typedef|throw|delete|new|goto|do)\b)"
        rf"[A-Za-z_][\w:<>,&*\s]{{0,120}}?[\s*&](?:\w{{1,60}}+::)*~?{_NAME}\s*\([^;]*[^;]?$",
    ),
)
_RUBY = Language(
    _patterns(
        r"\s{0,8}(?:private\s+)?def\s+(?:self\.)?([a-zA-Z_]\w{0,99}[?!=]?)",
        r"\s{0,8}(?:class|module)\s+([A-Z][\w:]{0,99})",
        r"\s{0,8}([A-Z][A-Z0-9_]{1,99})\s*=[^=]",
    ),
    private=re.compile(r"\s*private\s|_"),
)
_PHP = Language(
    _patterns(
        r"\s{0,8}(?:(?:public|protected|private|static|abstract|final|readonly)\s+){0,4}"
        rf"(?:function|class|interface|trait|enum)\s+&?{_NAME}"
    ),
    private=re.compile(r"\s*(?:\w+\s+)?private\s"),
)
_LANGUAGES = {
    "py pyi pyx": _PYTHON,
    "js jsx mjs cjs ts tsx vue svelte": _JAVASCRIPT,
    "go": _GO,
    "rs": _RUST,
    "java cs": _JAVA,
    "kt kts scala groovy": _KOTLIN,
    "swift": _SWIFT,
    "c h cc cpp cxx hpp hh cu cuh m mm": _C,
    "rb": _RUBY,
    "php": _PHP,
}
LANGUAGES = {
    ending: language for endings, language in _LANGUAGES.items() for ending in endings.split()
}
"""The languages by the ending of their files."""
