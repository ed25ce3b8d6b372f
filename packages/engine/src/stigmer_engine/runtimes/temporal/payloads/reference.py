"""What stands in history for a payload that lies in the store.

    metadata: encoding = stigmer/claim-check   (stigmer-claim = always, when the payload has it)
    data:     {"version": 1, "sha256": <of the blob>, "size": <bytes of the payload>, "compressed": true}

The blob is the serialized `temporal.api.common.v1.Payload`, in gzip when `compressed`.
"""

import json
from dataclasses import dataclass
from typing import Final

from temporalio.api.common.v1 import Payload

from stigmer_engine.runtimes.temporal.payloads.blob_store import is_key
from stigmer_engine.runtimes.temporal.payloads.claim_flag import ALWAYS, CLAIM
from stigmer_engine.runtimes.temporal.payloads.problems import AlteredBlob

ENCODING: Final = b"stigmer/claim-check"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Key of a blob (its SHA-256), size of the payload in bytes when unpacked, and whether it must be unpacked."""

    sha256: str
    size: int
    compressed: bool

    def to_payload(self, *, always: bool) -> Payload:
        """The payload that goes into history."""
        fields = {"version": _VERSION, "sha256": self.sha256, "size": self.size, "compressed": self.compressed}
        metadata = {"encoding": ENCODING, **({CLAIM: ALWAYS} if always else {})}
        return Payload(metadata=metadata, data=json.dumps(fields, separators=(",", ":")).encode())


def is_reference(payload: Payload) -> bool:
    """Whether the payload stands for another one. Only its own encoding counts, never its data."""
    return payload.metadata.get("encoding") == ENCODING


def read_reference(payload: Payload) -> Reference:
    """The reference in a payload for which `is_reference` holds. Raises AlteredBlob."""
    try:
        fields = json.loads(payload.data)
    except ValueError:
        raise _unreadable("is no JSON") from None
    match fields:
        case {"version": int(version)} if version != _VERSION:
            raise _unreadable(f"has version {version}, this release reads {_VERSION}; upgrade the worker")
        case {"version": int(), "sha256": str(key), "size": int(size), "compressed": bool(compressed)} if (
            is_key(key) and size >= 0
        ):
            return Reference(sha256=key, size=size, compressed=compressed)
        case _:
            raise _unreadable("does not have the fields version, sha256, size and compressed")


def _unreadable(why: str) -> AlteredBlob:
    return AlteredBlob(f"A claim check in the execution's history cannot be read: it {why}.")
