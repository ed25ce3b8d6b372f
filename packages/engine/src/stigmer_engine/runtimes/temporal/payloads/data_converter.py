"""The data converter that every client and worker of the Temporal runtime uses."""

from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
)

from stigmer_engine.runtimes.temporal.payloads.blob_store import BlobStore
from stigmer_engine.runtimes.temporal.payloads.claim_check import ClaimCheckCodec
from stigmer_engine.runtimes.temporal.payloads.claimed_text import PayloadConverterWithClaimedText
from stigmer_engine.runtimes.temporal.payloads.codec_chain import CodecChain, OnText
from stigmer_engine.runtimes.temporal.payloads.config import PayloadsConfig
from stigmer_engine.runtimes.temporal.payloads.encryption import EncryptionCodec
from stigmer_engine.runtimes.temporal.payloads.stores import blob_store


def data_converter(
    config: PayloadsConfig, *, on_text: OnText | None = None, store: BlobStore | None = None
) -> DataConverter:
    """JSON with ClaimedText; compressed and encrypted when there are keys; stored when large.

    With keys, messages and stack traces of failures are encrypted as well.

    Args:
        on_text: see CodecChain.
        store: where blobs go, when that is not what `config.place` says.
    """
    # Encrypted before it is stored, so that the store never sees plain text; compressed before it is encrypted.
    encryption = EncryptionCodec(config.keys, compress=config.compress, repeatable_from=config.threshold_bytes)
    claim_check = ClaimCheckCodec(
        store if store is not None else blob_store(config.place),
        threshold_bytes=config.threshold_bytes if config.claim_check else None,
        compress=config.compress,
        ttl=config.ttl,
        cache_bytes=config.cache_bytes,
        max_payload_bytes=config.max_payload_bytes,
    )
    return DataConverter(
        payload_converter_class=PayloadConverterWithClaimedText,
        payload_codec=CodecChain((encryption, claim_check), on_text=on_text),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes
        if config.keys.keys
        else DefaultFailureConverter,
    )
