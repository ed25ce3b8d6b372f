"""One log for structlog and the standard library: JSON lines or text, and no secret in either."""

import io
import json
import logging

import pytest
from stigmer_ports.config import LogLevel, LogSettings
from stigmer_ports.logs import configure_logging, get_logger
from stigmer_ports.redaction import Redactor

pytestmark = pytest.mark.usefixtures("restored_logging")

SECRET = 'p"\\ä/ secret+value='


def _fail() -> None:
    raise ValueError(SECRET)


def configured(*, pretty: bool = False, level: LogLevel = LogLevel.INFO) -> io.StringIO:
    stream = io.StringIO()
    settings = LogSettings(env="local" if pretty else "", log_level=level)
    configure_logging(settings, Redactor([SECRET]), stream=stream)
    return stream


def test_a_line_is_a_json_object() -> None:
    stream = configured()
    get_logger("runner").info("started", port=8080)
    logging.getLogger("other").warning("from %s", "stdlib")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["logger"], first["port"]) == ("started", "info", "runner", 8080)
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["level"]) == ("from stdlib", "warning")


def test_local_lines_are_for_people() -> None:
    stream = configured(pretty=True)
    get_logger("runner").info("started", port=8080)
    assert "started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_the_level_counts() -> None:
    stream = configured(level=LogLevel.ERROR)
    get_logger("runner").warning("quiet")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("pretty", [True, False])
def test_no_way_of_logging_shows_a_known_secret(pretty: bool) -> None:
    stream = configured(pretty=pretty, level=LogLevel.DEBUG)
    log = get_logger("runner")
    log.info(f"in the text {SECRET}")
    log.info("in a field", detail=SECRET, nested={"list": [SECRET]}, raw=SECRET.encode())
    logging.getLogger("other").info("in an argument %r", SECRET)
    try:
        _fail()
    except ValueError:
        log.exception("in a traceback")
        logging.getLogger("other").exception("in a traceback")
    text = stream.getvalue()
    assert "***" in text
    assert SECRET not in text
    assert "secret+value" not in text


def test_named_fields_and_headers_are_masked_even_when_unknown() -> None:
    stream = configured()
    get_logger("runner").info("call", api_key="abcdef", headers="authorization: Bearer abc.def-ghi")
    assert "abc" not in stream.getvalue()


def test_libraries_that_log_headers_stay_quiet() -> None:
    stream = configured(level=LogLevel.DEBUG)
    logging.getLogger("hpack.hpack").debug("Encoding authorization")
    logging.getLogger("httpx").info("HTTP Request: GET http://h/?key=x")
    assert stream.getvalue() == ""
