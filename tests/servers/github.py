"""GitHub's REST API over a real socket, from a real git repository, as strict as the real one.

    async with GitHubServer(path) as server:
        GitHubSource("acme/widget", api_url=server.api_url, ...)

What a test wants to go wrong it puts in front of the answers with `inject`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote, urlencode

from aiohttp import web

from tests.servers.github_data import GitData, Json

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Answers a request in place of the API."""

DATE = re.compile(r"(?:19[7-9]\d|20\d\d)-\d\d-\d\dT\d\d:\d\d:\d\dZ")
VERSIONS = ("2022-11-28",)
HEADS = "refs/heads/"


class RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Page(NamedTuple):
    """An answer of 200."""

    body: bytes
    kind: str
    link: str = ""

    @classmethod
    def json(cls, value: object, link: str = "") -> Self:
        return cls(json.dumps(value, ensure_ascii=False).encode(), "application/json", link)


@dataclass
class Seen:
    """A request that came in."""

    target: str
    """Path and query as they were sent."""
    headers: dict[str, str]
    """The headers, by lower-case names."""
    status: int = 0
    """What was answered; 0 while it is under way."""
    at: float = field(default_factory=time.monotonic)
    """When it came in."""


@dataclass
class GitHubServer:
    """One repository and its API. The fields are switches that a test may turn at any time."""

    path: Path
    name: str = "acme/widget"
    old_names: tuple[str, ...] = ()
    """Names that answer 301."""
    private: bool = False
    """Whether only a token sees it."""
    tokens: tuple[str, ...] = ("a-token",)
    """Tokens that are valid."""
    limit: int = 5000
    """Requests that count before the primary limit refuses."""
    patch_limit: int = 100_000
    """Bytes beyond which a file's patch is not in the JSON."""
    diff_limit: int = 10_000_000
    """Bytes beyond which there is no whole diff."""
    scopes: str | None = None
    """What a classic token may do; None for a fine-grained one, which has no scopes."""
    expires: str = ""
    """When the token does, as the API says it: `2026-12-01 10:00:00 UTC`."""
    since_stops: bool = True
    """Whether a list with `since` ends at the first older commit of a line, as git's does."""
    seen: list[Seen] = field(default_factory=list)
    """All requests."""
    counted: int = 0
    """Requests that cost rate limit."""
    most_at_once: int = 0
    """The largest number of requests under way together."""
    _faults: list[tuple[str, str, int, Fault]] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _port: int = 0
    _at_once: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/v3"

    async def __aenter__(self) -> Self:
        self.data = GitData(self.path)
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *failure: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    def inject(self, *faults: Fault, times: int = 1, path: str = "", accept: str = "") -> None:
        """Answer the next requests by these, each `times` times; only those whose target holds
        `path` and that accept a media type that holds `accept`."""
        self._faults += [(path, accept, times, fault) for fault in faults]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.raw_path, headers)
        self.seen.append(seen)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if fault := self._next_fault(request):
                response = await fault(request)
            else:
                response = await self._answer(request)
            seen.status = response.status
            return response
        finally:
            self._at_once -= 1

    def _next_fault(self, request: web.Request) -> Fault | None:
        for number, (path, accept, times, fault) in enumerate(self._faults):
            if path in request.raw_path and accept in request.headers.get("Accept", ""):
                if times > 1:
                    self._faults[number] = (path, accept, times - 1, fault)
                else:
                    del self._faults[number]
                return fault
        return None

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            if request.path.removeprefix("/api/v3") == "/rate_limit":
                return self._rate_limit(authorised=self._authorise(request))
            authorised = self._check(request)
            page = await self._route(request, authorised)
        except RefusedError as refused:
            self.counted += refused.status not in (301, 401)
            said = {"message": refused.message, "status": str(refused.status)}
            headers = self._limits() | refused.headers
            return web.json_response(said, status=refused.status, headers=headers)
        varies = (request.headers.get(name, "") for name in ("Accept", "Authorization"))
        mark = sha256(page.body + "\n".join(varies).encode()).hexdigest()
        headers = {"ETag": f'W/"{mark}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            self.counted += not authorised
            return web.Response(status=304, headers=self._limits() | headers)
        self.counted += 1
        headers |= {"Content-Type": f"{page.kind}; charset=utf-8"}
        headers |= self._limits() | ({"Link": page.link} if page.link else {})
        return web.Response(body=page.body, headers=headers)

    def _limits(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.counted)),
            "X-RateLimit-Reset": str(int(time.time()) + 1800),
            "X-RateLimit-Used": str(self.counted),
            "X-RateLimit-Resource": "core",
            "X-GitHub-Request-Id": "0000:0000",
        }

    def _rate_limit(self, *, authorised: bool) -> web.Response:
        """What is left; to ask for it costs nothing, and is possible with nothing left."""
        headers = self._limits()
        if authorised and self.scopes is not None:
            headers["X-OAuth-Scopes"] = self.scopes
        if authorised and self.expires:
            headers["GitHub-Authentication-Token-Expiration"] = self.expires
        names = ("Limit", "Remaining", "Reset", "Used")
        core = {name.lower(): int(headers[f"X-RateLimit-{name}"]) for name in names}
        return web.json_response({"resources": {"core": core}, "rate": core}, headers=headers)

    def _check(self, request: web.Request) -> bool:
        """Whether a request is authorised; refuses those that the API would not look at."""
        authorised = self._authorise(request)
        if self.counted >= self.limit:
            raise RefusedError(403, "API rate limit exceeded for 127.0.0.1.")
        return authorised

    def _authorise(self, request: web.Request) -> bool:
        if not request.headers.get("User-Agent"):
            raise RefusedError(403, "Request forbidden by administrative rules.")
        version = request.headers.get("X-GitHub-Api-Version", VERSIONS[0])
        if version not in VERSIONS:
            raise RefusedError(400, f"Version {version} is not supported")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if token and (scheme.lower() not in ("bearer", "token") or token not in self.tokens):
            raise RefusedError(401, "Bad credentials")
        return bool(token)

    async def _route(self, request: web.Request, authorised: bool) -> Page:
        path = request.raw_path.partition("?")[0].removeprefix("/api/v3")
        found = re.fullmatch(r"/(?:repos/([^/]+/[^/]+)|repositories/(1))(/.*)?", path)
        if not found or request.method != "GET" or (self.private and not authorised):
            raise RefusedError(404, "Not Found")
        called, rest = unquote(found[1] or self.name).lower(), found[3] or ""
        if called in self.old_names:
            query = f"?{request.query_string}" if request.query_string else ""
            raise RefusedError(
                301, "Moved Permanently", Location=f"{self.api_url}/repositories/1{rest}{query}"
            )
        if called != self.name.lower() or rest.endswith("/"):
            raise RefusedError(404, "Not Found")
        query_values = dict(request.query)
        if not rest:
            return Page.json(await self._repository())
        if branch := re.fullmatch(r"/branches(?:/([^/]+))?", rest):
            return await self._branches(branch[1], query_values)
        if ref := re.fullmatch(r"/git/ref/(.+)", rest):
            return Page.json(await self._ref(unquote(ref[1])))
        if pull := re.fullmatch(r"/pulls/(\d+)", rest):
            return Page.json(await self._pull(int(pull[1])))
        accept = request.headers.get("Accept", "")
        return await self._history(rest, query_values, accept)

    async def _history(self, rest: str, query: dict[str, str], accept: str) -> Page:
        if rest == "/commits":
            return await self._list(query)
        if pulls := re.fullmatch(r"/commits/([0-9a-f]{40,64})/pulls", rest):
            return await self._pulls_with(pulls[1])
        if rest == "/tags":
            return Page.json(await self._tags())
        if commit := re.fullmatch(r"/commits/([^/]+)", rest):
            return await self._commit(unquote(commit[1]), query, accept)
        if ends := re.fullmatch(r"/compare/([^/]+?)\.\.\.([^/]+)", rest):
            return await self._compare(unquote(ends[1]), unquote(ends[2]), query)
        raise RefusedError(404, "Not Found")

    async def _repository(self) -> Json:
        branch = await self.data.default_branch()
        return {
            "id": 1,
            "full_name": self.name,
            "private": self.private,
            "default_branch": branch,
            "html_url": f"{self.origin}/{self.name}",
        }

    async def _branches(self, name: str | None, query: dict[str, str]) -> Page:
        if name is not None:
            return Page.json(await self._branch(unquote(name)))
        refs = await self.data.lines("for-each-ref", "--format=%(objectname) %(refname)", HEADS)
        every = [line.partition(" ") for line in refs]
        page, link = self._page(every, query, "branches", default=30, most=100)
        branches = [
            {"name": ref.removeprefix(HEADS), "commit": {"sha": sha}, "protected": False}
            for sha, _, ref in page
        ]
        return Page.json(branches, link)

    async def _branch(self, name: str) -> Json:
        sha = await self.data.ref(f"{HEADS}{name}")
        if sha is None:
            raise RefusedError(404, "Branch not found")
        (commit,) = await self.data.commits([sha])
        return {"name": name, "commit": commit, "protected": False}

    async def _ref(self, name: str) -> Json:
        if await self.data.is_empty():
            raise RefusedError(409, "Git Repository is empty.")
        sha = await self.data.ref(f"refs/{name}")
        if sha is None:
            raise RefusedError(404, "Not Found")
        return {"ref": f"refs/{name}", "object": {"sha": sha, "type": "commit"}}

    async def _pull(self, number: int) -> Json:
        head = await self.data.ref(f"refs/pull/{number}/head")
        if head is None:
            raise RefusedError(404, "Not Found")
        base = await self.data.default_branch()
        into = {"ref": base, "sha": await self.data.ref(f"{HEADS}{base}")}
        return {"number": number, "base": into, "head": {"ref": "topic", "sha": head}}

    async def _pulls_with(self, sha: str) -> Page:
        """Open pull requests with a commit. The default branch's have been merged."""
        refs = await self.data.lines(
            "for-each-ref", f"--contains={sha}", "--format=%(refname)", "refs/pull/"
        )
        return Page.json([{"number": int(ref.split("/")[2])} for ref in refs])

    async def _tags(self) -> list[Json]:
        names = await self.data.lines("for-each-ref", "--format=%(refname:short)", "refs/tags/")
        tips = {name: await self.data.ref(f"refs/tags/{name}") for name in names}
        return [{"name": name, "commit": {"sha": sha}} for name, sha in tips.items() if sha]

    async def _list(self, query: dict[str, str]) -> Page:
        if await self.data.is_empty():
            raise RefusedError(409, "Git Repository is empty.")
        sha = await self.data.resolve(query.get("sha", "HEAD"))
        if sha is None:
            raise RefusedError(404, "Not Found")
        options = []
        for name in ("since", "until"):
            if value := query.get(name):
                if not DATE.fullmatch(value):
                    raise RefusedError(422, f"Invalid {name}")
                stops = name == "until" or self.since_stops
                options.append(f"--{name}{'' if stops else '-as-filter'}={value}")
        shas = await self.data.lines("rev-list", *options, sha)
        page, link = self._page(shas, query, "commits", default=30, most=100)
        return Page.json(await self.data.commits(page), link)

    async def _commit(self, name: str, query: dict[str, str], accept: str) -> Page:
        if await self.data.is_empty():
            raise RefusedError(409, "Git Repository is empty.")
        sha = await self.data.resolve(name)
        if sha is None:
            raise RefusedError(422, f"No commit found for SHA: {name}")
        if accept.startswith("application/vnd.github.sha"):
            return Page(sha.encode(), "application/vnd.github.sha")
        every = await self.data.files(sha)
        if accept.startswith(("application/vnd.github.diff", "application/vnd.github.patch")):
            diff = await self.data.diff(sha, style="-p" if "diff" in accept else "--stat")
            if len(every) > 300 or len(diff) > self.diff_limit:
                raise RefusedError(406, "Sorry, the diff exceeded the maximum number of files.")
            return Page(diff, accept.partition(";")[0])
        where = f"commits/{quote(name, safe='')}"
        page, link = self._page(every[:3000], query, where, default=300, most=300)
        (commit,) = await self.data.commits([sha])
        stats = {key: sum(file[key] for file in every) for key in ("additions", "deletions")}
        stats["total"] = sum(stats.values())
        return Page.json(commit | {"stats": stats, "files": self._shown(page)}, link)

    def _shown(self, files: Sequence[Json]) -> list[Json]:
        def is_shown(key: str, value: Any) -> bool:
            return key != "patch" or len(value.encode()) <= self.patch_limit

        return [{k: v for k, v in file.items() if is_shown(k, v)} for file in files]

    async def _compare(self, base_name: str, head_name: str, query: dict[str, str]) -> Page:
        base, head = await self.data.resolve(base_name), await self.data.resolve(head_name)
        if base is None or head is None:
            raise RefusedError(404, "Not Found")
        merge_base = await self.data.git("merge-base", base, head)
        if not merge_base:
            raise RefusedError(404, f"No common ancestor between {base_name} and {head_name}.")
        start = merge_base.decode().split()[0]
        ahead = (await self.data.only_in(head, base))[::-1]
        behind = await self.data.only_in(base, head)
        page, link = ahead[-250:], ""
        if query.keys() & {"page", "per_page"}:
            where = f"compare/{quote(base_name, safe='')}...{quote(head_name, safe='')}"
            page, link = self._page(ahead, query, where, default=30, most=100)
        status = (
            ("diverged" if behind else "ahead") if ahead else "behind" if behind else "identical"
        )
        commits = await self.data.commits([start, *page])
        answer: Json = {
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "merge_base_commit": commits[0],
            "commits": commits[1:],
            "files": [],
        }
        if query.get("page", "1") == "1":
            answer["files"] = self._shown((await self.data.files_between(start, head))[:300])
        return Page.json(answer, link)

    def _page(
        self, items: list[Any], query: dict[str, str], where: str, *, default: int, most: int
    ) -> tuple[list[Any], str]:
        """A page of a list and the `Link` header, which names the repository by its number."""
        size = min(max(int(query.get("per_page", default)), 1), most)
        number, last = int(query.get("page", 1)), max(1, -(-len(items) // size))
        links = []
        for rel, page in (("prev", number - 1), ("next", number + 1), ("last", last), ("first", 1)):
            if 1 <= page <= last and (page != number) and not (rel == "first" and number == 1):
                target = urlencode(query | {"page": str(page)})
                links.append(f'<{self.api_url}/repositories/1/{where}?{target}>; rel="{rel}"')
        return items[(number - 1) * size : number * size], ", ".join(links)
