"""Pages of lists: which one is asked for, and how many there are."""

from typing import Final

from stigmer_proto.ai.stigmer.commons.rpc import PageInfo

from stigmer_server.resources.metadata import invalid

DEFAULT_SIZE: Final = 50
LARGEST_SIZE: Final = 100
_LAST_PAGE: Final = 10_000_000


def page_size(size: int, field: str = "page_size") -> int:
    """Entries a page: 50 when 0, at most 100. Raises Refused for a negative number."""
    if size < 0:
        raise invalid(field, "must not be negative")
    return min(size or DEFAULT_SIZE, LARGEST_SIZE)


def page_of_token(token: str) -> int:
    """The number of the page, from 0. Raises Refused when the token is none."""
    if not token:
        return 0
    if not (token.isascii() and token.isdigit() and int(token) <= _LAST_PAGE):
        raise invalid("page_token", "must be the number of a page, from 0")
    return int(token)


def page_of_info(info: PageInfo | None) -> tuple[int, int]:
    """Number and size of the page that is asked for. Raises Refused."""
    info = info or PageInfo()
    if not 0 <= info.num <= _LAST_PAGE:
        raise invalid("page_info.num", "must be the number of a page, from 0")
    return info.num, page_size(info.size, "page_info.size")


def total_pages(total: int, size: int) -> int:
    """How many pages of this size hold so many entries."""
    return -(-total // size)
