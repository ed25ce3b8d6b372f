"""What the callers of one engine have in common: one connection pool, one address policy, one store of tokens."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from stigmer_engine.calls.authorization import Authorizer
from stigmer_engine.calls.config import CallsConfig, HttpConfig
from stigmer_engine.calls.http_client import HttpClient
from stigmer_engine.calls.load import Load
from stigmer_engine.calls.network import Network
from stigmer_engine.calls.tokens import Tokens
from stigmer_engine.on_demand import load_part


class Connections:
    """Connections of all callers. `exits` closes them, and what a caller adds to it."""

    def __init__(self, config: CallsConfig, http: HttpConfig, *, load: Load, clock: Callable[[], float]) -> None:
        self.config = config
        self.load = load
        self.clock = clock
        self.exits = AsyncExitStack()
        self.network = Network(config.addresses, config.resolver)
        self.client = HttpClient(http, self.network)
        self.exits.push_async_callback(self.client.close)
        self.authorizer = Authorizer(self._open_tokens)

    def _open_tokens(self) -> Tokens:
        tokens: Tokens = load_part("tokens").OAuthTokens(self.client, self.clock)
        return tokens
