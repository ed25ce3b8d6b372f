"""The tables of older and of newer versions."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection
from stigmer_server.broadcast import Hub
from stigmer_server.config import ConfigError
from stigmer_server.store import migrate, open_database
from stigmer_server.store.executions import read_execution
from stigmer_server.store.tables import executions, metadata
from stigmer_server.store.url import store_url


def test_the_migrations_make_the_tables_of_this_version_and_keep_what_is_there(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'stigmer.db'}")
    with engine.connect() as connection:
        upgrade(connection, "0001")
        columns = ", ".join(column["name"] for column in inspect(connection).get_columns("executions"))
        for execution_id in ("wex-1", "wex-1/2/3"):
            values = f"'{execution_id}', 'wfl-1', 'win-1', 1, 0, 1, 0, 0, '', x'1a00', x''"
            connection.execute(text(f"INSERT INTO executions ({columns}) VALUES ({values})"))
        upgrade(connection, "head")
        stored = read_execution(connection, "wex-1")
        assert stored is not None
        assert dict(stored.task_types) == {}
        roots = connection.execute(executions.select().order_by(executions.c.id)).all()
        assert [row.root_id for row in roots] == [None, "wex-1"]
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


async def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "stigmer.db"
    url = store_url(f"sqlite:///{file}")
    async with open_database(url, Hub()):
        pass
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="a newer version of the server"):
        async with open_database(url, Hub()):
            pass
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
