"""Data drawn by chance, with a liking for what is seldom thought of."""

from random import Random
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

TEXTS: Final = (
    "", " ", "a", "a b", "0", "-1", "1e3", "null", "true", "é", "\u2028", "\u202e", "\ufeff", "\x7f", "\x00", "🦄",
    "日本語", "a\nb", "\r\n", "\t", '"', "\\", "'", "${", "${ . }", "$${", "${ .a } and ${ .b }", "${ error }", "${ }",
    "}", "{a}", "{", "[", "PT1S", "P1D", "PT0S", "P1000Y", "PT0.001S", "https://api.example/a", "http://x",
    "http://[", "https://[::1]:99999/", "file:///a", "https://api.example/{id}?q={q}#f", "/do/0", "continue", "end",
    "exit", "1.0.0", "latest", "A" * 300, "%", "%00", "%zz", "../..", "~", "~1", "$input", ".a.b", "$task.input",
    "2026-01-01T00:00:00Z", "* * * * *", "#", ":", "- a",
)  # fmt: skip
NUMBERS: Final = (
    0, 1, -1, 2, 3, 7, 10, 255, 404, 1000, 65535, 65536, 2**31, 2**53, 2**53 + 1, 2**63, -(2**63), 10**30, 10**308,
    10**400, 0.1, -0.5, 1.5, 1e-9, 1e16, 1.0, 1e300, -1e300, 5e-324,
)  # fmt: skip
KEYS: Final = ("a", "b", "c", "id", "items", "status", "data", "type", "é", "", "a b", "$a", "0", "__proto__")


def deep(levels: int) -> JsonValue:
    """Lists in lists."""
    value: JsonValue = 1
    for _ in range(levels):
        value = [value]
    return value


def random_value(random: Random, depth: int = 3) -> JsonValue:
    """Any JSON value; objects have the keys that random expressions ask for."""
    draw = random.random()
    if depth <= 0 or draw < 0.45:
        return random_scalar(random)
    if draw < 0.7:
        return [random_value(random, depth - 1) for _ in range(random.randrange(4))]
    return random_object(random, depth)


def random_object(random: Random, depth: int = 3) -> JsonObject:
    """Any object."""
    return {random.choice(KEYS): random_value(random, depth - 1) for _ in range(random.randrange(5))}


def random_scalar(random: Random) -> JsonValue:
    """Text, a number, a truth value or null."""
    match random.randrange(6):
        case 0:
            return None
        case 1:
            return random.random() < 0.5
        case 2 | 3:
            return random.choice(NUMBERS) if random.random() < 0.5 else random.randrange(-5, 50)
        case _:
            return random.choice(TEXTS)
