"""Sets of roles that calls are open to."""

from typing import Final

from stigmer_server.access import Role

ANYBODY: Final = (Role.CLIENT, Role.RUNNER, Role.ADMIN)
WRITERS: Final = (Role.CLIENT, Role.ADMIN)
OPERATORS: Final = (Role.ADMIN,)
RUNNERS: Final = (Role.RUNNER,)
REGISTRARS: Final = (Role.RUNNER, Role.ADMIN)
INSIDERS: Final = (Role.RUNNER, Role.ADMIN)
