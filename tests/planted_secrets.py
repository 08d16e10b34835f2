"""Made-up secrets in the forms that real ones have, as people commit them by accident.

Each is drawn anew from a seed, so the forms are what is tested and no value can be learnt.
"""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits
_WORD = _LETTERS + "-_"
_HEX = "0123456789abcdef"
_BASE64 = _LETTERS + "+/"
_BASE32 = string.ascii_uppercase + "234567"
_SYMBOLS = "!#%^*+=?~"


@dataclass(frozen=True)
class Planted:
    """A secret in its surroundings."""

    form: str
    """Which form it has."""
    text: str
    """What somebody wrote: one line or several."""
    values: tuple[str, ...]
    """The pieces of it that nobody may see."""


class Dice:
    """Draws text."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def __call__(self, alphabet: str, length: int) -> str:
        return "".join(self.random.choices(alphabet, k=length))

    def password(self) -> str:
        """Twelve characters as a manager of passwords draws them: something of everything."""
        drawn = [self(_LETTERS, 9), self(string.digits, 1), self(_SYMBOLS, 1), self("aAzZ", 1)]
        # A symbol comes first in none: that would be a reference in some languages.
        return "".join(self.random.sample("".join(drawn[:2]), 10)) + drawn[2] + drawn[3]

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def jwt(self) -> str:
        head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
        body = base64.urlsafe_b64encode(f'{{"sub":"{self(_HEX, 24)}"}}'.encode()).decode()
        return f"{head}.{body.rstrip('=')}.{self(_WORD, 43)}"


Draw = Callable[[Dice], str]

TOKENS: dict[str, Draw] = {
    "github-classic": lambda d: "ghp_" + d(_LETTERS, 36),
    "github-oauth": lambda d: "gho_" + d(_LETTERS, 36),
    "github-app": lambda d: "ghs_" + d(_LETTERS, 36),
    "github-fine": lambda d: f"github_pat_{d(_LETTERS, 22)}_{d(_LETTERS, 59)}",
    "gitlab": lambda d: "glpat-" + d(_WORD, 19) + "a",
    "slack-bot": lambda d: f"xoxb-{d('123456789', 12)}-{d('123456789', 13)}-{d(_LETTERS, 24)}",
    "slack-user": lambda d: f"xoxp-{d('123456789', 12)}-{d('123456789', 12)}-{d(_HEX, 32)}",
    "slack-app": lambda d: f"xapp-1-A{d(_BASE32, 10)}-{d('123456789', 13)}-{d(_HEX, 64)}",
    "slack-webhook": lambda d: (
        f"https://hooks.slack.com/services/T{d(_BASE32, 8)}/B{d(_BASE32, 8)}/{d(_LETTERS, 24)}"
    ),
    "aws-id": lambda d: "AKIA" + d(_BASE32, 16),
    "aws-session-id": lambda d: "ASIA" + d(_BASE32, 16),
    "google": lambda d: "AIza" + d(_WORD, 35),
    "google-client": lambda d: "GOCSPX-" + d(_WORD, 28),
    "openai": lambda d: f"sk-{d(_LETTERS, 20)}T3BlbkFJ{d(_LETTERS, 20)}",
    "openai-project": lambda d: "sk-proj-" + d(_WORD, 124),
    "anthropic": lambda d: f"sk-ant-api03-{d(_WORD, 93)}AA",
    "telegram": lambda d: f"{d('123456789', 10)}:AA{d(_WORD, 33)}",
    "stripe": lambda d: "sk_live_" + d(_LETTERS, 24),
    "stripe-restricted": lambda d: "rk_live_" + d(_LETTERS, 99),
    "stripe-webhook": lambda d: "whsec_" + d(_LETTERS, 32),
    "twilio": lambda d: "SK" + d(_HEX, 32),
    "sendgrid": lambda d: f"SG.{d(_WORD, 22)}.{d(_WORD, 43)}",
    "mailgun": lambda d: "key-" + d(_HEX, 32),
    "npm": lambda d: "npm_" + d(_LETTERS, 36),
    "pypi": lambda d: "pypi-AgEIcHlwaS5vcmc" + d(_WORD, 120),
    "docker": lambda d: "dckr_pat_" + d(_WORD, 27),
    "huggingface": lambda d: "hf_" + d(_LETTERS, 34),
    "digitalocean": lambda d: "dop_v1_" + d(_HEX, 64),
    "jwt": Dice.jwt,
    "linear": lambda d: "lin_api_" + d(_LETTERS, 40),
    "notion": lambda d: "ntn_" + d(_LETTERS, 46),
    "shopify": lambda d: "shpat_" + d(_HEX, 32),
    "square": lambda d: "sq0atp-" + d(_WORD, 22),
    "discord": lambda d: f"M{d(_LETTERS, 23)}.{d(_WORD, 6)}.{d(_WORD, 38)}",
    "discord-webhook": lambda d: (
        f"https://discord.com/api/webhooks/{d('123456789', 18)}/{d(_WORD, 68)}"
    ),
    "databricks": lambda d: "dapi" + d(_HEX, 32),
    "grafana": lambda d: f"glsa_{d(_LETTERS, 32)}_{d(_HEX, 8)}",
    "vault": lambda d: "hvs." + d(_WORD, 92),
    "heroku": lambda d: "HRKU-AA" + d(_WORD, 58),
    "groq": lambda d: "gsk_" + d(_LETTERS, 52),
}
"""What can be told wherever it stands."""

_ALONE = (
    "{}",
    "token {} works",
    'TOKEN = "{}"',
    "export KEY={}",
    "curl -H 'X-Thing: {}' https://api.example.org",
    "see ({}).",
    '{{"value": "{}"}},',
    "- name: x\\nvalue: {}\\n",
)

GIVEN: dict[str, tuple[Draw, str]] = {
    "aws-secret": (lambda d: d(_BASE64, 40), "aws_secret_access_key = {}"),
    "azure-storage": (
        lambda d: d(_BASE64, 86) + "==",
        "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={};EndpointSuffix=example.net",
    ),
    "azure-bus": (
        lambda d: d(_BASE64, 43) + "=",
        "Endpoint=sb://acme.example.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
    ),
    "azure-signature": (
        lambda d: d(_LETTERS, 43) + "%3D",
        "https://acme.blob.example.net/c?sv=2024-05-04&sp=r&sig={}",
    ),
    "url": (lambda d: d(_LETTERS, 14), "https://ada:{}@git.example.org/acme/widget.git"),
    "postgres": (lambda d: d(_LETTERS, 16), "DATABASE_URL=postgres://ada:{}@db.example.org:5432/x"),
    "redis": (lambda d: d(_LETTERS, 24), "REDIS_URL=redis://:{}@cache.example.org:6379/0"),
    "mongo": (
        lambda d: d(_WORD, 18),
        'uri: "mongodb+srv://ada:{}@c0.example.net/?retryWrites=true"',
    ),
    "bearer": (lambda d: d(_LETTERS, 40), "Authorization: Bearer {}"),
    "bearer-in-code": (lambda d: d(_HEX, 40), 'headers={{"Authorization": "Bearer {}"}}'),
    "basic": (
        lambda d: base64.b64encode(f"ada:{d.password()}".encode()).decode(),
        "Authorization: Basic {}",
    ),
    "password-env": (Dice.password, "DB_PASSWORD={}"),
    "password-json": (Dice.password, '  "password": "{}",'),
    "password-python": (Dice.password, "    conn = connect(user='ada', password='{}')"),
    "password-yaml": (Dice.password, "  password: {}"),
    "password-java": (Dice.password, 'private static final String DB_PASSWORD = "{}";'),
    "password-php": (Dice.password, "define('DB_PASSWORD', '{}');"),
    "password-go": (Dice.password, "\tpassword := `{}`"),
    "password-xml": (Dice.password, "<password>{}</password>"),
    "password-ado": (Dice.password, "Server=db;Database=x;User Id=ada;Password={};Encrypt=True"),
    "token-hex": (lambda d: d(_HEX, 40), "API_TOKEN={}"),
    "token-escaped": (lambda d: d(_LETTERS, 32), '"body": "{{\\"token\\": \\"{}\\"}}"'),
    "api-key": (lambda d: d(_LETTERS, 32), "const apiKey = '{}';"),
    "api-key-uuid": (Dice.uuid, "HEROKU_API_KEY={}"),
    "api-key-header": (lambda d: d(_LETTERS, 40), "X-Api-Key: {}"),
    "client-secret": (lambda d: d(_WORD, 36), "client_secret: '{}'"),
    "signing-secret": (lambda d: d(_HEX, 32), 'SLACK_SIGNING_SECRET="{}"'),
    "npmrc": (lambda d: d.uuid(), "//registry.example.org/:_authToken={}"),
    "typed": (lambda d: d(_LETTERS, 30), 'access_token: str = "{}"'),
    "option": (lambda d: d(_LETTERS, 24), "deploy --auth-token {} --now"),
    "kubernetes": (lambda d: d(_LETTERS, 20), "- name: DB_PASSWORD\n  value: {}"),
}
"""What can be told by what it is given to."""


def private_key(dice: Dice, kind: str, lines: int) -> tuple[str, list[str]]:
    """A block of base64 and its lines."""
    body = [dice(_BASE64, 64) for _ in range(lines)] + [dice(_BASE64, 30) + "=="]
    return "\n".join((f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----")), body


def _key(dice: Dice, form: str) -> Planted:
    kind = {"pgp": "PGP PRIVATE KEY BLOCK", "pkcs8": "PRIVATE KEY"}.get(form, "RSA PRIVATE KEY")
    text, body = private_key(dice, kind, dice.random.randint(3, 12))
    if form == "in-json":
        text = '{"type": "service_account", "private_key": "' + text.replace("\n", "\\n") + '\\n"}'
    elif form == "in-code":
        text = "\n".join(f'    "{line}\\n"' for line in text.splitlines())
    elif form == "openssh":
        text = text.replace("RSA", "OPENSSH")
    return Planted(f"private-key-{form}", text, tuple(body))


KEYS = ("pkcs8", "rsa", "openssh", "pgp", "in-json", "in-code")


def planted(number: int, seed: int = 1) -> Iterator[Planted]:
    """So many secrets, of every form in turn."""
    dice = Dice(seed)
    for index in range(number):
        forms = [*TOKENS, *GIVEN, *KEYS]
        form = forms[index % len(forms)]
        if form in TOKENS:
            value = TOKENS[form](dice)
            yield Planted(form, dice.random.choice(_ALONE).format(value), (value,))
        elif form in GIVEN:
            draw, around = GIVEN[form]
            value = draw(dice)
            yield Planted(form, around.format(value), (value,))
        else:
            yield _key(dice, form)


FORMS = len(TOKENS) + len(GIVEN) + len(KEYS)
"""How many forms there are."""
