"""WorkflowSpec messages to Open Workflow DSL 1.0 documents, and back."""

from stigmer_converter.conversion import Conversion, convert, convert_json
from stigmer_converter.options import ConvertOptions, GrpcTarget
from stigmer_converter.problem import ConversionError, ConversionProblem
from stigmer_converter.reader import (
    SpecFormat,
    convert_source,
    format_of,
    read_spec,
    spec_from_binary,
    spec_from_json,
    spec_from_yaml,
)
from stigmer_converter.reversion import Reversion, revert, revert_document

__all__ = [
    "Conversion",
    "ConversionError",
    "ConversionProblem",
    "ConvertOptions",
    "GrpcTarget",
    "Reversion",
    "SpecFormat",
    "convert",
    "convert_json",
    "convert_source",
    "format_of",
    "read_spec",
    "revert",
    "revert_document",
    "spec_from_binary",
    "spec_from_json",
    "spec_from_yaml",
]
