"""The charset that a peer names, and those that are none."""

import httpx
import pytest
from stigmer_engine.calls.charset import decode_text


def decoded(body: bytes, content_type: str) -> str:
    return decode_text(httpx.Response(200, headers={"content-type": content_type}), body)


def test_the_charset_of_the_content_type_counts() -> None:
    assert decoded("é".encode("latin-1"), "text/plain; charset=iso-8859-1") == "é"


def test_without_a_charset_it_is_utf_8() -> None:
    assert decoded("é".encode(), "text/plain") == "é"


@pytest.mark.parametrize("charset", ["nowhere", "hex", "rot13", "undefined", "idna", "punycode", '""', "\\"])
def test_what_is_no_charset_is_read_as_utf_8(charset: str) -> None:
    assert decoded("é".encode(), f"text/plain; charset={charset}") in ("é", "\ufffd\ufffd")


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert decoded(b"a\xff", "text/plain; charset=utf-8") == "a\ufffd"
