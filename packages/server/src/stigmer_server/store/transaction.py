"""One transaction that changes the store."""

from sqlalchemy.engine import Connection


class Transaction:
    """The connection to write through, and the executions whose followers must hear of the commit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._changed: set[str] = set()
        self._reached: list[int] = []

    def changed(self, execution_id: str) -> None:
        """Tell the followers of this execution once the transaction is committed."""
        self._changed.add(execution_id)

    def reached(self, phase: int) -> None:
        """An execution has another phase from now on, this one."""
        self._reached.append(phase)

    @property
    def reached_phases(self) -> tuple[int, ...]:
        """The phases that were named to `reached`, one for each change."""
        return tuple(self._reached)

    @property
    def changed_executions(self) -> frozenset[str]:
        """The executions that were named to `changed`."""
        return frozenset(self._changed)
