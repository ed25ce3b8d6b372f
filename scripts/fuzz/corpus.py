"""Inputs that once failed, kept as files; a test checks all of them for ever."""

from pathlib import Path
from typing import Final

from .inputs import KINDS, ROOT, Kind

CORPUS: Final = ROOT / "tests" / "contract" / "fuzz_corpus"
_ENDINGS: Final[dict[Kind, str]] = {"documents": ".yaml", "expressions": ".jq"}


def entries(corpus: Path = CORPUS) -> list[tuple[Kind, int, Path]]:
    """Every input of a corpus, with its kind and its chance."""
    return [
        (kind, int(path.name.split(".")[1]), path)
        for kind in KINDS
        for path in sorted((corpus / kind).glob("*" + _ENDINGS[kind]))
    ]


def add(corpus: Path, kind: Kind, name: str, data: bytes, chance: int) -> Path:
    """Write an input down; the name is that of its finding."""
    path = corpus / kind / f"{name}.{chance}{_ENDINGS[kind]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
