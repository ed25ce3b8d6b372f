"""Which service is meant, and with which key: from flags, the environment, or the credentials of this machine."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from stigmer_ports.config import is_loopback

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.credentials import FILE_NAME, FOLDER, Credentials, CredentialsProblem
from stigmer_runner.endpoint import Endpoint, EndpointError

ENDPOINT_VARIABLE: Final = "STIGMER_SERVICE_ENDPOINT"
KEY_VARIABLE: Final = "STIGMER_SERVICE_API_KEY"
URL_VARIABLE: Final = "STIGMER_SERVICE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccess:
    """The service that a command talks to. `url` is that of its HTTP API, empty when unknown."""

    endpoint: Endpoint
    tls: bool
    url: str
    api_key: str = field(repr=False)

    @property
    def authorization(self) -> dict[str, str]:
        """The header, or metadata, that every call carries."""
        return {"authorization": f"Bearer {self.api_key}"}


def with_service(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name the service, and call it with `access` in their place."""

    @click.option("--endpoint", metavar="HOST:PORT", help=f"The service; default: {ENDPOINT_VARIABLE}, or credentials.")
    @click.option("--api-key", metavar="KEY", help=f"Default: {KEY_VARIABLE}, or credentials.")
    @click.option("--url", metavar="URL", help=f"Its HTTP API; default: {URL_VARIABLE}, or credentials.")
    @click.option(
        "--credentials", "file", type=click.Path(path_type=Path), metavar="FILE",
        help=f"Default: ./{FOLDER}/{FILE_NAME}, then ~/{FOLDER}/{FILE_NAME}.",
    )  # fmt: skip
    @wraps(function)
    def command(
        *, endpoint: str | None, api_key: str | None, url: str | None, file: Path | None, **arguments: Any
    ) -> Any:
        return function(access=find_access(endpoint, api_key, url, file), **arguments)

    return command


def find_access(
    endpoint: str | None = None, api_key: str | None = None, url: str | None = None, file: Path | None = None
) -> ServiceAccess:
    """The service by flags, then by the environment, then by credentials. Raises UsageFailure.

    A key of credentials goes to the service that they name, and to no other.
    """
    # A file that is asked for is stronger than the environment.
    known = _credentials(file) if file is not None else None
    address = endpoint or (known.endpoint if known else None) or os.environ.get(ENDPOINT_VARIABLE)
    key = api_key or (None if known else os.environ.get(KEY_VARIABLE))
    page = url or (None if known else os.environ.get(URL_VARIABLE))
    if known is None and not (address and key):
        known = _credentials(None)
    if address is None and known is None:
        raise UsageFailure(
            f"No service is known here: run `stigmer dev` in this folder, set {ENDPOINT_VARIABLE} and {KEY_VARIABLE}, "
            "or give --endpoint and --api-key."
        )
    target = _endpoint(address or (known.endpoint if known else ""))
    if known is not None and str(_endpoint(known.endpoint)) == str(target):
        key, page = key or known.api_key, page or known.url
    if not key:
        raise UsageFailure(f"There is no key to the service at {target}: set {KEY_VARIABLE}, or give --api-key.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageFailure("The API key must be printable ASCII without spaces.")
    tls = target.tls if target.tls is not None else not is_loopback(target.host)
    return ServiceAccess(endpoint=target, tls=_use_tls(default=tls), url=(page or "").rstrip("/"), api_key=key)


def _credentials(file: Path | None) -> Credentials | None:
    """Those of the file; else the first of this folder and of this user, None when there are none."""
    places = [file] if file is not None else [folder / FOLDER / FILE_NAME for folder in (Path(), Path.home())]
    try:
        for place in places:
            try:
                return Credentials.read(place)
            except FileNotFoundError:
                if file is not None:
                    raise UsageFailure(f"There are no credentials in {file}.") from None
    except CredentialsProblem as problem:
        raise UsageFailure(str(problem)) from None
    return None


def _endpoint(text: str) -> Endpoint:
    try:
        return Endpoint.parse(text)
    except EndpointError as error:
        raise UsageFailure(f"The endpoint {text!r} {error}.") from None


def _use_tls(*, default: bool) -> bool:
    given = os.environ.get("STIGMER_SERVICE_USE_TLS", "").strip().lower()
    return default if not given else given in ("1", "true", "yes", "on")
