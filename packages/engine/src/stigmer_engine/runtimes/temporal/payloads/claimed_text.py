"""A text that is stored once and shared by many executions, such as a workflow's document."""

import json
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)

from stigmer_engine.runtimes.temporal.payloads.claim_flag import ALWAYS, CLAIM, is_always
from stigmer_engine.runtimes.temporal.payloads.ordered_json import OrderedJsonConverter


@dataclass(frozen=True, slots=True)
class ClaimedText:
    """An argument or result of its own, not part of one: its payload is flagged, so that it is always stored.

    To others it is a JSON text; a receiver that expects `str` gets one.
    """

    text: str


class ClaimedTextConverter(EncodingPayloadConverter):
    """The JSON converter, which also knows ClaimedText."""

    def __init__(self, json_converter: EncodingPayloadConverter) -> None:
        self._json = json_converter

    @property
    def encoding(self) -> str:
        """That of JSON: a claimed text is readable for every SDK."""
        return self._json.encoding

    def to_payload(self, value: Any) -> Payload | None:
        """A flagged JSON text for a ClaimedText, else what the JSON converter makes."""
        if not isinstance(value, ClaimedText):
            return self._json.to_payload(value)
        data = json.dumps(value.text, ensure_ascii=False).encode(errors="surrogatepass")
        return Payload(metadata={"encoding": self.encoding.encode(), CLAIM: ALWAYS}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """A ClaimedText where one is expected, else what the JSON converter makes."""
        if not _expects_claimed_text(type_hint):
            return self._json.from_payload(payload, type_hint)
        value = self._json.from_payload(payload)
        if value is None and type_hint is not ClaimedText:
            return None
        if not isinstance(value, str):
            raise RuntimeError(  # noqa: TRY004 - what the SDK expects of a converter
                f"Expected a JSON text for ClaimedText, not {type(value).__name__}"
            )
        return ClaimedText(value)


class PayloadConverterWithClaimedText(CompositePayloadConverter):
    """The SDK's default converter, with ClaimedText among its types, and objects in order."""

    def __init__(self) -> None:
        known = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(
            *(
                ClaimedTextConverter(OrderedJsonConverter()) if isinstance(item, JSONPlainPayloadConverter) else item
                for item in known
            )
        )


def claimed_text(payload: Payload) -> str | None:
    """The text of a decoded payload that a ClaimedText became, or None when it is another one."""
    if not is_always(payload) or payload.metadata.get("encoding") != b"json/plain":
        return None
    try:
        value = json.loads(payload.data)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _expects_claimed_text(type_hint: object) -> bool:
    if type_hint is ClaimedText:
        return True
    return get_origin(type_hint) in (Union, UnionType) and ClaimedText in get_args(type_hint)
