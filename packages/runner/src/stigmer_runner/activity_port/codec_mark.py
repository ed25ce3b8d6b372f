"""Remembers of a payload whether its sender has our codec: only then may the answer be encoded by it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec

_MARK: Final = "stigmer-codec"


class MarkingCodec(PayloadCodec):
    """Does what another codec does, and marks what that had to decode."""

    def __init__(self, codec: PayloadCodec) -> None:
        self._codec = codec

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As the other codec."""
        return await self._codec.encode(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As the other codec, marked."""
        decoded = await self._codec.decode(payloads)
        return [after if after == before else _marked(after) for before, after in zip(payloads, decoded, strict=True)]


def marking(converter: DataConverter) -> DataConverter:
    """The converter with a codec that marks."""
    codec = converter.payload_codec
    return converter if codec is None else replace(converter, payload_codec=MarkingCodec(codec))


def was_encoded(payload: Payload) -> bool:
    """Whether a decoded payload was encoded on its way here."""
    return _MARK in payload.metadata


def _marked(payload: Payload) -> Payload:
    marked = Payload()
    marked.CopyFrom(payload)
    marked.metadata[_MARK] = b"decoded"
    return marked
