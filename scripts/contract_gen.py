"""Generates gen/stigmer_proto from proto/, or checks that it is fresh.

`python scripts/contract_gen.py` writes; `--check` generates into a temporary folder, compares and exits 1 on drift. The
check needs no git and looks at nothing but proto/ and gen/stigmer_proto.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GENERATED = ROOT / "gen" / "stigmer_proto"


def buf(*arguments: str, cwd: Path = ROOT) -> None:
    """Runs the buf that is installed beside this Python; its plugin and ruff are found there too.

    Raises `SystemExit` with buf's output when it fails.
    """
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [str(scripts / "buf"), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"buf {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def generate(out: Path) -> None:
    """Generates the package `stigmer_proto` into the folder `out`."""
    buf("generate", "--template", "../buf.gen.yaml", "--output", str(out), cwd=PROTO)


def files(folder: Path) -> set[str]:
    """Relative paths of all files that belong to a generated package."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def drift(fresh: Path, committed: Path) -> list[str]:
    """Says for each file how the committed package differs from the fresh one; empty when it does not."""
    expected, present = files(fresh), files(committed)
    return [
        *(f"missing: {name}" for name in sorted(expected - present)),
        *(f"not generated: {name}" for name in sorted(present - expected)),
        *(
            f"stale: {name}"
            for name in sorted(expected & present)
            if not filecmp.cmp(fresh / name, committed / name, shallow=False)
        ),
    ]


def main() -> int:
    """Entry point; the exit code is 1 on drift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = Path(folder) / "stigmer_proto"
        if check:
            differences = drift(fresh, GENERATED)
            if differences:
                print("gen/stigmer_proto differs from what proto/ generates; run `just gen`:", *differences, sep="\n  ")
            return 1 if differences else 0
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
