"""Known secret values are removed from text and JSON in the forms encodings give them."""

import base64
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from stigmer_ports.redaction import MASK, Redactor


def test_values_are_hidden_in_every_position() -> None:
    redactor = Redactor(["s3cret", "12345"])
    assert redactor.json({"s3cret": ["a s3cret b", {"n": 12345, "ok": 1, "yes": True, "none": None}]}) == {
        MASK: [f"a {MASK} b", {"n": MASK, "ok": 1, "yes": True, "none": None}]
    }


def test_the_longest_value_wins() -> None:
    assert Redactor(["abc", "abcdef"]).text("abcdef abc") == f"{MASK} {MASK}"


def test_values_are_counted() -> None:
    redactor = Redactor()
    redactor.learn(["key"])
    redactor.learn(["key", ""])
    redactor.forget(["key"])
    assert redactor.text("key") == MASK
    redactor.forget(["key"])
    assert redactor.text("key") == "key"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_encoded_form_survives(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    for form in (secret, quote(secret, safe="", errors="replace"), base64.b64encode(secret.encode()).decode()):
        if form not in before + after and form not in MASK:
            assert form not in redactor.text(f"{before}\x00{form}\x00{after}")
