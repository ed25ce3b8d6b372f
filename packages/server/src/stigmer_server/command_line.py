"""`python -m stigmer_server [serve | key ... | rotate-secret-keys]`."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from stigmer_server.access import Role
from stigmer_server.access.keys import list_keys, new_key, revoke_keys, store_key
from stigmer_server.broadcast import Hub
from stigmer_server.config import ConfigError, Settings, load_settings
from stigmer_server.logs import configure_logging
from stigmer_server.serve import serve
from stigmer_server.store.database import open_database
from stigmer_server.store.url import store_url
from stigmer_server.vault import add_key

_USAGE_ERROR = 2


def main() -> None:
    """Run the command and end the process: 0 for success, 2 when a setting or argument is wrong."""
    arguments = _parser().parse_args()
    try:
        settings = load_settings()
        configure_logging(settings)
        match arguments.command:
            case "key":
                sys.stdout.write(asyncio.run(_key(settings, arguments)))
            case "rotate-secret-keys":
                sys.stdout.write(f"A new key stands first in {add_key(settings)}; restart the server to use it.\n")
            case _:
                asyncio.run(serve(settings))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_USAGE_ERROR)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stigmer_server", description="The embedded Stigmer service.")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="Run the server (the default).")
    commands.add_parser("rotate-secret-keys", help="Put a new key in front of those that encrypt secrets.")
    key = commands.add_parser("key", help="Make, list or revoke API keys; on SQLite while the server is stopped.")
    actions = key.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="Make a key and print it, once.")
    create.add_argument("--name", required=True, help="Whose key it is.")
    create.add_argument("--role", required=True, choices=list(Role), help="What it is for.")
    revoke = actions.add_parser("revoke", help="Refuse the keys of a name from now on.")
    revoke.add_argument("--name", required=True)
    actions.add_parser("list", help="Print names, roles and times.")
    return parser


async def _key(settings: Settings, arguments: argparse.Namespace) -> str:
    async with open_database(store_url(settings.database_url), Hub()) as database:
        match arguments.action:
            case "create":
                role = Role(arguments.role)
                key = new_key(role)
                await database.write(lambda transaction: store_key(transaction, key, name=arguments.name, role=role))
                return f"{key}\n"
            case "revoke":
                count = await database.write(lambda transaction: revoke_keys(transaction, arguments.name))
                return f"{count} revoked\n"
            case _:
                keys = await database.read(list_keys)
                return "".join(
                    f"{key.name}\t{key.role}\t{_day(key.created_at)}\t{'revoked' if key.revoked_at else 'valid'}\n"
                    for key in keys
                )


def _day(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).date().isoformat()
