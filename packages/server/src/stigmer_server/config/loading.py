"""Reads the settings and turns pydantic's report into one sentence a person can act on."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from stigmer_ports.config import ConfigError

from stigmer_server.config.settings import Settings

_PHRASES = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "greater_than_equal": "is too small",
    "greater_than": "is too small",
    "less_than_equal": "is too large",
    "string_pattern_mismatch": "does not have the form that docs/server.md tells",
}


def load_settings() -> Settings:
    """The settings of the server from the environment. Raises ConfigError."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [_phrase(problem) for problem in error.errors(include_url=False, include_input=False)]
        raise ConfigError("; ".join(dict.fromkeys(problems)) + ".") from None


def _phrase(problem: ErrorDetails) -> str:
    """`NAME must be ...`."""
    if not problem["loc"]:
        return str(problem.get("ctx", {}).get("error", problem["msg"]))
    name = str(problem["loc"][0]).upper()
    if problem["type"] == "value_error":
        return f"{name} {problem['ctx']['error']}"
    return f"{name} {_PHRASES.get(problem['type'], 'is not valid: ' + problem['msg'])}"
