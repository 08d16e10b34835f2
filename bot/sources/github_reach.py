"""Whether a commit that GitHub shows under a repository's name is the repository's own.

GitHub keeps a repository and all its forks in one store, and shows a commit of any of them under
the name of each, to who knows its SHA or finds out how it begins: also those of private forks, and
of forks that were deleted.
"""

from __future__ import annotations

import re
from typing import Final

from analyzers.errors import RevisionNotFound
from bot.sources.github_json import Comparison, PullList, RefAnswer, TipList, parse
from bot.sources.github_repository import RepositoryApi, segment

MOST_BRANCHES: Final = 10
"""Branches besides the default one whose whole history is asked about: each is a request."""

_CONTAINED: Final = ("behind", "identical")
_SHA: Final = re.compile(r"[0-9A-Fa-f]{4,64}")


async def leads_to(repository: RepositoryApi, name: str, sha: str) -> bool:
    """Whether one of its branches, tags or open pull requests leads to a commit.

    Most commits that people ask about are on the default branch: two requests. One that is nowhere
    costs some dozen.

    Args:
        repository: under whose name it was found.
        name: what it was called there.
        sha: its full name.
    """
    default = (await repository.read()).default_branch
    if await _contains(repository, default, sha):
        return True
    pulls = await repository.get_revision(f"/commits/{sha}/pulls?per_page=1", sha)
    if parse(PullList, pulls.body).root or await _is_ref(repository, name):
        return True
    branches = await _tips(repository, "branches")
    if sha in {*branches.values(), *(await _tips(repository, "tags")).values()}:
        return True
    others = [branch for branch in branches if branch != default]
    for branch in others[:MOST_BRANCHES]:
        if await _contains(repository, branch, sha):
            return True
    return False


async def _contains(repository: RepositoryApi, branch: str, sha: str) -> bool:
    path = f"/compare/{segment(branch)}...{sha}?per_page=1"
    try:
        answer = await repository.get_revision(path, sha)
    except RevisionNotFound:  # they have no common ancestor
        return False
    return parse(Comparison, answer.body).status in _CONTAINED


async def _is_ref(repository: RepositoryApi, name: str) -> bool:
    """Whether a branch or a tag is called so; nothing that could be read as a SHA counts."""
    plain = name.removeprefix("refs/")
    if _SHA.fullmatch(plain):
        return False
    kinds = ("",) if plain.startswith(("heads/", "tags/")) else ("heads/", "tags/")
    for kind in kinds:
        ref = kind + plain
        try:
            path = "/".join(map(segment, ref.split("/")))
            answer = await repository.get_revision(f"/git/ref/{path}", name)
        except RevisionNotFound:
            continue
        if parse(RefAnswer, answer.body).ref == f"refs/{ref}":
            return True
    return False


async def _tips(repository: RepositoryApi, kind: str) -> dict[str, str]:
    """The first hundred branches or tags, each with its commit."""
    answer = await repository.get(f"/{kind}?per_page=100")
    return {tip.name: tip.commit.sha for tip in parse(TipList, answer.body).root}
