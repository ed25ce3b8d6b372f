"""Reads the query of a request."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.pages import DEFAULT_SIZE, LARGEST_SIZE

_MAX_PAGE: Final = 10_000_000
_MAX_SEQUENCE_DIGITS: Final = 18
_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The page that is asked for (from 0), and entries a page."""

    page: int
    size: int


def paging(request: Request) -> Paging:
    """Query `page` (default 0) and `size` (default 50, at most 100). Raises Refused."""
    return Paging(
        page=_number(request, "page", default=0, least=0, most=_MAX_PAGE),
        size=_number(request, "size", default=DEFAULT_SIZE, least=1, most=LARGEST_SIZE),
    )


def text(request: Request, name: str) -> str:
    """A query parameter of at most 200 characters, empty when it is absent. Raises Refused."""
    value = request.query_params.get(name, "").strip()
    if len(value) > _MAX_TEXT or "\x00" in value:
        raise Refused(Reason.INVALID_REQUEST, f"{name} must be text of at most {_MAX_TEXT} characters", field=name)
    return value


def sequence_after(last_event_id: str | None, query: str | None) -> int:
    """The sequence number behind which to begin: `Last-Event-ID`, else the query `after`, else 0. Raises Refused."""
    given = last_event_id or query or "0"
    if not (given.isascii() and given.isdigit() and len(given) <= _MAX_SEQUENCE_DIGITS):
        raise Refused(
            Reason.INVALID_REQUEST, "Last-Event-ID (or `after`) must be a sequence number, 0 or more", field="after"
        )
    return int(given)


def _number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    given = request.query_params.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < _MAX_SEQUENCE_DIGITS and least <= int(given) <= most):
        raise Refused(Reason.INVALID_REQUEST, f"{name} must be a whole number from {least} to {most}", field=name)
    return int(given)
