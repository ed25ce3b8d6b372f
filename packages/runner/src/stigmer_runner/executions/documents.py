"""Loads documents without holding up the event loop."""

import asyncio
from collections.abc import Callable

from stigmer_dsl import InvalidDocument, Problem
from stigmer_engine import PreparedDocument

from stigmer_runner.refusals import Reason, Refused

_SHOWN_PROBLEMS = 3

Load = Callable[[str, str], PreparedDocument]


class Documents:
    """Turns text into a checked document: in a thread, one at a time, with a size limit in UTF-8 bytes."""

    def __init__(self, load: Load, *, max_bytes: int) -> None:
        self._load = load
        self._max_bytes = max_bytes
        self._turn = asyncio.Lock()

    async def load(self, text: str, *, field: str) -> PreparedDocument:
        """The document in `text`. Raises Refused with all problems; `field` names the request field it came from."""
        data = text.encode("utf-8", errors="surrogatepass")
        if len(data) > self._max_bytes:
            raise Refused(
                Reason.INVALID_DOCUMENT,
                f"the document has {len(data)} bytes, the limit is {self._max_bytes} (MAX_DOCUMENT_BYTES)",
                field=field,
                facts={"limit_bytes": str(self._max_bytes)},
            )
        async with self._turn:
            return await self._checked(text, field)

    async def _checked(self, text: str, field: str) -> PreparedDocument:
        try:
            return await asyncio.to_thread(self._load, text, field)
        except InvalidDocument as invalid:
            errors = tuple(problem for problem in invalid.problems if problem.severity == "error")
            raise Refused(Reason.INVALID_DOCUMENT, _sentence(errors), field=field, problems=invalid.problems) from None


def _sentence(errors: tuple[Problem, ...]) -> str:
    shown = "; ".join(str(error) for error in errors[:_SHOWN_PROBLEMS])
    more = f"; and {len(errors) - _SHOWN_PROBLEMS} more" if len(errors) > _SHOWN_PROBLEMS else ""
    return f"the document has {len(errors)} problem{'s' if len(errors) != 1 else ''}: {shown}{more}"
