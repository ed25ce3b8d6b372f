"""Every gRPC path a method answers under: gRPC paths are case-sensitive, and peers spell methods in three ways."""

import re
from collections.abc import Mapping

from grpclib.const import Handler


def spellings(method: str) -> tuple[str, ...]:
    """The method as given, then in PascalCase, lowerCamel and snake_case, each once."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower()
    return tuple(dict.fromkeys((method, method[0].upper() + method[1:], method[0].lower() + method[1:], snake)))


class ServedService:
    """What grpclib calls a servable: a service under every spelling of its methods."""

    def __init__(self, name: str, handlers: Mapping[str, Handler]) -> None:
        self._handlers = {
            f"/{name}/{spelling}": handler for method, handler in handlers.items() for spelling in spellings(method)
        }

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._handlers
