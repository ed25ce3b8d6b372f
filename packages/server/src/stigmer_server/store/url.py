"""The URL of the store, for the driver this server uses."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from stigmer_server.config import ConfigError

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def store_url(text: str) -> URL:
    """The URL with the asyncio driver. Raises ConfigError, which never shows the URL: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigError("STIGMER_DATABASE_URL is not a URL such as postgresql://user:password@host/name.") from None
    driver = _DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise ConfigError("STIGMER_DATABASE_URL must begin with sqlite:// or postgresql://.")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise ConfigError("STIGMER_DATABASE_URL must name a file: a database in memory would lose what it took.")
    return url.set(drivername=driver)


def password_of(text: str) -> str:
    """The password in the URL; empty when there is none, or no URL."""
    try:
        return make_url(text).password or ""
    except ArgumentError:
        return ""
