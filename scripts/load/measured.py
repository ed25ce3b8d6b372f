"""What a plan cost the server."""

from dataclasses import dataclass
from typing import Final

from .campaign import Outcome
from .memory import Memory

_MOST_GROWTH_MIB: Final = 16.0
_WARM: Final = 0.2
_ENOUGH_TO_TELL: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The outcome, the server's memory, and the processor seconds it used."""

    outcome: Outcome
    memory: Memory
    processor: float

    @property
    def growth(self) -> float:
        """MiB by which the server grew between a fifth of the executions and the last."""
        return self.memory.samples[-1].resident - self.memory.at(int(self.outcome.plan.executions * _WARM))

    @property
    def wrong(self) -> list[str]:
        """What must not be."""
        grown = self.outcome.plan.executions >= _ENOUGH_TO_TELL and self.growth > _MOST_GROWTH_MIB
        return self.outcome.wrong + ([f"the server grew by {self.growth:.0f} MiB with what had ended"] if grown else [])
