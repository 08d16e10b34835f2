"""Secrets are recognised by their forms and nothing else is (invariant 7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.redaction import placeholders, redact, redact_bytes
from analyzers.tokens import count_tokens
from tests.growth import grows_no_faster_than_its_material, takes_at_most
from tests.planted_secrets import FORMS, TOKENS, Dice, planted, private_key

SECRETS = list(planted(FORMS * 20, seed=3))


def leaks(text: str, values: tuple[str, ...]) -> bool:
    return any(value in text for value in values)


def test_secrets_of_many_forms_go() -> None:
    left = [secret for secret in SECRETS if leaks(redact(secret.text), secret.values)]
    assert FORMS >= 70
    assert len(left) <= len(SECRETS) * 0.003, left


@pytest.mark.parametrize("sign", ["+", "-", " ", "+    ", "-\t"])
def test_lines_of_a_diff_stay_lines_with_their_signs(sign: str) -> None:
    for secret in SECRETS:
        diff = "\n".join(f"{sign}{line}" for line in secret.text.split("\n"))
        told = redact(diff)
        assert told.count("\n") == diff.count("\n")
        assert [line[:1] for line in told.split("\n")] == [sign[0]] * (told.count("\n") + 1)


def test_all_that_surrounds_a_secret_stays() -> None:
    text = "Rotate ghp_0aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ0kP9l, it leaked — 泄露了。\n\nSee #12."
    assert redact(text) == "Rotate [secret:github-token], it leaked — 泄露了。\n\nSee #12."


def test_several_secrets_of_a_line_go() -> None:
    one, two = (TOKENS["stripe"](Dice(seed)) for seed in (1, 2))
    assert redact(f"{one} and {two}") == "[secret:stripe-key] and [secret:stripe-key]"


HARMLESS = (
    "Merge commit 356a192b7913b04c54574d18c28d46e6395428ab",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "id = 6fa459ea-ee8a-3ca4-894e-db77e160355e",
    '"integrity": "sha512-7Ry0kR6dUlWmYMfkBlXHbGyEV+XlAYNbHJ2R4WUYRk1HdLmPqXw5ul1jJmFdIuNEnRvD=="',
    'hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="',
    "golang.org/x/sys v0.30.0 h1:QjkSwP/36a20jFYWkSue1YwXzLmsV5Gfq7Eiy72C1uc=",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgG",
    "password = get_password()",
    "password = os.environ['PASSWORD']",
    "password: ${DB_PASSWORD}",
    'password: "{{ vault_password }}"',
    "PASSWORD=$1",
    "password = self.config.password2",
    "password: your-password-here1",
    "password=changeme123",
    "DB_PASSWORD=postgres",
    'token: "xxxxxxxxxxxxxxxxxxxx"',
    "TOKEN=<your-token-1>",
    'token = "access_token_v2"',
    "the token expires 2026-01-06T12:00:00Z",
    "token_count: 128000000000",
    "tokenizer = 'gpt-4o-mini-2024-07-18'",
    "token_url: https://auth.example.org/oauth2/v2.0/token",
    "next_page_token: CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA",
    "secret_name = 'prod-db-credentials-eu-west-1'",
    "secretKeyRef: {name: db-secret-2, key: password1}",
    "api_key: str | None = None",
    "resolved_api_key: AzureApiKeyT | str | None = api_key",
    "key=lambda item: item.created_at2",
    'primary_key = "Zk3vQ9xL2mN8pR4tW7yB1cD5"',
    "PUBLIC_KEY = 'MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ'",
    "author: Ada Example <ada42@example.org>",
    "Authorization: Bearer <token>",
    "basic usage of the widget",
    "git clone https://github.com/acme/widget@v1.2.3",
    "http://localhost:8080/@scope/package",
    "postgres://user:password@localhost/db",
    "redis://:${PASSWORD}@cache",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "task-management-with-some-long-name-here",
    "sk-circle-fade-dot-container-wrapper",
    "npm_config_registry_of_our_own_company_that_is_long",
    "hf_hub_download_with_a_very_long_function_name",
    "std::unordered_map<std::string, std::vector<int>> token_map2;",
    "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ0aZ9bY8cX7dW6eV5fU4gT3hS2iR1j\n"
    "-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ0aZ9bY8cX7dW6eV5fU4gT3hS2iR1\n",
    'if "-----BEGIN PRIVATE KEY-----" in text:\n    raise ValueError("a key")\n',
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ0kP9l8m7n ada@example",
)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert redact(text) == text
    assert redact(f"+{text}") == f"+{text}"


def test_nothing_to_cut_costs_no_copy() -> None:
    data = b"nothing here " * 1000
    assert redact_bytes(data) is data


def test_the_kinds_can_be_read_off() -> None:
    text = redact("AKIA2345ABCD6723EFGH\npostgres://ada:0aZ9bY8c@db.example.org/x")
    assert list(placeholders(text)) == ["aws-key", "url-password"]


KEY, BODY = private_key(Dice(5), "RSA PRIVATE KEY", 12)


def hunk(*lines: str) -> str:
    return "\n".join(("@@ -1,20 +1,20 @@", *lines))


@pytest.mark.parametrize(
    "lines",
    [
        [f"+{line}" for line in KEY.split("\n")],
        [f"-{line}" for line in KEY.split("\n")],
        [
            " -----BEGIN RSA PRIVATE KEY-----",
            *(f"-{line}" for line in BODY),
            *(f"+{line[::-1].lstrip('=')}" for line in BODY),
            " -----END RSA PRIVATE KEY-----",
        ],
        # The beginning lies before the hunk, the end behind it.
        [*(f"+{line}" for line in BODY), " -----END RSA PRIVATE KEY-----", " done"],
        [" -----BEGIN RSA PRIVATE KEY-----", *(f"+{line}" for line in BODY), "@@ -90 +90 @@", " x"],
        ["+key: |", *(f"+  {line}" for line in KEY.split("\n")), "+next: 1"],
        [*(f'+    "{line}\\n" +' for line in KEY.split("\n")), "+    end"],
        [f"+# {line}" for line in KEY.split("\n")],
        [
            "+-----BEGIN RSA PRIVATE KEY-----",
            "+Proc-Type: 4,ENCRYPTED",
            "+DEK-Info: AES-128-CBC,0A1B2C3D4E5F60718293A4B5C6D7E8F9",
            "+",
            *(f"+{line}" for line in BODY),
            "+-----END RSA PRIVATE KEY-----",
        ],
    ],
)
def test_a_private_key_goes_from_a_hunk_that_stays_one(lines: list[str]) -> None:
    text = hunk(*lines)
    told = redact(text)
    backwards = tuple(line[::-1].lstrip("=") for line in BODY)
    assert not leaks(told, (*BODY, *backwards))
    assert [line[:1] for line in told.split("\n")] == [line[:1] for line in text.split("\n")]
    assert list(placeholders(told)) == ["private-key"]
    around = {" done", " x", "+next: 1", "+    end", "+key: |", "@@ -90 +90 @@"}
    assert around & set(lines) <= set(told.split("\n"))


@pytest.mark.parametrize("escape", ["\\n", "\\\\n", "\\r\\n", " ", ""])
def test_a_private_key_on_one_line_goes(escape: str) -> None:
    told = redact('{"private_key": "' + KEY.replace("\n", escape) + '", "id": "x"}')
    assert told == '{"private_key": "[secret:private-key]", "id": "x"}'


PIECES = st.one_of(
    st.sampled_from([secret.text for secret in SECRETS[: FORMS * 2]]),
    st.sampled_from([value for secret in SECRETS[:FORMS] for value in secret.values]),
    st.sampled_from(HARMLESS),
    st.sampled_from(("\n", "+", "-", " ", "=", ": ", '"', "'", "\\n", "@", "key", "[secret:jwt]")),
    st.text(max_size=20),
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_doing_it_twice_does_no_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert once.count("\n") == text.count("\n")


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert redact(text) == text or "[secret:" in redact(text)


HOSTILE = (
    *("key=", "token", 'password="', "secret: ", "a", "aA1", "eyJ", "://a:", "://a:b@", "sk-"),
    *("bearer ", "authorization: ", "xox", "key ", "--key ", "key: a = ", "SK", "pat", "AKIA"),
    *("123456:", "1:", "M" * 24 + ".", "SG." + "a" * 20 + ".", "eyJaaaaaaaaaaaa.", "key=\\", "\\n"),
    *("-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "key" + " " * 900),
    *("-----BEGIN PRIVATE KEY-----\n" + "\n" * 90, "-----BEGIN PRIVATE KEY-----" + " A" * 40),
    "A" * 64 + "\n-----END PRIVATE KEY-----\n",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    assert grows_no_faster_than_its_material(redact, lambda n: piece * (n // len(piece)), 8_000)


def test_ordinary_diffs_stay_as_they_are_and_cost_little() -> None:
    """A patch of a megabyte, the largest that is kept, is redacted about as fast as counted."""
    line = "+    result = self.session.get_token(user_id, key=lambda item: item.created_at)  # {}\n"
    text = "".join(line.format(number) for number in range(12_000))
    assert redact(text) == text
    assert takes_at_most(4, lambda: redact(text), lambda: count_tokens(text))
