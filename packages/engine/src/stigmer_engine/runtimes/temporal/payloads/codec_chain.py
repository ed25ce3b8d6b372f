"""All codecs as one: what an execution's history holds, from the inside out."""

from collections.abc import Awaitable, Callable, Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from stigmer_engine.runtimes.temporal.payloads.claimed_text import claimed_text

OnText = Callable[[str], Awaitable[None]]


class CodecChain(PayloadCodec):
    """Encodes by each codec in order, decodes in reverse order.

    Args:
        on_text: awaited with every ClaimedText that is decoded, before whoever needs it gets it: the place to prepare
            a document outside of workflow code. It is called each time, so it caches; what it raises fails the decoding
            and with it the workflow task.
    """

    def __init__(self, codecs: Sequence[PayloadCodec], *, on_text: OnText | None = None) -> None:
        self._codecs = tuple(codecs)
        self._on_text = on_text

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads as they go into history."""
        encoded = list(payloads)
        for codec in self._codecs:
            encoded = await codec.encode(encoded)
        return encoded

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads as they were before."""
        decoded = list(payloads)
        for codec in reversed(self._codecs):
            decoded = await codec.decode(decoded)
        if self._on_text is not None:
            for payload in decoded:
                if (text := claimed_text(payload)) is not None:
                    await self._on_text(text)
        return decoded
