"""Tokens that can be told by their own form, wherever they stand.

Every one has a mark, by which it is looked for: `ghp_`, `AKIA`, `://`. The forms are those that
the services document or that their scanning partners publish.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Format(NamedTuple):
    """One kind of secret."""

    kind: str
    """What its placeholder calls it."""
    marks: tuple[bytes, ...]
    """How it may begin."""
    pattern: re.Pattern[bytes]
    """All of it, from its mark on. What its last group holds is the secret itself; without a group
    all of it is."""
    is_doubtful: bool
    """Whether ordinary words may look like it: then what follows the mark has to be random."""


_ESCAPED: Final = rb"(?<=\\[nrt])|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4})|(?<=%[0-9A-F]{2})"
_APART: Final = rb"(?:(?<![A-Za-z0-9])|" + _ESCAPED + b")"
"""Before the beginning of a word, also after an escaped character."""
_AT_START: Final = rb"(?:(?<![A-Za-z0-9_-])|" + _ESCAPED + b")"
"""The same for words with hyphens: what is read to the word's end is read from its start only."""

_W: Final = r"[A-Za-z0-9_-]"
_T: Final = r"[A-Za-z0-9]"
_HEX: Final = r"[0-9a-f]"
_UUID: Final = rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}"


def _format(
    kind: str, marks: str, rest: str, *, doubtful: bool = False, before: bytes = b""
) -> Format:
    """A format that starts with one of these marks (a list with spaces)."""
    split = tuple(mark.encode() for mark in marks.split())
    start = b"|".join(re.escape(mark) for mark in split)
    before = before or (_APART if doubtful else b"")
    pattern = re.compile(before + b"(?:" + start + b")" + rest.encode())
    return Format(kind, split, pattern, doubtful)


WORDS: Final = (
    _format("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{_T}{{30,}}(?:[._-]{_W}{{10,}})*"),
    _format("github-token", "github_pat_", r"[A-Za-z0-9_]{30,}"),
    _format(
        "gitlab-token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent- gloas- glffct-",
        r"[A-Za-z0-9_.-]{18,}[A-Za-z0-9_-]",
    ),
    _format("slack-token", "xox", rf"[a-z](?:\.xox[bp])?-\d{_W}{{9,}}"),
    _format("slack-token", "xox", r"[a-z]-[\w%+-]{10,}", doubtful=True),
    _format("slack-token", "xapp-", rf"\d{_W}{{10,}}"),
    _format(
        "slack-webhook",
        "hooks.slack.com/",
        r"(?:services|workflows|triggers|commands|actions|app)/[\w/%+-]{20,}",
    ),
    _format(
        "aws-key",
        "AKIA ASIA ABIA ACCA",
        # A table or a CSV file of credentials has the secret half right after.
        r"[A-Z0-9]{16}(?![A-Za-z0-9])(?:[\"', \t|:;]{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))?",
        before=_APART,
    ),
    _format("google-key", "AIza", rf"{_W}{{35}}", doubtful=True),
    _format("google-token", "GOCSPX- ya29.", rf"{_W}{{20,}}", doubtful=True),
    _format("google-token", "1//0", rf"{_W}{{30,}}", doubtful=True),
    _format("anthropic-key", "sk-ant-", rf"{_W}{{20,}}"),
    _format("openai-key", "sk-", rf"{_W}{{20,}}", doubtful=True),
    _format("groq-key", "gsk_", rf"{_T}{{40,}}"),
    _format("xai-key", "xai-", rf"{_T}{{40,}}"),
    _format("nvidia-key", "nvapi-", rf"{_W}{{40,}}"),
    _format("perplexity-key", "pplx-", rf"{_T}{{40,}}"),
    _format("replicate-token", "r8_", rf"{_T}{{30,}}", doubtful=True),
    _format("huggingface-token", "hf_ api_org_", rf"{_T}{{30,}}", doubtful=True),
    _format("stripe-key", "sk_live_ rk_live_ sk_test_ rk_test_", rf"{_T}{{16,}}"),
    _format("stripe-key", "whsec_", r"[A-Za-z0-9+/=]{20,}"),
    _format("twilio-key", "SK", rf"{_HEX}{{32}}(?![A-Za-z0-9])", doubtful=True),
    _format("sendgrid-key", "SG.", rf"{_W}{{16,32}}\.{_W}{{16,64}}", doubtful=True),
    _format("mailgun-key", "key-", rf"{_HEX}{{32}}(?![A-Za-z0-9])", doubtful=True),
    _format("brevo-key", "xkeysib- xsmtpsib-", rf"{_HEX}{{64}}-{_T}{{8,}}"),
    _format("npm-token", "npm_", rf"{_T}{{36,}}", doubtful=True),
    _format("pypi-token", "pypi-", rf"{_W}{{40,}}", doubtful=True),
    _format("rubygems-token", "rubygems_", rf"{_HEX}{{40,}}"),
    _format("docker-token", "dckr_pat_ dckr_oat_", rf"{_W}{{20,}}"),
    _format("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", rf"{_HEX}{{40,}}"),
    _format("cloudflare-key", "v1.0-", rf"{_HEX}{{24}}-{_HEX}{{100,}}"),
    _format("heroku-key", "HRKU-", rf"{_W}{{30,}}"),
    _format("linear-key", "lin_api_ lin_oauth_", rf"{_T}{{30,}}"),
    _format("notion-token", "ntn_ secret_", rf"{_T}{{40,}}", doubtful=True),
    _format("shopify-token", "shpat_ shpss_ shpca_ shppa_", r"[0-9a-fA-F]{32,}"),
    _format("square-token", "sq0atp- sq0csp- sq0idp-", rf"{_W}{{22,}}"),
    _format("square-token", "EAAA", rf"{_W}{{60}}(?![\w+/=-])", doubtful=True),
    _format(
        "discord-webhook",
        "discord.com/api/webhooks/ discordapp.com/api/webhooks/",
        rf"\d{{5,25}}/{_W}{{40,}}",
    ),
    _format("databricks-token", "dapi", rf"{_HEX}{{32}}(?:-\d)?(?![A-Za-z0-9])", doubtful=True),
    _format("grafana-token", "glsa_ glc_ eyJrIjoi", r"[A-Za-z0-9_=+/]{30,}"),
    _format("newrelic-key", "NRAK- NRJS- NRII-", rf"{_W}{{19,}}"),
    _format("sentry-token", "sntrys_ sntryu_", r"[A-Za-z0-9_=+/]{40,}"),
    _format("postman-key", "PMAK-", rf"{_HEX}{{24}}-{_HEX}{{34}}"),
    _format("figma-token", "figd_", rf"{_W}{{30,}}"),
    _format("vault-token", "hvs. hvb. hvr.", rf"{_W}{{24,}}"),
    _format("terraform-token", ".atlasv1.", rf"{_W}{{40,}}"),
    _format("pulumi-token", "pul-", rf"{_HEX}{{40}}(?![A-Za-z0-9])", doubtful=True),
    _format("atlassian-token", "ATATT3 ATCTT3 ATBB", r"[A-Za-z0-9_=-]{28,}"),
    _format("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa.", r"[\w.-]{40,}"),
    _format("supabase-key", "sbp_ sb_secret_", rf"{_W}{{20,}}", doubtful=True),
    _format("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w.-]{30,}"),
    _format("tailscale-key", "tskey-", rf"[a-z]{{2,12}}-{_W}{{16,}}"),
    _format("sonar-token", "sqp_ squ_ sqa_", rf"{_HEX}{{40}}"),
    _format("hubspot-token", "pat-na pat-eu", rf"\d-{_UUID}"),
    _format("airtable-token", "pat", rf"{_T}{{14}}\.{_HEX}{{64}}", doubtful=True),
    _format("alibaba-key", "LTAI", rf"{_T}{{12,26}}(?![A-Za-z0-9])", doubtful=True),
    _format("age-key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{50,}"),
    _format("jwt", "eyJ", rf"{_W}{{10,}}+\.{_W}{{10,}}+(?:\.{_W}++){{1,3}}", before=_AT_START),
    # Half of a private key in base64, as Kubernetes and GitHub's secrets have it: what follows
    # `-----BEGIN ` is R, E, D or O for an algorithm, or PRIV.
    _format("private-key", "LS0tLS1CRUdJTiB", r"(?:QUklW|S|F|E|P)[A-Za-z0-9+/=]{60,}"),
)
"""Those whose marks stand in a long word of letters, digits and `_.:/-`."""

SHAPES: Final = (
    Format(
        "telegram-token",
        (),
        re.compile(
            rb"[0-9](?<![0-9]{2})[0-9]{5,11}:(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])"
            rb"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"
        ),
        False,
    ),
    Format(
        "discord-token",
        (),
        re.compile(
            rb"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])"
        ),
        True,
    ),
)
"""Those that are such words and have no mark."""

PHRASES: Final = (
    _format("azure-key", "Key=", r"([A-Za-z0-9+/%]{40,}={0,2})"),
    _format("azure-signature", "sig=", r"([A-Za-z0-9+/%]{40,}={0,2})"),
)
"""Those that may be short."""
