"""One log for all parts: each line says whose it is."""

import contextlib
import json
import os
import sys
import threading
from datetime import UTC, datetime
from typing import Final, Protocol

import click
from stigmer_dsl import JsonObject, JsonValue

from stigmer_runner.terminal_text import printable

_COLOURS: Final = {"temporal": "magenta", "server": "cyan", "runner": "green", "dev": "blue"}
_LEVELS: Final = {"warning": "yellow", "error": "red", "critical": "red"}
_TOLD_ELSEWHERE: Final = frozenset({"timestamp", "level", "logger", "event"})
_WIDTH: Final = max(map(len, _COLOURS))
_INDENT: Final = " " * len(f"00:00:00 {'':<{_WIDTH}} | ")


class OneLog(Protocol):
    """Where lines go."""

    def line(self, component: str, text: str) -> None:
        """Take a line that a part printed; those of ours are JSON objects."""
        ...

    def tell(self, text: str, *, level: str = "info", **fields: JsonValue) -> None:
        """Say something ourselves."""
        ...


class JsonLog:
    """Each line is a JSON object with `component`, `event`, `level`, `timestamp` and what else there is."""

    def line(self, component: str, text: str) -> None:
        """As `OneLog.line`."""
        found = _object(text)
        write(json.dumps({"component": component, **(found or _plain(text))}, ensure_ascii=False))

    def tell(self, text: str, *, level: str = "info", **fields: JsonValue) -> None:
        """As `OneLog.tell`."""
        write(json.dumps({"component": "dev", **_plain(text, level), **fields}, ensure_ascii=False))


class PrettyLog:
    """Text for people, with colours on a terminal."""

    def line(self, component: str, text: str) -> None:
        """As `OneLog.line`."""
        found = _object(text)
        if found is None:
            self._show(component, _now(), "info", text)
            return
        fields = " ".join(f"{name}={_short(value)}" for name, value in found.items() if name not in _TOLD_ELSEWHERE)
        said = f"{found.get('event', '')}{f'  {fields}' if fields else ''}"
        self._show(component, _time(found.get("timestamp")), str(found.get("level", "info")), said)

    def tell(self, text: str, *, level: str = "info", **fields: JsonValue) -> None:
        """As `OneLog.tell`."""
        more = " ".join(f"{name}={_short(value)}" for name, value in fields.items())
        self._show("dev", _now(), level, f"{text}{f'  {more}' if more else ''}")

    def _show(self, component: str, time: str, level: str, said: str) -> None:
        name = click.style(f"{component:<{_WIDTH}} |", fg=_COLOURS.get(component))
        colour = _LEVELS.get(level)
        mark = f"{level}: " if colour else ""
        write(f"{click.style(time, dim=True)} {name} {click.style(f'{mark}{_shown(said)}', fg=colour)}")


_writing: Final = threading.Lock()


def write(line: str) -> None:
    """Write a line to standard error; nothing more happens when nobody can read it.

    The terminal may be closed, the program behind a pipe gone, or the disk below a file full: the parts have to end in
    order all the same.
    """
    with _writing, contextlib.suppress(OSError):
        click.echo(line, err=True, color=False if os.environ.get("NO_COLOR") else None)
        sys.stderr.flush()


def _shown(text: str) -> str:
    """Without what would steer a terminal; lines after the first are indented, so that none looks like one of ours."""
    return f"\n{_INDENT}".join(map(printable, text.split("\n")))


def _object(text: str) -> JsonObject | None:
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "event" in value else None


def _plain(text: str, level: str = "info") -> JsonObject:
    return {"timestamp": datetime.now(UTC).isoformat(), "level": level, "event": text}


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _time(timestamp: JsonValue) -> str:
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return _now()


def _short(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
