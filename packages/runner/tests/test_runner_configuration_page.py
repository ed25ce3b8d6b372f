"""The configuration page and the settings say the same."""

from pathlib import Path

from stigmer_ports.config.reference import table
from stigmer_runner.config.reference import fields

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_holds_the_table_of_the_settings() -> None:
    text = PAGE.read_text()
    begin = text.index("\n", text.index("<!-- variables:")) + 1
    assert text[begin : text.index("<!-- end of variables -->")] == table(fields())
