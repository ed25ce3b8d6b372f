"""gzip that gives the same bytes for the same content, and that never unpacks more than was announced."""

import zlib
from typing import Final

_GZIP: Final = 31  # zlib's window bits for a gzip stream; its header has no time and no name
_FLOOR: Final = 256
"""Below this many bytes gzip's own header eats most of the gain."""


def smaller(content: bytes) -> bytes | None:
    """The content in gzip, or None when that is not smaller. The same content gives the same bytes."""
    if len(content) < _FLOOR:
        return None
    packer = zlib.compressobj(wbits=_GZIP)
    packed = packer.compress(content) + packer.flush()
    return packed if len(packed) < len(content) else None


def unpack(packed: bytes, size: int) -> bytes | None:
    """The content of `size` bytes, or None when this is no gzip stream of exactly that many bytes.

    Memory is bounded by `size`, whatever the stream would unpack to.
    """
    unpacker = zlib.decompressobj(wbits=_GZIP)
    try:
        content = unpacker.decompress(packed, size + 1)
    except zlib.error:
        return None
    whole = unpacker.eof and not unpacker.unused_data and len(content) == size
    return content if whole else None
