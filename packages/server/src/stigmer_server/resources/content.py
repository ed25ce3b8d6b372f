"""What names the content of a message, and so a version of a spec: a hash."""

import hashlib
import json
import secrets
from typing import Any, Protocol


class AsJson(Protocol):
    """A message of the contract."""

    def to_dict(self) -> dict[str, Any]:
        """Its protojson."""
        ...


def content_hash(message: "AsJson | None", *, salted: bool = False) -> str:
    """SHA-256 in hex over the message's canonical JSON: the same content has the same hash, whatever the order of keys.

    `salted` makes it unique: when only a secret changed, a hash over the secret would give it away to guessing.
    """
    text = (
        ""
        if message is None
        else json.dumps(message.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    )
    salt = secrets.token_bytes(16) if salted else b""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") + salt).hexdigest()
