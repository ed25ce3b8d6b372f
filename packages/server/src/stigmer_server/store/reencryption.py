"""Rotation of the keys of secrets, at the start of a server."""

from stigmer_ports.logs import get_logger

from stigmer_server.config import ConfigError
from stigmer_server.store.database import Database
from stigmer_server.store.secrets import encrypt_anew
from stigmer_server.vault import KeyRing
from stigmer_server.vault.key_ring import UnreadableSecret

log = get_logger(__name__)


async def encrypt_store_anew(database: Database, ring: KeyRing) -> None:
    """Encrypt every stored secret with the current key. Raises ConfigError when one cannot be read."""
    try:
        count = await database.write(lambda transaction: encrypt_anew(transaction, ring))
    except UnreadableSecret as error:
        raise ConfigError(f"The store holds secrets that these keys cannot read: {error}.") from None
    if count:
        log.info("secrets were encrypted anew", count=count, key=ring.current)
