"""JSON whose objects keep the order of their keys."""

import json
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import AdvancedJSONEncoder, JSONPlainPayloadConverter


class OrderedJsonConverter(JSONPlainPayloadConverter):
    """The SDK's converter sorts keys; but a `for` over an object, and its text, go by the order of the keys."""

    def to_payload(self, value: Any) -> Payload | None:
        """The value as JSON."""
        data = json.dumps(value, cls=AdvancedJSONEncoder, separators=(",", ":"))
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data.encode())
