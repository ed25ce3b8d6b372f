"""What the server's log never shows."""

import logging
from pathlib import Path

import pytest
from stigmer_server.command_line import command
from stigmer_server.testing import ADMIN_KEY

pytestmark = pytest.mark.usefixtures("restored_logging")


def test_no_secret_of_the_settings_is_logged(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STIGMER_DATA_DIR", str(data_dir))
    monkeypatch.setenv("STIGMER_SERVER_ADMIN_KEY", ADMIN_KEY)
    monkeypatch.setenv("STIGMER_DATABASE_URL", "postgresql://stigmer:word%20of-postgres@127.0.0.1:1/stigmer")
    with pytest.raises(SystemExit):
        command(["rotate-secret-keys"])
    logging.getLogger("library").warning("a key %s, a header {'authorization': 'Bearer abcd.efgh'}", ADMIN_KEY)
    logging.getLogger("library").warning("word of-postgres, word%20of-postgres")
    said = capsys.readouterr().err
    assert said.count("***") == 4
    for secret in (ADMIN_KEY, "abcd.efgh", "of-postgres"):
        assert secret not in said
