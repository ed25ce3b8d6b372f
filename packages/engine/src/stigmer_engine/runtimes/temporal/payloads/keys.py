"""Payload keys: written `id:base64`, 32 bytes each; the first encrypts, all decrypt."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from stigmer_engine.runtimes.temporal.payloads.problems import InvalidKeys

KEY_BYTES: Final = 32
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadKey:
    """An id, which is readable in every payload, and 32 secret bytes."""

    id: str
    secret: bytes = field(repr=False)

    def to_text(self) -> str:
        """`id:base64`, as `parse_keys` reads it. Holds the secret."""
        return f"{self.id}:{base64.b64encode(self.secret).decode()}"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys in the order given: the first encrypts, all decrypt. An empty ring encrypts nothing."""

    keys: tuple[PayloadKey, ...] = ()

    @property
    def first(self) -> PayloadKey | None:
        """The key that encrypts, or None when there is none."""
        return self.keys[0] if self.keys else None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys."""
        return tuple(key.id for key in self.keys)


def new_key(key_id: str) -> PayloadKey:
    """A key of 32 random bytes."""
    return PayloadKey(id=key_id, secret=secrets.token_bytes(KEY_BYTES))


def parse_keys(text: str) -> KeyRing:
    """The keys in a text of `id:base64` entries, separated by commas or line ends; `#` begins a comment line.

    Raises InvalidKeys. Its text counts entries and quotes none: what should be an id may be a key.
    """
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    entries = [entry.strip() for line in lines for entry in line.split(",") if entry.strip()]
    keys = tuple(_parse(entry, number) for number, entry in enumerate(entries, start=1))
    if len({key.id for key in keys}) != len(keys):
        raise InvalidKeys("must not use an id for two keys")
    return KeyRing(keys)


def _parse(entry: str, number: int) -> PayloadKey:
    key_id, colon, encoded = entry.partition(":")
    if not colon or _ID.fullmatch(key_id) is None:
        raise InvalidKeys(
            f"must hold id:base64 entries (id: up to 64 of A-Z a-z 0-9 . _ -), which entry {number} is not"
        )
    try:
        secret = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidKeys(f"must hold base64 after the colon, which entry {number} does not") from None
    if len(secret) != KEY_BYTES:
        raise InvalidKeys(f"must hold keys of {KEY_BYTES} bytes; entry {number} has {len(secret)}")
    return PayloadKey(id=key_id, secret=secret)
