"""Build every workspace member as a wheel and import it alone, with only the dependencies it declares.

In the shared environment an undeclared dependency goes unnoticed, and an editable install hides missing files.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def import_names(member: Path) -> list[str]:
    """The import packages that a member's wheel must hold."""
    settings = tomllib.loads((member / "pyproject.toml").read_text())
    names = settings["tool"]["uv"]["build-backend"]["module-name"]
    return [names] if isinstance(names, str) else list(names)


def main() -> None:
    """Exit with the number of members that cannot stand alone."""
    failed = 0
    for member in [ROOT / "gen", *sorted((ROOT / "packages").iterdir())]:
        names = import_names(member)
        distribution = tomllib.loads((member / "pyproject.toml").read_text())["project"]["name"]
        command = [
            *(
                os.environ.get("UV", "uv"),
                "run",
                "--quiet",
                "--isolated",
                "--no-dev",
                "--no-editable",
                "--package",
                distribution,
            ),
            *("python", "-c", f"import {', '.join(names)}"),
        ]
        done = subprocess.run(command, cwd=ROOT, check=False)
        print(f"{distribution}: {'imports alone' if done.returncode == 0 else 'FAILED'}", flush=True)
        failed += done.returncode != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
