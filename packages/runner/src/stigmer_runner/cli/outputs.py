"""Writes results to standard output, and nothing else there."""

import importlib
import json
import sys
from typing import Literal

import yaml
from stigmer_dsl import JsonValue

OutputFormat = Literal["json", "yaml", "pretty"]


def print_output(value: JsonValue, output_format: OutputFormat) -> None:
    """Print a value: `json` indented, `yaml` as a document, `pretty` as JSON in colours when it is a terminal."""
    match output_format:
        case "json":
            sys.stdout.write(f"{_json(value)}\n")
        case "yaml":
            sys.stdout.write(yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=120))
        case "pretty":
            # Colours take longer to import than most commands take.
            importlib.import_module("stigmer_runner.cli.pretty_output").print_pretty(_json(value))
    sys.stdout.flush()


def _json(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate is legal JSON, but no UTF-8
        return json.dumps(value, indent=2)
    return text
