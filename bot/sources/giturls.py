"""Addresses that git can clone: which we accept, what they are called, where their pages are. Pure.

No name, path or message that is made here holds the credentials of an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import unquote, urlsplit

from analyzers.errors import SourceError
from analyzers.model import Repository
from analyzers.text import clean_line

_SCHEMES: Final = ("https", "http", "ssh", "git")
_HOST: Final = r"[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]"
_SCP: Final = re.compile(
    rf"(?:(?P<user>[A-Za-z0-9_][\w.-]*)@)?(?P<host>{_HOST}):(?!/?/|:)(?P<path>[^-\s]\S*)"
)
# Hosts whose page of a commit is `/owner/name/commit/SHA`; GitLab redirects it to its own form.
_FORGES: Final = ("github.com", "gitlab.com", "codeberg.org", "gitea.com", "gitee.com")
_SELF_HOSTED: Final = ("github.", "gitlab.", "gitea.", "forgejo.")


@dataclass(frozen=True, slots=True)
class GitAddress:
    """An address taken apart."""

    url: str
    """What git is given: without a password, over HTTP without a user either, and without a query
    or fragment, where people keep tokens."""
    scheme: str
    """`https`, `http`, `ssh` or `git`."""
    host: str
    """The host's name in lower case, without a port."""
    path: str
    """The repository's path on the host, without slashes around it and without `.git`."""
    login: tuple[str, str] | None = field(default=None, repr=False)
    """The user and password to give over HTTP, where the address has them. Secret."""

    @property
    def folder_name(self) -> str:
        """A name for its mirror: readable, safe on every file system, one per address."""
        readable = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(self.path.split("/")[-2:])).strip("-")
        return f"{readable[:60].lower()}-{sha256(self.url.encode()).hexdigest()[:16]}"

    @property
    def repository(self) -> Repository:
        """The repository as people know it; with a page where the host is a known forge."""
        told = [part for part in clean_line(unquote(self.path)).split("/") if part]
        # Names become paths of files, so none of their parts may lead elsewhere.
        parts = [part for part in told if part not in (".", "..")] or [self.host]
        is_plain = parts == told and re.fullmatch(r"[\w./~+-]+", self.path)
        if _is_forge(self.host) and len(parts) > 1 and is_plain:
            return Repository("/".join(parts), f"https://{self.host}/{self.path}")
        return Repository("/".join(parts[-2:]))


def parse_address(url: str) -> GitAddress:
    """An address as people write it: a URL, or `user@host:path` for SSH.

    Raises:
        SourceError: it is of a kind that git is not asked to clone. The error shows no more of it
            than its scheme and host: what follows may be a password in the wrong place.
    """
    if re.search(r"[\x00-\x20\x7f]", url) or url.startswith("-"):
        raise _refused(url)
    if "://" not in url:
        if not (found := _SCP.fullmatch(url)):
            raise _refused(url)
        return GitAddress(url, "ssh", found["host"].lower(), _trimmed(found["path"]))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise _refused(url) from exc
    path = _trimmed(parts.path)
    bare_host = f"[{host}]" if ":" in host else host
    if parts.scheme not in _SCHEMES or not re.fullmatch(_HOST, bare_host) or not path:
        raise _refused(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    # A line end in them would be one in what git reads from a credential helper.
    if user.startswith("-") or re.search(r"[\x00-\x1f\x7f]", user + password):
        raise _refused(url)
    login, kept_user = None, ""
    if parts.scheme == "ssh":
        kept_user = f"{parts.username}@" if user else ""
    elif user or password:
        login = (user, password)
    netloc = f"{kept_user}{bare_host}" + (f":{port}" if port else "")
    plain = parts._replace(netloc=netloc, query="", fragment="").geturl()
    return GitAddress(plain, parts.scheme, host, path, login)


def remote_repository(url: str) -> Repository | None:
    """The repository on a known forge that an address names, or None for any other."""
    try:
        address = parse_address(url)
    except SourceError:
        return None  # a remote of a kind that we would not clone still names a folder's origin
    repository = address.repository
    return repository if repository.web_url else None


def mask(text: str) -> str:
    """Text without the user and password of any address in it; rather too much goes than too
    little."""
    return re.sub(r"://[^\s'\"]*@", "://", text)


def _trimmed(path: str) -> str:
    return path.strip("/").removesuffix(".git").strip("/")


def _is_forge(host: str) -> bool:
    # `github.com.example` is nobody's company server.
    imitates = host.startswith(tuple(f"{forge}." for forge in _FORGES))
    return host in _FORGES or (host.startswith(_SELF_HOSTED) and not imitates)


def _refused(url: str) -> SourceError:
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,20}(?=::?/?/?)", url)
    return SourceError("error-git-url", place=f"{scheme[0]}:…" if scheme else "…")
