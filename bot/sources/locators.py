"""What people call a repository or a commit, parsed. Pure but for looking which folders exist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from analyzers.errors import InputError, SourceError
from bot.sources.giturls import parse_address

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


def parse_repository(text: str, github_pages: str) -> Locator:
    """What a repository's name means.

    An existing folder that is named by a path or holds a repository is that folder; a page of the
    GitHub host and `owner/name` mean GitHub's API; any other address, and one that ends in `.git`,
    is cloned by git.

    Raises:
        InputError: it is none of these.
    """
    text = text.strip()
    if text.startswith((".", "/", "~")):
        return _folder(text)
    if "://" in text:
        return _parse_address(_split(text), text, github_pages)
    if _OWNER_NAME.fullmatch(text) and not _holds_repository(Path(text)):
        return GitHubRepository(text.removesuffix(".git"))
    if _is_folder(text):
        return Folder(Path(text))
    return _git_url(text)


def parse_commit(text: str, github_pages: str) -> tuple[Locator, str]:
    """The repository and the name of a commit.

    A page of a commit (also of a pull request's commit, with `.patch`, `.diff`, query or
    fragment), `REPO@NAME`, or the name alone, which is looked up in the current folder.

    Raises:
        InputError: it is none of these.
    """
    text = text.strip()
    address = _split(text) if "://" in text else None
    if address and (page := _COMMIT_PATH.fullmatch(unquote(address.path).lstrip("/"))):
        home = address._replace(path=f"/{page['repo']}", query="", fragment="").geturl()
        return parse_repository(home, github_pages), page["name"]
    repository, _, name = text.rpartition("@")
    if address and "@" not in address.path:
        name = ""  # what stands before the @ is a user, not a repository
    if not name or name.startswith("-") or "/" in name:
        raise InputError("error-commit-name", value=without_userinfo(text))
    if repository:
        return parse_repository(repository, github_pages), name
    return Folder(Path()), name


def without_userinfo(text: str) -> str:
    """An address as people may see it: without user and password, and without its query."""
    return re.sub(r"^([\w+.-]+://)?[^/\s]*@", r"\1", text).partition("?")[0]


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
    is_page = address.scheme in ("http", "https") and not address.path.endswith(".git")
    if is_page and _host(address) == _host(urlsplit(github_pages)):
        owner_name = "/".join(address.path.strip("/").split("/")[:2])
        if not _OWNER_NAME.fullmatch(owner_name):
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
