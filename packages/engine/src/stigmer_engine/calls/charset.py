"""Text out of the bytes of a response."""

from typing import Final

import httpx

# Codecs of Python for names in the DNS: registered beside the charsets, and lenient in a way of their own.
_NO_CHARSETS: Final = frozenset({"idna", "punycode"})


def decode_text(response: httpx.Response, body: bytes) -> str:
    """The body by the charset of its content type; what cannot be decoded becomes U+FFFD.

    A charset that is unknown, or no charset (Python has codecs such as `hex` by the same names), is a peer's mistake:
    then the text is read as UTF-8, like one without a charset.
    """
    charset = response.charset_encoding or "utf-8"
    try:
        return body.decode("utf-8" if charset.lower() in _NO_CHARSETS else charset, errors="replace")
    except (LookupError, UnicodeError):
        return body.decode(errors="replace")
