"""The keys a server begins with: those of its settings, or one that it makes itself."""

from pydantic import SecretStr

from stigmer_server.access.caller import Role
from stigmer_server.access.keys import list_keys, new_key, revoke_keys, store_key
from stigmer_server.config import ConfigError, Settings
from stigmer_server.store.database import Database
from stigmer_server.store.transaction import Transaction


async def provide_keys(database: Database, settings: Settings) -> str | None:
    """Store the keys of the settings; a key made anew on loopback when there is none at all, else None.

    A key of the settings replaces the one that the same setting gave before. Raises ConfigError when others can reach
    the server and there is no key: nobody would see the one that is made.
    """
    given: list[tuple[Role, SecretStr | None]] = [
        (Role.ADMIN, settings.stigmer_server_admin_key),
        (Role.CLIENT, settings.stigmer_server_client_key),
        (Role.RUNNER, settings.stigmer_server_runner_key),
    ]
    made = new_key(Role.ADMIN)

    def work(transaction: Transaction) -> bool:
        for role, key in given:
            if key is not None:
                name = f"setting-{role}"
                revoke_keys(transaction, name)
                store_key(transaction, key.get_secret_value(), name=name, role=role)
        if list_keys(transaction.connection):
            return False
        if not settings.on_loopback:
            raise ConfigError(
                "STIGMER_SERVER_ADMIN_KEY must be set when the server listens on more than this machine and has no key."
            )
        store_key(transaction, made, name="first", role=Role.ADMIN)
        return True

    return made if await database.write(work) else None
