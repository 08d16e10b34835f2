"""Values that are given to something called a password, a secret, a token or a key.

What such a value looks like depends on who made it, so secrets are told by their form from names,
calls, stand-ins and words; see `analyzers.redaction.randomness`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from analyzers.redaction.cuts import Cut
from analyzers.redaction.randomness import is_random, is_stand_in, is_well_known, pieces

PASSWORD: Final = "password"  # noqa: S105 - a word, no secret
_KINDS: Final = {
    b"passw": PASSWORD,
    b"passphrase": PASSWORD,
    b"pwd": PASSWORD,
    b"secret": "secret",
    b"token": "token",
    b"key": "api-key",
    b"auth": "credential",
    b"credential": "credential",
}
"""What is looked for in any case, and what the placeholder of its value says."""

_LONGEST: Final = 512
"""Characters of a value that are looked at; what goes on is taken along."""
_LONG: Final = 64
"""Characters from which a value that is no secret is not searched for names once more, so that
`key=key=key=` is not read a hundred times."""
_NAME_LENGTH: Final = 20
"""Characters of a name of a variable or type; longer ones are told by their words."""
_SHORTEST: Final = 12
"""Characters of a token. People who choose a password have less patience."""

_ASSIGNMENT: Final = re.compile(
    rb"""
    (?:passw(?:or)?d?|passphrase|pwd|secret|token|key|auth|credential)
    (?P<suffix>[\w.-]{0,40}+)
    \\{0,3}["'`]?\]?                                    # the end of a quoted name
    (?P<sign>
      [ \t]*+(?::=|=>|={1,3}|:)[ \t]*+(?![\w.\[\]<>|&?*]{1,30}(?:[ \t]+=[^=]|=["'`]))
    | [ \t]*+:[ \t]*+[\w.\[\]<>|&?*]{1,30}[ \t]*+=[ \t]*+   # name: Type = value
    | [ \t][\w*]{1,20}[ \t]*+=[ \t]*+                   # name Type = value
    | [ \t]*+,[ \t]*+(?=\\{0,3}["'`])                   # define("NAME", "value")
    | [ \t]++value[ \t]*+=[ \t]*+                       # name="..." value="..."
    | [ \t]*+/?>[ \t]*+                                 # <name>value</name>
    | \n[ +-]?[ \t]*+["']?value["']?:[ \t]*+            # name: ... and value: ... of YAML
    | [ \t]                                             # --name value
    )
    (?:
      \\{0,3}(?:
        "(?P<in_double>(?:[^\s"\\]|\\(?!["'`\s]).){6,512}+)
      | '(?P<in_single>(?:[^\s'\\]|\\(?!["'`\s]).){6,512}+)
      | `(?P<in_back>(?:[^\s`\\]|\\(?!["'`\s]).){6,512}+)
      )
    | (?P<bare>[^\s"'`\\<>,;(){}\[\]&|$][^\s"'`\\<>,;(){}\[\]&|]{5,511}+)
    )
    """,
    re.VERBOSE,
)
_REST: Final = {
    "in_double": re.compile(rb'[^\s"\\]*'),
    "in_single": re.compile(rb"[^\s'\\]*"),
    "in_back": re.compile(rb"[^\s`\\]*"),
    "bare": re.compile(rb"[^\s\"'`\\<>,;(){}\[\]&|]*"),
}
_END: Final = {
    "in_double": re.compile(rb'"|\\|\Z'),
    "in_single": re.compile(rb"'|\\|\Z"),
    "in_back": re.compile(rb"`|\\|\Z"),
    "bare": re.compile(rb"[;&|<\"'`\\]|[ \t]*+(?:\Z|\n|#|//)|[ \t]++[\w\"'\\-]"),
}
"""What comes after a value; otherwise it is the beginning of a sentence or an expression."""

_ABOUT: Final = frozenset(
    b"id ids name names path paths file files filename dir folder type types kind uri url urls"
    b" endpoint host hash sha sha1 sha256 digest checksum fingerprint arn version ref refs field"
    b" fields column header headers prefix suffix pattern regex format algorithm alg policy ttl at"
    b" date count length size index class provider label labels store env var py js ts go rs java"
    b" md txt yml yaml json rb php cs c h cc cpp izer izers ized ize ization or ors ority".split()
)
"""How names end that are only about such a thing: `token_url`, `secretName`, `tokenizer`."""

_OPENING: Final = tuple(
    b"api access private secret encrypt encryption decrypt decryption signing sign signature auth"
    b" account master admin service shared storage license licence deploy deployment app"
    b" application client subscription function functions session hmac jwt webhook integration"
    b" write consumer security cipher crypto aes server rest token bot user host ssh project team"
    b" org".split()
)
"""What stands before `key` where it opens something: most keys are those of a dictionary."""

_PUBLIC: Final = (
    *(b"public", b"publishable", b"pub", b"next", b"page", b"continuation", b"cursor", b"sync"),
    *(b"csrf", b"bos", b"eos", b"pad", b"unk"),
)
"""What stands before a key or token that is none of the secret ones."""

_OPTION: Final = re.compile(rb"(?:\A|[\s\"'])--?[\w-]{0,30}$")
_PLACEHOLDER: Final = re.compile(rb"\[(?:secret:[a-z-]*)?$")
_UUID: Final = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_REFERENCE: Final = re.compile(
    rb"[A-Za-z_]\w*+(?:(?:\.|::|->)[A-Za-z_]\w*+)+|[@~.]?/[a-z0-9_./-]*(?:\.\w+)?|[a-z+]{2,10}://.*"
)
_DIGIT: Final = re.compile(rb"[0-9]")
_LETTER: Final = re.compile(rb"[A-Za-z]")
_SYMBOL: Final = re.compile(rb"[!@#$%^&*+=?~]")
_NAME: Final = re.compile(rb"[A-Za-z_][a-z_.-]*+(?:[A-Z][a-z]+)*+[0-9]?")


def assigned_secrets(data: bytes, folded: bytes) -> Iterator[Cut]:
    """The secrets among the values of a text, in no order.

    Args:
        data: the text.
        folded: the same in lower case.
    """
    for mark, kind in _KINDS.items():
        at = folded.find(mark)
        while at >= 0:
            after = at + len(mark)
            if found := _ASSIGNMENT.match(folded, at):
                if cut := _secret(data, folded, found, kind):
                    yield cut
                if found.end() - found.end("sign") >= _LONG:
                    after = found.end()
            at = folded.find(mark, after)


def _secret(data: bytes, folded: bytes, found: re.Match[bytes], kind: str) -> Cut | None:
    form = str(found.lastgroup)
    start, end = found.span(form)
    value = data[start:end]
    before = folded[max(0, found.start() - 40) : found.start()]
    name = before.rstrip(b"_.-\"'")
    if found["sign"] in (b" ", b"\t") and not _OPTION.search(before):
        return None  # prose
    if _PLACEHOLDER.search(before):
        return None  # a word of ours
    if name.endswith(_PUBLIC) or (kind == "api-key" and not name.endswith(_OPENING)):
        return None
    ending = pieces(data[slice(*found.span("suffix"))])[-1:]
    if ending and ending[0].lower() in _ABOUT:
        return None
    if _UUID.fullmatch(value):
        return Cut(start, end, kind) if kind != PASSWORD and name.endswith(_OPENING) else None
    if not _is_secret(value, kind, is_bare=form == "bare"):
        return None
    if len(value) >= _LONGEST and (rest := _REST[form].match(data, end)):
        end = rest.end()
    whole = _END[form].match(data, end) or (form == "bare" and is_random(value))
    return Cut(start, end, kind) if whole else None


def _is_secret(value: bytes, kind: str, *, is_bare: bool) -> bool:
    if _REFERENCE.fullmatch(value) or is_stand_in(value):
        return False
    if kind == PASSWORD:
        return _is_password(value, is_bare=is_bare)
    if is_bare and len(value) < _NAME_LENGTH and not _DIGIT.search(value):
        return False  # a variable or a type
    return len(value) >= _SHORTEST and is_random(value)


def _is_password(value: bytes, *, is_bare: bool) -> bool:
    """Whether it is no word, name or number; what stands bare may well be a variable."""
    if is_well_known(value) or _NAME.fullmatch(value) or not _LETTER.search(value):
        return False
    kinds = bool(_DIGIT.search(value)) + bool(_SYMBOL.search(value))
    if kinds > is_bare:
        return True
    return (kinds > 0 or len(value) >= _NAME_LENGTH) and is_random(value)
