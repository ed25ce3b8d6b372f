"""Runs a command, and ends it in order when whoever started this is gone, even by SIGKILL.

A program of its own, of the standard library alone: `python guard.py COMMAND...`. Standard input is a pipe that the
starter holds open; its end asks the command to end. The exit code is that of the command, 128 + N for a signal N.
"""

import os
import signal
import subprocess
import sys
import threading

_PATIENCE_SECONDS = 20.0


def main(command: list[str]) -> int:
    """Run the command; its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - what our own starter says
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.terminate())
    threading.Thread(target=_end_with_starter, args=(process,), daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


def _end_with_starter(process: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
