"""The runner's page and the code name the same refusals."""

import re
from pathlib import Path

from stigmer_runner.grpc_port.statuses import REFUSALS
from stigmer_runner.refusals import Reason

PAGE = Path(__file__).parents[3] / "docs" / "runner.md"


def test_the_page_lists_every_reason_with_its_status() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \|", PAGE.read_text(), re.MULTILINE))
    assert listed == {str(reason): REFUSALS.statuses[reason].name for reason in Reason}
