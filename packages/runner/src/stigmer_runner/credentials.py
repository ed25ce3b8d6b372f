"""Where the service of this machine is and the key to it, kept in a file that only its owner can read."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

FILE_NAME: Final = "credentials"
FOLDER: Final = ".stigmer"


class CredentialsProblem(Exception):
    """The file cannot be used; the text is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client needs.

    Attributes:
        endpoint: `grpc://host:port` of the service.
        url: `http://host:port` of its HTTP API; empty when unknown.
        api_key: sent with every call.
    """

    endpoint: str
    url: str = ""
    api_key: str = field(repr=False)

    def write(self, path: Path) -> None:
        """Put the file in place at once, with mode 0600. Raises OSError."""
        text = json.dumps({"endpoint": self.endpoint, "url": self.url, "api_key": self.api_key}, indent=2)
        write_secret(path, f"{text}\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """The content of the file. Raises FileNotFoundError when there is none, and CredentialsProblem."""
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            texts = {name: value[name] for name in ("endpoint", "api_key")} | {"url": value.get("url", "")}
        except FileNotFoundError:
            raise
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CredentialsProblem(f"The credentials in {path} cannot be read: {reason}.") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CredentialsProblem(
                f"{path} is no credentials file; delete it, and `stigmer dev` writes a new one."
            ) from None
        if not all(isinstance(text, str) for text in texts.values()):
            raise CredentialsProblem(f"{path} is no credentials file: each of its members must be text.")
        return cls(**texts)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read; whoever reads it sees the old content or the new. Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
