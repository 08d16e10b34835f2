"""Single commits: expanded from a digest that the channel got, or analysed by their address."""

from __future__ import annotations

import re
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import InputError, RevisionNotFound, SourceError
from analyzers.model import Entry, Repository, RulesReason
from analyzers.ports import Account, AnalysisRequest
from bot.access import TERMINAL
from bot.analysing import analyse_commit
from bot.commands.digests import Digests
from bot.commands.grammar import USAGE, Command, Name
from bot.commands.scene import Scene, Show
from bot.conversation import Answer
from bot.deliveries.delivery import Delivered
from bot.sources.commits import is_object_name
from bot.sources.links import CommitLink, PullLink, RangeLink
from bot.sources.locators import Folder, Locator
from formatters.model import Action, Page, Small, Verb
from formatters.pages import detail_page
from formatters.text import Words, words_for

if TYPE_CHECKING:
    from bot.app import Application

_SHA: Final = re.compile(r"[0-9A-Fa-f]{4,64}")


@final
class Commits:
    """Answers `/expand` and `/analyze`, and what is pressed on a digest."""

    def __init__(self, app: Application, digests: Digests) -> None:
        """Read with the application's sources, analyzer and stores."""
        self._app = app
        self._digests = digests

    async def expand(self, command: Command, scene: Scene, show: Show) -> Answer:
        """One commit of a digest that this channel got, by its number or its SHA."""
        if len(command.operands) != 1:
            raise InputError("error-expand-what", command=scene.typed(USAGE[Name.EXPAND]))
        target = command.operands[0].removeprefix("#")
        if found := await self._delivered(target, scene.channel):
            record, number = found
        elif re.fullmatch(r"\d{1,6}", target, re.ASCII):
            record, number = await self._numbered(scene), int(target)
        else:
            raise _unknown_sha(target, scene)
        page = await self._expanded(record, number, scene.channel, show)
        return Answer(page, words_for(record.language), beneath=record.known_messages)

    async def analyze(self, command: Command, scene: Scene, show: Show) -> Answer:
        """Any commit; a comparison or a pull request is answered with a digest of it."""
        if len(command.operands) != 1:
            raise InputError("error-analyze-what", command=scene.typed(USAGE[Name.ANALYZE]))
        target = command.operands[0]
        if _SHA.fullmatch(target):
            return await self._analysed_by_sha(target, scene, show)
        match self._app.link(target, scene.channel):
            case CommitLink(locator, name):
                return await self._analysed(locator, name, scene, show)
            case RangeLink(locator, span):
                return await self._digests.digest_of_range(locator, span, scene, show)
            case PullLink(locator, number):
                async with self._app.source(locator, scene.channel, scene.told(show)) as source:
                    span = await source.pull_request(number)
                digests = self._digests
                return await digests.digest_of_range(locator, span, scene, show, is_own=True)

    async def press(self, action: Action, scene: Scene, show: Show) -> Answer:
        """What a control of a digest asks for.

        Raises:
            InputError: this channel got no such digest; a control can be forged, or too old.
        """
        record = await self._app.delivered.get(scene.channel, action.digest)
        if record is None:
            raise InputError("error-digest-gone", command=scene.typed("analyze owner/repo@SHA"))
        match action.verb:
            case Verb.EXPAND:
                page = await self._expanded(record, action.number, scene.channel, show)
                page = replace(page, folds_to=Action(Verb.FOLD, action.digest, action.number))
            case Verb.FOLD | Verb.NUMBERS:
                page = record.page
            case Verb.REPORT:
                return await self._digests.report_of(record, scene, show)
        return Answer(page, words_for(record.language), in_place=action)

    async def preview(self, url: str, scene: Scene) -> Page | None:
        """The analysis of a public commit, if it is there already: a preview costs no model, and
        where no analysis is, no request either. Grants do not count: links go anywhere.

        Raises:
            CommitcastError: it is no commit's address, or the commit cannot be read.
        """
        link = self._app.link(url, scene.channel)
        if not isinstance(link, CommitLink) or not is_object_name(sha := link.name):
            return None
        analysis = await self._app.known_analysis(sha, scene.language)
        if analysis is None:
            return None
        async with self._app.source(link.locator, scene.channel, named=sha) as source:
            if not await source.is_public():
                return None
            async with aclosing(source.read([sha])) as commits:
                async for commit in commits:
                    entry = Entry(1, commit, analysis)
                    return _detail(entry, source.repository, scene.zone, scene.words)
        return None

    async def _expanded(self, record: Delivered, number: int, channel: str, show: Show) -> Page:
        if not 1 <= number <= len(record.shas):
            raise InputError("error-number-unknown", number=number, n=len(record.shas))
        sha = record.shas[number - 1]
        words = words_for(record.language)
        show(words("progress-commit", sha=sha[:7]))
        locator = self._app.locate(record.repository, channel)
        wanted = AnalysisRequest(record.language, Account(channel, locator.address), in_full=True)
        async with self._app.source(locator, channel) as source:
            entry = await analyse_commit(source, self._app.analyzer, sha, wanted)
            branch = record.branches[sha] or record.branch
            entry = replace(entry, number=number, branch=branch)
            return _detail(entry, source.repository, record.zone, words)

    async def _numbered(self, scene: Scene) -> Delivered:
        """The digest of the thread, or the latest of the channel."""
        latest: Delivered | None = None
        async with aclosing(self._app.delivered.newest(scene.channel)) as records:
            async for record in records:
                latest = latest or record
                if scene.thread is None or scene.thread in record.messages:
                    return record
        if latest is None:
            raise InputError("error-no-digest-here", command=scene.typed(USAGE[Name.DIGEST]))
        return latest

    async def _delivered(self, sha: str, channel: str) -> tuple[Delivered, int] | None:
        """The latest digest of the channel that has the one commit whose name begins so."""
        if not _SHA.fullmatch(sha):
            return None
        async with aclosing(self._app.delivered.newest(channel)) as records:
            async for record in records:
                numbers = [n for n, s in enumerate(record.shas, 1) if s.startswith(sha.lower())]
                if len(numbers) == 1:
                    return record, numbers[0]
        return None

    async def _analysed_by_sha(self, sha: str, scene: Scene, show: Show) -> Answer:
        """A bare SHA: of a digest, of a repository that is followed here, or of this folder."""
        if found := await self._delivered(sha, scene.channel):
            record, number = found
            page = await self._expanded(record, number, scene.channel, show)
            return Answer(page, words_for(record.language))
        followed = await self._app.subscriptions.of_channel(scene.channel)
        locators = [self._app.locate(s.repository, scene.channel) for s in followed]
        if scene.channel == TERMINAL:
            locators.append(Folder(Path()))
        failure: SourceError | None = None
        for locator in locators:
            try:
                return await self._analysed(locator, sha, scene, show)
            except SourceError as exc:  # another one may have it
                if not isinstance(exc, RevisionNotFound) and locator != Folder(Path()):
                    failure = failure or exc
        raise failure or _unknown_sha(sha, scene)

    async def _analysed(self, locator: Locator, name: str, scene: Scene, show: Show) -> Answer:
        show(scene.words("progress-commit", sha=name[:7]))
        account = Account(scene.channel, locator.address)
        wanted = AnalysisRequest(scene.language, account, in_full=True)
        async with self._app.source(locator, scene.channel, scene.told(show), name) as source:
            entry = await analyse_commit(source, self._app.analyzer, name, wanted)
            return Answer(_detail(entry, source.repository, scene.zone, scene.words), scene.words)


def _detail(entry: Entry, repository: Repository, zone: str, words: Words) -> Page:
    page = detail_page(entry, repository, zone, words)
    if entry.analysis.rules_reason is not RulesReason.NOT_CONFIGURED:
        return page
    return replace(page, blocks=(*page.blocks, Small(words("hint-no-model"))))


def _unknown_sha(sha: str, scene: Scene) -> InputError:
    command = scene.typed("analyze owner/repo@SHA")
    return InputError("error-sha-not-here", sha=sha, command=command)
