"""What can go wrong, as one tree.

    CommitcastError
    ├── InputError              what a person asked for cannot be understood or does not exist
    ├── SettingError            a setting is missing or wrong
    ├── SourceError             a repository or forge did not give what was asked
    │   ├── RepositoryNotFound      it does not exist, or may not be read
    │   ├── RevisionNotFound        it has no such branch or commit
    │   ├── EmptyRepository         it has no commit at all
    │   ├── AccessRefused           the token is wrong or lacks a right
    │   └── RateLimited             the forge asks to wait longer than we are willing to
    ├── ModelError              a language model gave no usable analysis
    │   └── PromptTooLong           the commit does not fit into what the model can read
    ├── StoreError              Redis, or the embedded server, cannot be used
    └── ChatError               a chat did not take a message or an answer
        ├── OutcomeUnknown          it may have taken it, and has not said so
        ├── TokenRefused            it takes nothing from us, whatever the channel
        └── ChannelMoved            the channel has become another one

Every error names a message of the catalogue (`formatters/text/*.ftl`) by its `code` and brings
that message's variables in `details`, so that people read it in their language; `str(error)` is
for logs. Adapters translate foreign exceptions into this tree once, with `raise ... from exc`.
"""

from __future__ import annotations

from analyzers.model import RulesReason


class CommitcastError(Exception):
    """The root. Raised in its branches only."""

    def __init__(
        self,
        code: str,
        *,
        permanent: bool = True,
        retry_after: float | None = None,
        **details: str | int,
    ) -> None:
        """An error that people can be told of.

        Args:
            code: the message in the catalogue, for example `error-repository-not-found`.
            permanent: False when the same request may succeed later.
            retry_after: seconds to wait before trying again, where the other side said so.
            details: the message's variables. Never a secret; untrusted text is fine.
        """
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after
        self.details = details
        told = ", ".join(f"{name}={value!r}" for name, value in details.items())
        super().__init__(f"{code} ({told})" if told else code)


class InputError(CommitcastError):
    """What a person asked for cannot be understood or does not exist."""


class SettingError(CommitcastError):
    """A setting is missing or wrong."""


class SourceError(CommitcastError):
    """A repository or forge did not give what was asked."""


class RepositoryNotFound(SourceError):
    """It does not exist, or may not be read."""


class RevisionNotFound(SourceError):
    """The repository has no such branch or commit."""


class EmptyRepository(SourceError):
    """The repository has no commit at all."""


class AccessRefused(SourceError):
    """The token is wrong or lacks a right."""


class RateLimited(SourceError):
    """The forge asks to wait longer than we are willing to."""


class StoreError(CommitcastError):
    """Redis, or the embedded server, cannot be used."""


class ChatError(CommitcastError):
    """A chat did not take a message, or did not answer a question."""


class OutcomeUnknown(ChatError):
    """A request may have had its effect: the answer was lost. What is not harmless to do twice is
    looked up before it is done again, or marked (invariant 2)."""


class TokenRefused(ChatError):
    """A chat takes nothing from us, whatever the channel: there is nothing the matter with it."""


class ChannelMoved(ChatError):
    """A channel has become another one; nothing was sent."""

    def __init__(self, code: str, *, channel: str) -> None:
        """Which one.

        Args:
            code: the message in the catalogue.
            channel: the key of the new channel, as `bot.conversation.Asked.channel`.
        """
        super().__init__(code, channel=channel)
        self.channel = channel


class ModelError(CommitcastError):
    """A language model gave no usable analysis; the rules answer in its place."""

    def __init__(
        self,
        reason: RulesReason,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        detail: str = "",
    ) -> None:
        """Why there is no analysis.

        Args:
            reason: what readers are told.
            permanent: True when every further commit would fail alike (wrong key, no quota).
            retry_after: seconds to wait, where the server said so.
            detail: for the log only; what the server said, shortened, without secrets.
        """
        super().__init__(
            f"rules-reason-{reason.value}", permanent=permanent, retry_after=retry_after
        )
        self.reason = reason
        self.detail = detail


class PromptTooLong(ModelError):
    """The request exceeds what the model can read; a shorter one may pass."""
