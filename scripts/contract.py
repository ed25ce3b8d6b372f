"""Everything the justfile does with the contract: gen, gen-check, lint, breaking, release.

All of it is offline and needs only the tools that are installed beside this Python.
"""

from __future__ import annotations

import argparse
import filecmp
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = Path("gen", "stigmer_proto")
RELEASED = Path("proto", "released.binpb")


def buf(*arguments: str, cwd: Path) -> None:
    """Runs buf; its plugin and ruff are found beside it. Ends the process with buf's findings when it fails."""
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [str(scripts / "buf"), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"buf {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def generate(tree: Path, out: Path) -> None:
    """Generates the package `stigmer_proto` into the folder `out`.

    The compiler formats its output with ruff in the current directory: in proto/ that is proto/ruff.toml and not the
    settings of hand-written code.
    """
    buf("generate", "--template", "../buf.gen.yaml", "--output", str(out), cwd=tree / "proto")


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


def gen(tree: Path) -> None:
    """Replaces the generated package."""
    with tempfile.TemporaryDirectory() as folder:
        generate(tree, Path(folder))
        shutil.rmtree(tree / GENERATED, ignore_errors=True)
        shutil.copytree(Path(folder) / GENERATED.name, tree / GENERATED)


def gen_check(tree: Path) -> None:
    """Ends the process with the differences when the generated package is not fresh. Looks at no other file."""
    with tempfile.TemporaryDirectory() as folder:
        generate(tree, Path(folder))
        differences = drift(Path(folder) / GENERATED.name, tree / GENERATED)
    if differences:
        sys.exit("\n  ".join(["gen/stigmer_proto is not what proto/ generates; run `just gen`:", *differences]))


def lint(tree: Path) -> None:
    """Checks format and rules of the protos."""
    buf("format", "--exit-code", "--diff", cwd=tree)
    buf("lint", cwd=tree)


def breaking(tree: Path, branch: str | None) -> None:
    """Looks for breaking changes since the last release, or since a branch of the git repository that is the tree."""
    if branch is None:
        buf("breaking", "--against", str(RELEASED), cwd=tree)
        return
    archive = subprocess.run(
        ["git", "archive", branch, "proto", "buf.yaml"], cwd=tree, capture_output=True, check=False
    )
    if archive.returncode != 0:
        sys.exit(f"the branch {branch!r} cannot be read: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        buf("breaking", "--against", folder, cwd=tree)


def release(tree: Path, *, intended: bool) -> None:
    """Makes the present contract the released one. Refuses breaking changes unless they are intended."""
    lint(tree)
    if (tree / RELEASED).exists() and not intended:
        breaking(tree, branch=None)
    buf("build", "--exclude-source-info", "--output", str(RELEASED), cwd=tree)


def main() -> None:
    """Entry point; the exit code is not 0 when a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT, help="folder with proto/ and buf.yaml (default: this one)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("gen", help="generate gen/stigmer_proto")
    commands.add_parser("gen-check", help="fail when gen/stigmer_proto is not fresh")
    commands.add_parser("lint", help="check format and rules")
    since = commands.add_parser("breaking", help="fail on a breaking change since the last release")
    since.add_argument("--branch", help="compare with this git branch instead of the last release")
    released = commands.add_parser("release", help="make the present contract the released one")
    released.add_argument("--breaking-is-intended", action="store_true", help="release although clients will break")
    arguments = parser.parse_args()
    tree: Path = arguments.tree.resolve()
    match arguments.command:
        case "gen":
            gen(tree)
        case "gen-check":
            gen_check(tree)
        case "lint":
            lint(tree)
        case "breaking":
            breaking(tree, arguments.branch)
        case "release":
            release(tree, intended=arguments.breaking_is_intended)


if __name__ == "__main__":
    main()
