"""`stigmer server`, and the same as `python -m stigmer_server`: runs the server, or manages its keys."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import click
from stigmer_ports.config import secret_values
from stigmer_ports.logs import configure_logging
from stigmer_ports.redaction import Redactor

from stigmer_server.access import Role
from stigmer_server.access.keys import list_keys, new_key, revoke_keys, store_key
from stigmer_server.broadcast import Hub
from stigmer_server.config import ConfigError, Settings, load_settings
from stigmer_server.serve import serve
from stigmer_server.store.database import Database, open_database
from stigmer_server.store.url import password_of, store_url
from stigmer_server.vault import add_key

_USAGE_ERROR: Final = 2


class _Unusable(click.ClickException):
    """A setting cannot be used."""

    exit_code = _USAGE_ERROR


@click.group("server", invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def command(context: click.Context) -> None:
    """Run the embedded Stigmer service until SIGTERM or SIGINT: gRPC on port 7234, HTTP and the page on 7235.

    Everything is set by environment variables, such as STIGMER_SERVER_PORT, STIGMER_DATA_DIR and STIGMER_ORCHESTRATION.
    Logs go to standard error.

    Exit codes: 0 done, 2 a setting or argument is wrong.
    """
    if context.invoked_subcommand is None:
        _run_server()


@command.command("serve")
def serve_command() -> None:
    """Run the server (the default)."""
    _run_server()


@command.command("rotate-secret-keys")
def rotate_secret_keys() -> None:
    """Put a new key in front of those that encrypt secrets."""
    try:
        place = add_key(_settings())
    except ConfigError as error:
        raise _Unusable(str(error)) from None
    click.echo(f"A new key stands first in {place}; restart the server to use it.")


@command.group("key")
def keys() -> None:
    """Make, list or revoke API keys; on SQLite while the server is stopped."""


@keys.command("create")
@click.option("--name", required=True, help="Whose key it is.")
@click.option("--role", required=True, type=click.Choice([str(role) for role in Role]), help="What it is for.")
def create_key(name: str, role: str) -> None:
    """Make a key and print it, once."""

    async def create(database: Database) -> str:
        key = new_key(Role(role))
        await database.write(lambda transaction: store_key(transaction, key, name=name, role=Role(role)))
        return key

    click.echo(_with_database(create))


@keys.command("revoke")
@click.option("--name", required=True, help="Whose keys they are.")
def revoke_key(name: str) -> None:
    """Refuse the keys of a name from now on."""

    async def revoke(database: Database) -> str:
        return f"{await database.write(lambda transaction: revoke_keys(transaction, name))} revoked"

    click.echo(_with_database(revoke))


@keys.command("list")
def show_keys() -> None:
    """Print names, roles and times."""

    async def show(database: Database) -> str:
        return "".join(
            f"{key.name}\t{key.role}\t{_day(key.created_at)}\t{'revoked' if key.revoked_at else 'valid'}\n"
            for key in await database.read(list_keys)
        )

    click.echo(_with_database(show), nl=False)


def main() -> None:
    """Run the command and end the process: 0 for success, 2 when a setting or argument is wrong."""
    command(prog_name="stigmer_server")


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings, Redactor((*secret_values(settings), password_of(settings.database_url))))
    return settings


def _run_server() -> None:
    try:
        asyncio.run(serve(_settings()))
    except ConfigError as error:
        raise _Unusable(str(error)) from None


def _with_database(work: Callable[[Database], Awaitable[str]]) -> str:
    async def run(settings: Settings) -> str:
        async with open_database(store_url(settings.database_url), Hub()) as database:
            return await work(database)

    try:
        return asyncio.run(run(_settings()))
    except ConfigError as error:
        raise _Unusable(str(error)) from None


def _day(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).date().isoformat()
