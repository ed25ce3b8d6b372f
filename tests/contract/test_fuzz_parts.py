"""The parts of `just fuzz` that must not fail silently: they see a defect, make it small, and keep it."""

import logging
import re
from pathlib import Path

import pytest
from stigmer_dsl.expressions import tokens
from stigmer_engine.expressions import program
from stigmer_engine.interpreter.run import Run

from scripts.fuzz import watchdog
from scripts.fuzz.check import checking
from scripts.fuzz.corpus import add, entries
from scripts.fuzz.finding import Finding
from scripts.fuzz.minimise import minimise

DOCUMENT = b"document: {dsl: 1.0.0, namespace: a, name: b, version: 1.0.0}\ndo:\n- a: {set: {b: '${ .c }'}}\n"


def planted(kind: str, data: bytes) -> Finding:
    with checking(kind) as check:  # type: ignore[arg-type]
        outcome = check.outcome(data, 1)
    assert isinstance(outcome, Finding), outcome
    return outcome


def test_a_good_document_and_a_bad_one_are_no_findings() -> None:
    with checking("documents") as check:
        assert check.outcome(DOCUMENT, 1) == "completed"
        assert check.outcome(b"do: [", 1) == "refused"


def test_an_exception_of_the_engine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_run: Run, _reference: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Run, "gate", crash)
    assert planted("documents", DOCUMENT).signature == "logged: ZeroDivisionError in test_fuzz_parts.py"


def test_what_is_only_logged_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def complain(_run: Run, _reference: str) -> None:
        logging.getLogger("stigmer_engine.test").error("a call ended in %s at %s", "KeyError", "/a/b/http.py:7")

    monkeypatch.setattr(Run, "gate", complain)
    assert planted("documents", DOCUMENT).signature == "logged: a call ended in KeyError at http.py"


def test_a_hang_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def spin(_run: Run, _reference: str) -> None:
        while True:
            pass

    monkeypatch.setattr(watchdog, "INPUT_SECONDS", 0.5)
    monkeypatch.setattr(Run, "gate", spin)
    assert planted("documents", DOCUMENT).signature == "Hang"


def test_a_token_that_is_not_where_it_says_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_PATTERN", re.compile(tokens._PATTERN.pattern.replace("(?P<format>@", "(?P<format>%")))
    assert planted("expressions", b'@base64 "x"').signature == "the tokens refused what libjq compiles"


def test_another_value_than_that_of_libjq_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_single", lambda leaf: f"([last(({leaf.source}))][0])")
    assert planted("expressions", b"1, 2").signature == "libjq gives another value"


def test_an_input_is_made_as_small_as_it_gets() -> None:
    data = b"some: lines\nand a needle in: a haystack\nof more\n"
    assert minimise(data, lambda smaller: b"needle" in smaller) == b"needle"


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    finding = Finding(signature="Hang somewhere/else.py", detail="")
    document = add(tmp_path, "documents", finding.name, b"a", 7)
    expression = add(tmp_path, "expressions", finding.name, b"b\r", 8)
    assert entries(tmp_path) == [("documents", 7, document), ("expressions", 8, expression)]
    assert expression.read_bytes() == b"b\r"
