"""What counts as a finding, and how two findings are seen to be the same."""

import hashlib
import re
from dataclasses import dataclass
from traceback import walk_tb

_OURS = re.compile(r".*/(stigmer_\w+/.*)")


class LawBroken(Exception):
    """An input after which something does not hold that always must; `law` is its short name."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law


class Hang(KeyboardInterrupt):
    """An input that takes too much processor time.

    An interrupt, because an event loop passes those on at once and keeps every other exception in a task.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One failed input.

    Attributes:
        signature: the same for every input that fails in the same way, as far as one can tell.
        detail: one line for people.
    """

    signature: str
    detail: str

    @property
    def name(self) -> str:
        """A file name without ending."""
        digest = hashlib.sha256(self.signature.encode()).hexdigest()[:8]
        words = re.sub(r"[^A-Za-z0-9]+", "_", self.signature).strip("_").lower()
        return f"{words[:60].rstrip('_')}_{digest}"


def finding_of(error: BaseException) -> Finding:
    """The finding that an exception is: its type, and the innermost place in our code."""
    if isinstance(error, LawBroken):
        return Finding(signature=error.law, detail=str(error)[:500])
    place = "?"
    for frame, _line in walk_tb(error.__traceback__):
        match = _OURS.match(frame.f_code.co_filename)
        if match is not None:
            place = f"{match.group(1)}:{frame.f_code.co_name}"
    kind = type(error).__name__
    # Where a stack ends, or the time, is a matter of chance.
    signature = kind if isinstance(error, RecursionError | Hang) else f"{kind} {place}"
    return Finding(signature=signature, detail=f"{kind} at {place}: {str(error)[:300]}")
