"""Problems as SARIF 2.1.0, the format in which code hosts take findings (OASIS, March 2020)."""

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import PurePath
from urllib.parse import quote

from stigmer_dsl import JsonObject, Problem
from stigmer_dsl.validation.codes import CODES

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HELP_PAGE = "docs/errors.md"
_STDIN_URI = "stdin"


def sarif_log(reports: Iterable[tuple[str, Iterable[Problem]]]) -> JsonObject:
    """Return the log of one run: every problem of every file, with a rule for each code that exists.

    Files are named as they were given: relative names stay relative, which is what code hosts match with a checkout.
    """
    indices = {code: index for index, code in enumerate(CODES)}
    files: list[JsonObject] = []
    results: list[JsonObject] = []
    for file, problems in reports:
        files.append({"location": {"uri": _uri(file)}})
        results.extend(_result(problem, file, indices) for problem in problems)
    driver = {"name": "stigmer", "version": version("stigmer-runner"), "rules": [_rule(code) for code in CODES]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": files,
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> JsonObject:
    meaning = CODES[code].meaning
    return {
        "id": code,
        "shortDescription": {"text": code.replace("-", " ").capitalize()},
        "fullDescription": {"text": meaning},
        "help": {
            "text": f"{meaning} See {_HELP_PAGE}#{code}.",
            "markdown": f"{meaning} See [{code}]({_HELP_PAGE}#{code}).",
        },
        "defaultConfiguration": {"level": CODES[code].severity},
    }


def _result(problem: Problem, file: str, indices: dict[str, int]) -> JsonObject:
    place: JsonObject = {"artifactLocation": {"uri": _uri(file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
    location: JsonObject = {"physicalLocation": place}
    if problem.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.pointer}]
    return {
        "ruleId": problem.code,
        "ruleIndex": indices[problem.code],
        "level": problem.severity,
        "message": {"text": f"{problem.message}. {problem.hint}".strip()},
        "locations": [location],
    }


def _uri(file: str) -> str:
    if file == "-":
        return _STDIN_URI
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
