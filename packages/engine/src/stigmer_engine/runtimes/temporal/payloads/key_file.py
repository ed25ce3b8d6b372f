"""A key that is made when it is first needed, for secrets in a folder of one machine."""

import os
import secrets
from pathlib import Path
from typing import Final

from stigmer_engine.runtimes.temporal.payloads.keys import KeyRing, new_key, parse_keys
from stigmer_engine.runtimes.temporal.payloads.problems import InvalidKeys, NoKeyForSecrets

_EMPTY: Final = KeyRing()


class KeyFile:
    """A file of `id:base64` lines, mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> KeyRing:
        """The keys in the file; none when there is no file. Raises NoKeyForSecrets when it cannot be used."""
        try:
            return parse_keys(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return _EMPTY
        except InvalidKeys as error:
            raise NoKeyForSecrets(f"The key file {self._path} {error}.") from None
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise NoKeyForSecrets(f"The key file {self._path} cannot be read: {why.lower()}.") from None

    def read_or_make(self) -> KeyRing:
        """The keys in the file, with one new key when there is no file. Raises NoKeyForSecrets."""
        try:
            if not self._path.exists():
                self._make()
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise NoKeyForSecrets(f"The key file {self._path} cannot be made: {why}. Set PAYLOAD_KEYS.") from None
        return self.read()

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.part")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{new_key(f'file-{secrets.token_hex(4)}').to_text()}\n")
                file.flush()
                os.fsync(file.fileno())
            # A link fails where the name is taken: of several processes that begin together, one makes the key.
            try:
                os.link(unfinished, self._path)
            except FileExistsError:
                return
        finally:
            unfinished.unlink(missing_ok=True)
