"""Holds the runner to a caller in Go: tests/go_caller against a real dev server and a real runner process.

Needs Go on this machine, and the modules of tests/go_caller/go.mod, which Go downloads. Messages of the contract are
generated into a temporary folder, beside a copy of the program.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from stigmer_runner.temporal_server import open_dev_server
from stigmer_runner.testing import RunnerProcess

from scripts.contract import ROOT, buf
from scripts.quiet_log import warnings_only

PROGRAM: Final = ROOT / "tests" / "go_caller"
_MODULE: Final = "stigmer.test/go-caller"
_MESSAGES: Final = "ai/stigmer/agentic"
_WANTED: Final = (f"{_MESSAGES}/workflowrunner/v1/io.proto", f"{_MESSAGES}/workflowexecution/v1/api.proto")


def go(*arguments: str, folder: Path) -> None:
    """Run Go. Ends the process with what it says when it fails."""
    program = shutil.which("go")
    if program is None:
        sys.exit("There is no `go` on the PATH: install Go, or leave this test to those who have it.")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"go {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def build(folder: Path) -> Path:
    """Build the program in a folder, which holds everything that is generated for it."""
    for file in PROGRAM.iterdir():
        shutil.copy(file, folder)
    compiler = folder / "protoc-gen-go"
    go("build", "-o", str(compiler), "google.golang.org/protobuf/cmd/protoc-gen-go", folder=folder)
    template = {
        "version": "v2",
        "managed": {
            "enabled": True,
            "override": [{"file_option": "go_package_prefix", "value": f"{_MODULE}/contract"}],
        },
        "plugins": [
            {"local": str(compiler), "out": "contract", "opt": ["paths=source_relative"], "include_imports": True}
        ],
    }
    paths = [f"--path=proto/{name}" for name in _WANTED]
    buf("generate", f"--template={json.dumps(template)}", f"--output={folder}", *paths, cwd=ROOT)
    program = folder / "go-caller"
    go("build", "-o", str(program), ".", folder=folder)
    return program


async def call(program: Path, folder: Path) -> int:
    """Run the program against a server and a runner of its own; its exit code."""
    async with open_dev_server() as server:
        settings = {
            "EXECUTION_MODE": "temporal",
            "TEMPORAL_SERVICE_ADDRESS": server.address,
            "BLOB_STORAGE_PATH": str(folder / "blobs"),
        }
        with RunnerProcess(settings):
            process = await asyncio.create_subprocess_exec(str(program), server.address)
            return await process.wait()


def main() -> int:
    """Build and run."""
    warnings_only()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return asyncio.run(call(build(folder), folder))


if __name__ == "__main__":
    sys.exit(main())
