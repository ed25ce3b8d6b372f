"""Payloads that only the holders of a key can read.

    metadata: encoding = stigmer/encrypted, stigmer-key = <id>, stigmer-packing = gzip | none,
              stigmer-size = <bytes when unpacked>   (stigmer-claim = always, when the payload has it)
    data:     nonce (12 bytes), ciphertext and tag of the serialized, packed `temporal.api.common.v1.Payload`

The metadata above is bound to the ciphertext; what the payload itself has as metadata is inside.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from stigmer_engine.runtimes.temporal.payloads.claim_check import MAX_PAYLOAD_BYTES, THRESHOLD_BYTES
from stigmer_engine.runtimes.temporal.payloads.claim_flag import ALWAYS, CLAIM, is_always
from stigmer_engine.runtimes.temporal.payloads.compression import smaller, unpack
from stigmer_engine.runtimes.temporal.payloads.keys import KeyRing
from stigmer_engine.runtimes.temporal.payloads.problems import UndecryptablePayload, UnknownKey
from stigmer_engine.runtimes.temporal.payloads.sealing import Sealer, bind
from stigmer_engine.runtimes.temporal.payloads.threads import work_on

ENCODING: Final = b"stigmer/encrypted"
_KEY: Final = "stigmer-key"
_PACKING: Final = "stigmer-packing"
_SIZE: Final = "stigmer-size"
_BOUND: Final = ("encoding", _KEY, _PACKING, _SIZE, CLAIM)
_GZIP: Final = b"gzip"
_NONE: Final = b"none"


class EncryptionCodec(PayloadCodec):
    """Encrypts every payload under the first key, decrypts under whichever key a payload names.

    With an empty ring it encrypts nothing, and says which key is missing when it meets an encrypted payload. A payload
    that is not encrypted is passed on: it is older than the keys, or comes from a caller without them.

    Args:
        compress: whether content is gzipped first when that makes it smaller; ciphertext cannot be.
        repeatable_from: packed size in bytes from which equal payloads are encrypted to equal bytes, so that a store
            by content keeps them once; those flagged `always` are in any case.

    Raises from `decode`: UnknownKey, UndecryptablePayload.
    """

    def __init__(self, keys: KeyRing, *, compress: bool = True, repeatable_from: int = THRESHOLD_BYTES) -> None:
        self._sealers = {key.id: Sealer(key) for key in keys.keys}
        self._first = keys.first.id if keys.first is not None else None
        self._compress = compress
        self._repeatable_from = repeatable_from

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads, encrypted."""
        if self._first is None:
            return list(payloads)
        first = self._first
        work = (work_on(item.ByteSize(), lambda item=item: self._encrypt(item, first)) for item in payloads)  # type: ignore[misc]
        return list(await asyncio.gather(*work))

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads, decrypted where they are encrypted."""
        work = (work_on(item.ByteSize(), lambda item=item: self._decrypt(item)) for item in payloads)  # type: ignore[misc]
        return list(await asyncio.gather(*work))

    def _encrypt(self, payload: Payload, key_id: str) -> Payload:
        content = payload.SerializeToString(deterministic=True)
        packed = smaller(content) if self._compress else None
        always = is_always(payload)
        metadata = {
            "encoding": ENCODING,
            _KEY: key_id.encode(),
            _PACKING: _NONE if packed is None else _GZIP,
            _SIZE: str(len(content)).encode(),
            **({CLAIM: ALWAYS} if always else {}),
        }
        plain = content if packed is None else packed
        repeatable = always or len(plain) >= self._repeatable_from
        encrypted = Payload(metadata=metadata)
        encrypted.data = self._sealers[key_id].seal(plain, _bound(encrypted), repeatable=repeatable)
        return encrypted

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(_KEY, b"").decode(errors="replace")
        sealer = self._sealers.get(key_id)
        if sealer is None:
            known = ", ".join(map(repr, self._sealers)) or "none"
            raise UnknownKey(
                f"A payload is encrypted with the key {key_id!r}, which this process does not have (it has: {known}). "
                "Add that key to PAYLOAD_KEYS or PAYLOAD_KEYS_FILE, after the one that encrypts."
            )
        plain = sealer.open(payload.data, _bound(payload))
        if plain is None:
            raise UndecryptablePayload(
                f"A payload encrypted with the key {key_id!r} cannot be decrypted: another key has this id here, or "
                "the payload was altered. Compare the key with that of the process that wrote it; ids are never reused."
            )
        return _unpacked(payload, plain, key_id)


def _bound(payload: Payload) -> bytes:
    return bind(payload.metadata.get(name, b"") for name in _BOUND)


def _unpacked(payload: Payload, plain: bytes, key_id: str) -> Payload:
    """The payload inside. Nobody without the key made it, so its size is believed, up to what is passed on at all."""
    size = int(payload.metadata.get(_SIZE, b""))
    content = unpack(plain, min(size, MAX_PAYLOAD_BYTES)) if payload.metadata.get(_PACKING) == _GZIP else plain
    try:
        if content is not None:
            return Payload.FromString(content)
    except DecodeError:
        pass
    raise UndecryptablePayload(f"A payload encrypted with the key {key_id!r} holds no payload of {size} bytes.")
