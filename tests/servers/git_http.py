"""A git server over HTTP: git's own `http-backend` behind aiohttp, with faults to switch on."""

from __future__ import annotations

import asyncio
import base64
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Literal, Self

from aiohttp import web

from tests.repositories import ISOLATED, git

Fault = Literal["missing", "forbidden", "broken", "hang", "drop"]


class GitHttpServer:
    """Serves the repositories that are published on it; use it as an async context manager."""

    def __init__(self) -> None:
        """Serve nothing yet, to everybody."""
        self.requests: list[str] = []
        """What was asked for, for example `POST /acme/widget.git/git-upload-pack`."""
        self.authorizations: list[str | None] = []
        """The `Authorization` header of each request."""
        self.login: tuple[str, str] | None = None
        """The user and password to ask for; None lets everybody in."""
        self.redirect: tuple[str, Literal["at once", "after login"]] | None = None
        """The address of another server that a fetch is sent on to, and when."""
        self.fault: Fault | None = None
        """What goes wrong from now on: 404, 403, 503, no answer at all, or an answer that breaks
        off in the middle of a pack."""
        self._published: dict[str, Path] = {}
        self._hanging = asyncio.Event()
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0.1)
        self._port = 0

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hanging.set()
        await self._runner.cleanup()

    def publish(self, repository: Path, name: str = "acme/widget", *, filters: bool = True) -> str:
        """Serve a repository under a name and give its address.

        Args:
            filters: whether contents can be left out of a fetch, as forges allow.
        """
        self._published[name] = Path(git(repository, "rev-parse", "--absolute-git-dir"))
        git(repository, "config", "uploadpack.allowFilter", str(filters).lower())
        git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
        return f"http://127.0.0.1:{self._port}/{name}.git"

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        self.authorizations.append(request.headers.get("Authorization"))
        body = await request.read()
        match self.fault:
            case "hang":
                await self._hanging.wait()
            case "missing":
                raise web.HTTPNotFound
            case "forbidden":
                raise web.HTTPForbidden
            case "broken":
                raise web.HTTPServiceUnavailable
        if self.redirect and self.redirect[1] == "at once":
            raise web.HTTPFound(self.redirect[0] + request.path_qs)
        if self.login and request.headers.get("Authorization") != self._expected():
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="git"'})
        if self.redirect:
            raise web.HTTPFound(self.redirect[0] + request.path_qs)
        name, _, rest = request.path.lstrip("/").partition(".git/")
        if name not in self._published:
            raise web.HTTPNotFound
        return await self._backend(request, self._published[name], rest, body)

    def _expected(self) -> str:
        return "Basic " + base64.b64encode(":".join(self.login or ()).encode()).decode()

    async def _backend(
        self, request: web.Request, repository: Path, rest: str, body: bytes
    ) -> web.StreamResponse:
        environment = ISOLATED | {
            "GIT_PROJECT_ROOT": str(repository.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repository.name}/{rest}",
            "QUERY_STRING": request.query_string,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        process = await asyncio.create_subprocess_exec(
            "git", "http-backend", stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
        )
        output, _ = await process.communicate(body)
        head, _, content = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(headers.pop("Status", "200").split()[0])
        if self.fault == "drop" and b"PACK" in content:
            response = web.StreamResponse(status=status, headers=headers)
            await response.prepare(request)
            await response.write(content[: content.index(b"PACK") + 40])
            assert request.transport
            request.transport.close()
            return response
        return web.Response(status=status, headers=headers, body=content)
