"""Results as JUnit XML, the dialect that continuous integration reads."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import groupby

from stigmer_engine.cases.report import CaseResult

# What XML 1.0 cannot hold at all (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Sequence[CaseResult], errors: Sequence[tuple[str, str]] = ()) -> str:
    """A document with one suite for each case file.

    Args:
        errors: case files that could not be read, each with the reason.
    """
    root = ET.Element("testsuites", _totals(results, len(errors)))
    for source, group in groupby(results, key=lambda result: result.planned.source):
        cases = list(group)
        suite = ET.SubElement(root, "testsuite", {"name": source, **_totals(cases, 0)})
        for result in cases:
            _case(suite, result)
    for source, reason in errors:
        suite = ET.SubElement(root, "testsuite", {"name": source, **_totals((), 1)})
        case = ET.SubElement(suite, "testcase", {"name": source, "classname": source, "time": "0"})
        ET.SubElement(case, "error", {"message": "The case file cannot be read"}).text = _clean(reason)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, result: CaseResult) -> None:
    attributes = {
        "name": _clean(result.planned.name),
        "classname": result.planned.source,
        "file": result.planned.source,
        "line": str(result.planned.line),
        "time": f"{result.seconds:.6f}",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    if result.differences:
        first = _clean(result.differences[0].partition("\n")[0])
        failure = ET.SubElement(case, "failure", {"message": first})
        failure.text = _clean("\n".join(result.differences))


def _totals(results: Sequence[CaseResult], errors: int) -> dict[str, str]:
    return {
        "tests": str(len(results) + errors),
        "failures": str(sum(1 for result in results if not result.holds)),
        "errors": str(errors),
        "skipped": "0",
        "time": f"{sum(result.seconds for result in results):.6f}",
    }


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
