"""AES-256-GCM under keys derived from a payload key. Why nonces may repeat with their content: decision 0711."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stigmer_engine.runtimes.temporal.payloads.keys import KEY_BYTES, PayloadKey

_NONCE_BYTES: Final = 12


class Sealer:
    """Seals and opens content under one payload key."""

    def __init__(self, key: PayloadKey) -> None:
        self._cipher = AESGCM(_derive(key, b"stigmer payload encryption 1"))
        self._nonce_key = _derive(key, b"stigmer payload nonce 1")

    def seal(self, content: bytes, bound: bytes, *, repeatable: bool) -> bytes:
        """Nonce, ciphertext and tag.

        Args:
            bound: what must be the same when it is opened (the AAD of RFC 5116).
            repeatable: give the same bytes for the same content, so that they can be stored once; whoever sees two
                of them learns whether their contents are equal, and nothing else.
        """
        nonce = self._nonce_of(content, bound) if repeatable else secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes | None:
        """The content, or None when it was sealed by another key, or anything was altered."""
        if len(sealed) < _NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            return None

    def _nonce_of(self, content: bytes, bound: bytes) -> bytes:
        # The hash by itself first: a MAC over parts needs their borders, and a digest has a fixed length.
        digests = hashlib.sha256(bound).digest() + hashlib.sha256(content).digest()
        return hmac.digest(self._nonce_key, digests, "sha256")[:_NONCE_BYTES]


def bind(parts: Iterable[bytes]) -> bytes:
    """The parts as one text from which no other parts give the same: each with its length in front."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _derive(key: PayloadKey, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key.secret)
