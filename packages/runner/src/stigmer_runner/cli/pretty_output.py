"""JSON in colours."""

import sys

from rich.console import Console
from rich.json import JSON


def print_pretty(text: str) -> None:
    """Print a JSON text to standard output, in colours when that is a terminal."""
    Console(file=sys.stdout, soft_wrap=True).print(JSON(text, ensure_ascii=False))
