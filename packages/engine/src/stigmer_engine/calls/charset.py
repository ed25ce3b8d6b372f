"""Text out of the bytes of a response."""

import httpx


def decode_text(response: httpx.Response, body: bytes) -> str:
    """The body by the charset of its content type; what cannot be decoded becomes U+FFFD.

    A charset that is unknown, or no charset (Python has codecs such as `hex` by the same names), is a peer's mistake:
    then the text is read as UTF-8, like one without a charset.
    """
    try:
        return body.decode(response.charset_encoding or "utf-8", errors="replace")
    except (LookupError, UnicodeError):
        return body.decode(errors="replace")
