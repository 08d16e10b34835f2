"""Secrets in untrusted text: found by their form and cut out, before anything else is done.

    formats         tokens with a mark of their own: `ghp_...`, `AKIA...`, `eyJ....`
    assignments     values of what is called a password, secret, token or key
    headers         credentials in headers and addresses
    private_keys    blocks of base64 over many lines
    randomness      what tells a secret from a name or a stand-in
    cuts            the pieces that go

It works on UTF-8, where lower case comes cheap and a letter is one of 26. Every pattern is tried
only where its mark stands and reads a bounded way, so time is linear in the text whatever it holds.
"""

from analyzers.redaction.redact import placeholders, redact, redact_bytes

__all__ = ["placeholders", "redact", "redact_bytes"]
