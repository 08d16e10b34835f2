"""The bot on Slack: checks its token, listens in Socket Mode or over HTTP, and ends in order."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.chats.slack import sockets
from bot.chats.slack.api import SlackApi
from bot.chats.slack.conversation import Workspace
from bot.chats.slack.events import Events
from bot.chats.slack.requests import signed_payload
from bot.chats.slack_manifest import EVENTS_PATH
from bot.chats.tasks import Tasks
from bot.conversation import Chat
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.front import Front

_log = logging.getLogger(__name__)
_bolt: Final = logging.getLogger(f"{__name__}.bolt")
# Below that, slack-bolt writes whole payloads, and warns of a token in the environment.
_bolt.setLevel(logging.ERROR)


@final
class SlackChat(Chat):
    """One app in one workspace, or in those of one organisation."""

    def __init__(
        self,
        front: Front,
        *,
        bot_token: str,
        app_token: str | None,
        signing_secret: str | None,
        api_url: str,
        language: str = "en",
    ) -> None:
        """Prepare; nothing is asked of Slack yet.

        Args:
            front: knows the commands.
            bot_token: the bot's, `xoxb-...`.
            app_token: the app-level token of Socket Mode, `xapp-...`; without it Slack sends
                requests to `routes()`.
            signing_secret: what those requests are signed with; they are refused without it.
            api_url: where Slack's methods are.
            language: for the few things that the adapter says itself.
        """
        self._front = front
        self._api = SlackApi(bot_token, api_url)
        self._app_token = app_token
        self._verifier = SignatureVerifier(signing_secret) if signing_secret else None
        self._words = words_for(language)
        self._app: AsyncApp | None = None  # while connected
        self._tasks = Tasks()  # they outlive a connection: answers are sent over others

    @property
    def name(self) -> str:
        """The platform."""
        return "Slack"

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Where Slack sends everything in HTTP mode."""
        if self._app_token or self._verifier is None:
            return ()
        return (web.post(EVENTS_PATH, self._receive),)

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ChatError: Slack cannot be reached, or refuses a token, which is permanent.
        """
        workspace, identity = await self._identify()
        app = _bolt_app(identity, self._api.client.base_url)
        Events(self._front, self._api, workspace, self._tasks, self._words).listen(app)
        try:
            if self._app_token:
                await sockets.serve(app, self._api, self._app_token, self._hears)
            else:
                self._app = app
                _log.info("Slack sends to %s as %s", EVENTS_PATH, workspace.bot_name)
                self._hears(True)
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            await self._tasks.aclose()
            raise
        finally:
            self._app = None
            self._hears(False)

    def _hears(self, is_connected: bool) -> None:
        self.is_connected = is_connected

    async def _identify(self) -> tuple[Workspace, AuthorizeResult]:
        told = await self._api.call(self._api.client.auth_test, repeatable=True)
        everywhere = bool(told.get("is_enterprise_install"))
        workspace = Workspace(
            team=None if everywhere else str(told.get("team_id")),
            bot_user=str(told.get("user_id")),
            bot_name=str(told.get("user")),
            url=str(told.get("url")),
        )
        return workspace, AuthorizeResult(
            enterprise_id=told.get("enterprise_id"),
            team_id=told.get("team_id"),
            bot_id=told.get("bot_id"),
            bot_user_id=told.get("user_id"),
        )

    async def _receive(self, request: web.Request) -> web.Response:
        assert self._verifier is not None  # noqa: S101 - else there is no route here
        payload = await signed_payload(request, self._verifier)
        if self._app is None:
            raise web.HTTPServiceUnavailable
        # The mode says to slack-bolt that nobody needs to check and parse this any more.
        sent = AsyncBoltRequest(body=payload, mode="socket_mode")
        return await to_aiohttp_response(await self._app.async_dispatch(sent))


def _bolt_app(identity: AuthorizeResult, api_url: str) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return identity  # asked once, not with each event

    return AsyncApp(
        name="commitcast",
        logger=_bolt,
        client=AsyncWebClient(base_url=api_url, logger=_bolt, retry_handlers=[]),
        authorize=authorize,
        request_verification_enabled=False,  # `signed_payload` has done it; sockets need none
    )
