"""A whole platform from one command, and what a person would type next: `python -m examples.parcel.demo`.

`stigmer dev` is started in an empty folder; a workflow is applied, started and watched, and its result is checked.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SPEC = Path(__file__).parent / "spec.yaml"
STIGMER = (sys.executable, "-m", "stigmer_runner")
# The commands are to find the service by the folder they are in.
UNTIED = {name: value for name, value in os.environ.items() if not name.startswith("STIGMER_SERVICE_")}


@contextmanager
def platform(folder: Path) -> Iterator[None]:
    """`stigmer dev` from the moment it is ready; its last lines are shown when it does not come to that."""
    print("$ stigmer dev &")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*STIGMER, "dev", "--json-logs"], cwd=folder, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        told = json.loads(line) if line.startswith("{") else {}
        if told.get("component") == "dev" and told.get("event") == "ready":
            print(f"  page {told['page']}, gRPC {told['grpc']}, Temporal UI {told['temporal_ui']}")
            break
    else:
        sys.exit("".join(said[-20:]))
    reading = threading.Thread(target=process.stderr.read, daemon=True)
    reading.start()
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait()
        reading.join()
        process.stderr.close()
        print(f"$ # Ctrl-C: ended with exit code {code}")


def stigmer(folder: Path, *arguments: str) -> str:
    """Run a command, show it, and give what it prints; ends the program when the command fails."""
    print(f"$ stigmer {' '.join(arguments)}", flush=True)
    done = subprocess.run(  # noqa: S603 - our own program
        [*STIGMER, *arguments], cwd=folder, env=UNTIED, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False
    )
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"It ended with exit code {done.returncode}.")
    return done.stdout


def main() -> None:
    """Do it all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with platform(folder):
            stigmer(folder, "apply", str(SPEC))
            given = json.dumps({"items": ["a book", "a lamp"]})
            output = json.loads(stigmer(folder, "start", "parcel", "--input", given, "--watch"))
            stigmer(folder, "list")
    if output != {"packed": 2, "last": "a lamp", "released": None}:
        sys.exit(f"That is not what was to come out: {output}")
    print("The parcel is on its way.")


if __name__ == "__main__":
    main()
