"""Strict decoding of binary messages.

betterproto2 reads what it can: a message that was cut off, or is no message at all, may come out as one with fewer
fields. The C runtime of protobuf is strict, and fast enough to look first.
"""

from __future__ import annotations

from typing import TypeVar

import betterproto2
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

M = TypeVar("M", bound=betterproto2.Message)


class MalformedMessage(ValueError):
    """The data is not a message of the wanted type."""


def parse_exact(message_type: type[M], data: bytes) -> M:
    """Decodes a message, and refuses data that is malformed, cut off, or nested more than 100 messages deep.

    Unknown fields and unknown enum values are kept, not refused.

    Raises:
        MalformedMessage: the data is not a message of that type, as far as the wire format can tell.
    """
    descriptor = message_type.DESCRIPTOR  # type: ignore[attr-defined]  # every generated class has it, the base has not
    try:
        GetMessageClass(descriptor).FromString(data)
        return message_type.parse(data)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"the data is not a binary {descriptor.full_name}") from error
