"""The child process that evaluates jq: a stand-alone script, started by `process.py`, importing nothing of ours.

Its environment is empty, its memory bounded, its only files are its pipes. It says `READY` once, then answers one
request at a time:

    request:  number, program id, length of program text (0: known), length of arguments, then both texts
    reply:    number, status, length of body, then the body

The budget of an evaluation is processor time of this process, kept by the kernel: a busy machine makes nobody fail,
and an endless expression ends even when the parent has died.
"""

import os
import signal
import struct
import sys
from collections import OrderedDict

READY = b"\x01"
REQUEST = struct.Struct(">IIII")
REPLY = struct.Struct(">IBI")
VALUE, FAILURE = 0, 1
# Parent and child forget programs by the same rule, so the parent always knows what the child knows.
PROGRAMS_KEPT = 512


def _read(size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = os.read(0, min(size - len(chunks), 1 << 20))
        if not chunk:
            sys.exit(0)
        chunks += chunk
    return bytes(chunks)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _limit_memory(limit: int) -> None:
    import resource  # noqa: PLC0415 - the budget in megabytes starts after the imports

    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve(budget_seconds: float, memory_limit: int) -> None:
    """Answer requests until the parent closes the pipe."""
    import jq  # noqa: PLC0415 - needed by the child alone; the parent imports this module for its constants

    _limit_memory(memory_limit)
    programs: OrderedDict[int, object] = OrderedDict()
    _write(READY)
    while True:
        number, program_id, program_size, arguments_size = REQUEST.unpack(_read(REQUEST.size))
        text = _read(program_size).decode()
        arguments = _read(arguments_size).decode()
        signal.setitimer(signal.ITIMER_PROF, budget_seconds)
        try:
            if text:
                programs[program_id] = text
                if len(programs) > PROGRAMS_KEPT:
                    programs.popitem(last=False)
            programs.move_to_end(program_id)
            if isinstance(programs[program_id], str):
                programs[program_id] = jq.compile(programs[program_id])
            body = programs[program_id].input_text(arguments).text().encode()  # type: ignore[attr-defined]
            # `halt` ends a program without a result; ours always have one, so nothing is a failure, never a value.
            body, status = (body, VALUE) if body else (b"the expression ended without a result", FAILURE)
        except Exception as error:
            body, status = str(error).encode(errors="replace"), FAILURE
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(REPLY.pack(number, status, len(body)) + body)


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]))
