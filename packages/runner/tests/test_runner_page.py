"""The runner's page and the code name the same refusals."""

import re
from pathlib import Path

from grpclib.const import Status
from stigmer_runner.grpc_port.status_details import grpc_error
from stigmer_runner.refusals import Reason, Refused

PAGE = Path(__file__).parents[3] / "docs" / "runner.md"


def test_the_page_lists_every_reason_with_its_status() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| ([A-Z_]+) \|", PAGE.read_text(), re.MULTILINE))
    known = {reason.value: Status(grpc_error(Refused(reason, "said")).status).name for reason in Reason}
    assert listed == known
