"""Every gRPC path a method answers under: gRPC paths are case-sensitive, and peers spell methods in three ways."""

import re


def spellings(method: str) -> tuple[str, ...]:
    """The method as given, then in PascalCase, lowerCamel and snake_case, each once."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower()
    return tuple(dict.fromkeys((method, method[0].upper() + method[1:], method[0].lower() + method[1:], snake)))


def paths(service: str, method: str) -> list[str]:
    """The gRPC paths of a method of a service."""
    return [f"/{service}/{spelling}" for spelling in spellings(method)]
