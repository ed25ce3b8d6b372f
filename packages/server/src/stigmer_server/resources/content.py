"""The name of a spec: a hash of its content."""

import hashlib
import json
import secrets

import betterproto2


def content_hash(spec: betterproto2.Message | None, *, salted: bool = False) -> str:
    """SHA-256 in hex over the spec's canonical JSON: the same content has the same hash, whatever the order of keys.

    `salted` makes it unique: when only a secret changed, a hash over the secret would give it away to guessing.
    """
    text = "" if spec is None else json.dumps(spec.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    salt = secrets.token_bytes(16) if salted else b""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") + salt).hexdigest()
