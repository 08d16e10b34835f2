"""A digest or one commit as JSON for other tools, and the schema of both.

`python -m formatters.json_document > docs/digest.schema.json` writes the schema anew.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

from pydantic import Discriminator, TypeAdapter

from analyzers import model
from formatters import json_models as models
from formatters.counts import count


def document(digest: model.Digest) -> str:
    """A digest as a `commitcast.digest/1` document."""
    made = models.DigestDocument(
        generated_at=digest.generated_at,
        language=digest.language,
        repository=models.Repository.model_validate(digest.repository),
        branch=digest.branch,
        head=digest.head,
        span=_span(digest.span),
        remarks=tuple(models.Remark.model_validate(remark) for remark in digest.remarks),
        overview=digest.overview,
        counts=models.Counts(**asdict(count(digest.entries)), left_out=dict(digest.left_out)),
        groups=tuple(_group(group) for group in digest.groups),
        commits=tuple(_commit(entry, digest.repository) for entry in digest.entries),
    )
    return made.model_dump_json(indent=2)


def commit_document(entry: model.Entry, repository: model.Repository) -> str:
    """One commit as a `commitcast.commit/1` document."""
    made = models.CommitDocument(
        repository=models.Repository.model_validate(repository), commit=_commit(entry, repository)
    )
    return made.model_dump_json(indent=2)


def schema() -> str:
    """The JSON Schema of both documents, told apart by their `format`."""
    either = Annotated[models.DigestDocument | models.CommitDocument, Discriminator("format")]
    adapter: TypeAdapter[object] = TypeAdapter(either)
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Commitcast documents",
        **adapter.json_schema(mode="serialization"),
    }
    return json.dumps(made, indent=2) + "\n"


def _span(span: model.Span) -> models.Span:
    if isinstance(span, model.Day):
        return models.Day.model_validate(span)
    if isinstance(span, model.Period):
        return models.Period.model_validate(span)
    if isinstance(span, model.Edition):
        return models.Edition.model_validate(span)
    return models.Range.model_validate(span)


def _group(group: model.Group) -> models.Group:
    return models.Group(
        kind=group.kind,
        name=group.name,
        importance=group.importance,
        folded=group.is_folded,
        numbers=tuple(entry.number for entry in group.entries),
    )


def _commit(entry: model.Entry, repository: model.Repository) -> models.Commit:
    commit = entry.commit
    return models.Commit(
        number=entry.number,
        sha=commit.sha,
        branch=entry.branch,
        url=repository.commit_url(commit.sha),
        parents=commit.parents,
        merge=commit.is_merge,
        author=models.Person.model_validate(commit.author),
        committer=models.Person.model_validate(commit.committer),
        authored_at=commit.authored_at,
        committed_at=commit.committed_at,
        title=commit.title,
        message=commit.message,
        additions=commit.additions,
        deletions=commit.deletions,
        files=tuple(models.File.model_validate(file) for file in commit.files),
        files_omitted=commit.files_omitted,
        ties=tuple(models.Tie.model_validate(tie) for tie in entry.ties),
        analysis=models.Analysis.model_validate(entry.analysis),
    )


if __name__ == "__main__":
    sys.stdout.write(schema())
