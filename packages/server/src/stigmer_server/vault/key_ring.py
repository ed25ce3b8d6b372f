"""Encryption of single values: AES-256-GCM, bound to the place of the value."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class UnreadableSecret(Exception):
    """A stored secret that no key of the ring opens. The text names the key and the place, never the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted value: the name of the key, and the nonce followed by the ciphertext."""

    key_name: str
    data: bytes


class KeyRing:
    """Named keys. The first encrypts; all decrypt, so that a new key can be put in front of an old one (rotation).

    Owner and name of a value are authenticated with it: a ciphertext that is moved to another place does not open.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("a key ring needs a key")
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self.current = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keys as `NAME:BASE64`, separated by commas or lines. Raises ValueError, which shows no key."""
        keys: dict[str, bytes] = {}
        for item in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
            name, separator, encoded = item.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            if not separator or not name or len(name) > 64 or len(key) != _KEY_BYTES:
                raise ValueError("must hold keys as NAME:BASE64 of 32 bytes, separated by commas")
            if name in keys:
                raise ValueError("must not name two keys alike")
            keys[name] = key
        if not keys:
            raise ValueError("must hold a key as NAME:BASE64 of 32 bytes")
        return cls(keys)

    def seal(self, owner_id: str, name: str, value: bytes) -> Sealed:
        """The value, encrypted with the current key."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self.current].encrypt(nonce, value, _place(owner_id, name))
        return Sealed(key_name=self.current, data=nonce + sealed)

    def open(self, owner_id: str, name: str, sealed: Sealed) -> bytes:
        """The value. Raises UnreadableSecret."""
        key = self._keys.get(sealed.key_name)
        if key is None:
            raise UnreadableSecret(f"no key {sealed.key_name!r} to read {name!r} of {owner_id}")
        try:
            return key.decrypt(sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:], _place(owner_id, name))
        except InvalidTag:
            raise UnreadableSecret(f"the key {sealed.key_name!r} does not open {name!r} of {owner_id}") from None


def _place(owner_id: str, name: str) -> bytes:
    return f"{owner_id}\0{name}".encode()
