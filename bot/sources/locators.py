"""What people call a repository or a commit, parsed. Pure but for looking which folders exist."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from analyzers.errors import InputError, SourceError
from analyzers.text import clean_line, shorten
from bot.sources.giturls import parse_address

MAX_PATH = 1_000
"""Characters of an address's path: longer ones are nobody's repository."""

_OWNER_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,99})/[A-Za-z0-9._-]{1,100}")
_COMMIT_PATH = re.compile(
    r"(?P<repo>[^/]+/.+?)(?:/-)?/(?:pulls?/\d+/commits|commits?)/"
    r"(?P<name>(?!-/).+?)(?:\.patch|\.diff)?/?"
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A repository on this machine."""

    path: Path

    @property
    def label(self) -> str:
        """What to call it while it is read."""
        return self.path.absolute().name or str(self.path)

    @property
    def origin(self) -> str:
        """Where it is, told apart from every other."""
        return str(self.path.absolute())

    @property
    def address(self) -> str:
        """What `parse_repository` makes the same of again, wherever it is called."""
        return self.origin


@dataclass(frozen=True, slots=True)
class GitHubRepository:
    """A repository of the configured GitHub host."""

    owner_name: str
    """`owner/name`."""

    @property
    def label(self) -> str:
        """What to call it while it is read."""
        return self.owner_name

    @property
    def origin(self) -> str:
        """Where it is, told apart from every other on its host."""
        return self.owner_name

    @property
    def address(self) -> str:
        """What `parse_repository` makes the same of again."""
        return self.owner_name


@dataclass(frozen=True, slots=True)
class GitUrl:
    """A repository that git can clone."""

    url: str

    @property
    def label(self) -> str:
        """What to call it while it is read; without the password that may stand in the URL."""
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".git")

    @property
    def origin(self) -> str:
        """Where it is, told apart from every other."""
        return without_userinfo(self.url)

    @property
    def address(self) -> str:
        """What `parse_repository` makes the same of again, but for a password in it: that is not
        to be kept or shown."""
        return parse_address(self.url).url


Locator = Folder | GitHubRepository | GitUrl


def web_address(api_url: str) -> str:
    """Where the pages of a GitHub API are: `https://api.github.com` → `https://github.com`,
    `https://HOST/api/v3` → `https://HOST`."""
    address = urlsplit(api_url)
    return f"{address.scheme}://{address.netloc.removeprefix('api.')}"


def parse_repository(text: str, github_pages: str, *, folders: bool = True) -> Locator:
    """What a repository's name means.

    An existing folder that is named by a path or holds a repository is that folder; a page of the
    GitHub host and `owner/name` mean GitHub's API; any other address, and one that ends in `.git`,
    is cloned by git.

    Args:
        text: the name.
        github_pages: where the pages of the configured GitHub host are.
        folders: False for the words of a chat, which are to find out nothing of this machine:
            no folder is looked for, and only a whole path means one.

    Raises:
        InputError: it is none of these.
    """
    text = text.strip()
    text = text.rstrip("/") or text
    if not folders:
        return _named_in_a_chat(text, github_pages)
    if text.startswith((".", "/", "~")):
        return _folder(text)
    if "://" in text:
        return _parse_address(_split(text), text, github_pages)
    if _is_owner_name(text) and not _holds_repository(Path(text)):
        return GitHubRepository(text.removesuffix(".git"))
    if _is_folder(text):
        return Folder(Path(text))
    return _git_url(text)


def parse_commit(text: str, github_pages: str, *, folders: bool = True) -> tuple[Locator, str]:
    """The repository and the name of a commit.

    A page of a commit (also of a pull request's commit, with `.patch`, `.diff`, query or
    fragment), `REPO@NAME`, or the name alone, which is looked up in the current folder.

    Args:
        text: what was given.
        github_pages: where the pages of the configured GitHub host are.
        folders: as for `parse_repository`.

    Raises:
        InputError: it is none of these.
    """
    text = text.strip()
    address = _split(text) if "://" in text else None
    is_page = address is not None and address.scheme != "file"
    if address and is_page and (page := _COMMIT_PATH.fullmatch(path_of(address))):
        home = address._replace(path=f"/{page['repo']}", query="", fragment="").geturl()
        return parse_repository(home, github_pages, folders=folders), page["name"]
    repository, _, name = text.rpartition("@")
    if address and "@" not in address.path:
        name = ""  # what stands before the @ is a user, not a repository
    if not name or name.startswith("-") or "/" in name:
        code = "error-commit-name" if folders else "error-commit-name-chat"
        raise InputError(code, value=shorten(without_userinfo(text), 200))
    if repository:
        return parse_repository(repository, github_pages, folders=folders), name
    if not folders:
        raise InputError("error-commit-name-chat", value=shorten(text, 200))
    return Folder(Path()), name


def without_userinfo(text: str) -> str:
    """An address as people may see it: without user and password, and without its query."""
    return re.sub(r"^([\w+.-]+://)?[^/\s]*@", r"\1", text).partition("?")[0]


def path_of(address: SplitResult) -> str:
    """The path of an address as people read it, without the slash before it.

    Raises:
        InputError: nothing is called so: it is endless, has control characters, or `..` in it,
            by which it would mean something else than it seems.
    """
    path = unquote(address.path).lstrip("/")
    odd = re.search(r"[\x00-\x1f\x7f]|(?:^|/)\.{1,2}(?:/|$)", path)
    if odd or len(path) > MAX_PATH:
        raise InputError("error-repository-name", value=shorten(clean_line(path), 100))
    return path


def _named_in_a_chat(text: str, github_pages: str) -> Locator:
    if text.startswith("/"):
        return _whole_path(text)
    if _is_owner_name(text):
        return GitHubRepository(text.removesuffix(".git"))
    if "://" in text:
        address = _split(text)
        if address.scheme == "file":
            return _whole_path(unquote(address.path))
        return _of_github(_parse_address(address, text, github_pages), github_pages)
    if "@" in text:
        return _of_github(_git_url(text), github_pages)
    raise _no_repository(text)


def _whole_path(text: str) -> Folder:
    """The folder of a path, without looking whether it is there or where links lead."""
    if not text.startswith("/") or "\0" in text:
        raise _no_repository(text)
    return Folder(Path(os.path.normpath("/" + text.lstrip("/"))))


def _no_repository(text: str) -> InputError:
    return InputError("error-repository-name-chat", value=shorten(without_userinfo(text), 200))


def _is_owner_name(text: str) -> bool:
    name = text.rpartition("/")[2].removesuffix(".git")
    return bool(_OWNER_NAME.fullmatch(text)) and name not in ("", ".", "..")


def _of_github(locator: Locator, github_pages: str) -> Locator:
    """A clone's address on the GitHub host means the repository: only its API tells whether that is
    public."""
    if isinstance(locator, GitUrl):
        address = parse_address(locator.url)
        if address.host == _host(urlsplit(github_pages)):
            if not _is_owner_name(address.path):
                raise _no_repository(locator.url)
            return GitHubRepository(address.path)
    return locator


def _split(text: str) -> SplitResult:
    try:
        address = urlsplit(text)
        _ = address.port
    except ValueError as exc:
        raise InputError("error-repository-name", value=without_userinfo(text)) from exc
    return address


def _parse_address(address: SplitResult, text: str, github_pages: str) -> Locator:
    if address.scheme == "file":
        return Folder(Path(unquote(address.path)))
    path_of(address)
    is_page = address.scheme in ("http", "https") and not address.path.endswith(".git")
    if is_page and _host(address) == _host(urlsplit(github_pages)):
        owner_name = "/".join(address.path.strip("/").split("/")[:2])
        if not _is_owner_name(owner_name):
            raise InputError("error-repository-name", value=without_userinfo(text))
        return GitHubRepository(owner_name)
    return _git_url(text)


def _git_url(text: str) -> GitUrl:
    try:
        address = parse_address(text)
    except SourceError as exc:
        raise InputError("error-repository-name", value=without_userinfo(text)) from exc
    # `word:rest` could be a host's short name, but is sooner something else.
    if "://" not in text and "." not in address.host and "@" not in text.partition(":")[0]:
        raise InputError("error-repository-name", value=without_userinfo(text))
    return GitUrl(text)


def _host(address: SplitResult) -> str:
    return (address.hostname or "").removeprefix("www.")


def _folder(text: str) -> Folder:
    try:
        return Folder(Path(text).expanduser())
    except RuntimeError as exc:  # the home of somebody who is not here
        raise InputError("error-repository-name", value=text) from exc


def _is_folder(text: str) -> bool:
    try:
        return bool(text) and Path(text).is_dir()
    except (OSError, ValueError):
        return False  # nothing can be called so


def _holds_repository(path: Path) -> bool:
    return (path / ".git").exists() or (path / "HEAD").is_file()
