"""`docs/server.md` holds what the code has."""

import re
from pathlib import Path

from stigmer_ports.config.reference import table
from stigmer_server.config import Settings
from stigmer_server.grpc_port.statuses import REFUSALS
from stigmer_server.refusals import Reason

PAGE = (Path(__file__).parents[3] / "docs" / "server.md").read_text()


def test_the_table_of_variables_is_that_of_the_code() -> None:
    assert PAGE.endswith(table(Settings.model_fields))


def test_every_reason_stands_with_its_status() -> None:
    rows = re.findall(r"^\| ([A-Z_, ]+) \| ([A-Z_]+) \|$", PAGE, re.MULTILINE)
    told = {reason: status for reasons, status in rows for reason in reasons.split(", ")}
    assert told == {str(reason): REFUSALS.statuses[reason].name for reason in Reason}
