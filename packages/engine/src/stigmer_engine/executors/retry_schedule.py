"""When the next try is due: limits, back-off and jitter of a retry policy (decisions A10, A11)."""

from typing import Final

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.models import RetryPolicy

from stigmer_engine.frames import TryFrame
from stigmer_engine.interpreter.lifecycle import duration_seconds
from stigmer_engine.interpreter.run import Run
from stigmer_engine.interpreter.scope import Scope

# A policy without any limit must not hammer a broken peer for ever.
DEFAULT_RETRIES: Final = 10
_LONGEST_DELAY: Final = 366 * 86_400.0


async def may_retry(run: Run, policy: RetryPolicy, tried: TryFrame, dot: JsonValue, scope: Scope) -> bool:
    """Whether the policy's limits allow one more try.

    `limit.attempt.count` is the number of retries after the first try; `limit.duration` counts from the first try.
    """
    limit = policy.limit
    if limit is None:
        return tried.attempt <= DEFAULT_RETRIES
    if limit.duration is not None:
        seconds = await duration_seconds(run, "retry.limit.duration", limit.duration, dot, scope)
        if run.runtime.now() - tried.began_at >= seconds:
            return False
    count = limit.attempt.count if limit.attempt else None
    if count is not None:
        return tried.attempt <= count
    return limit.duration is not None or tried.attempt <= DEFAULT_RETRIES


async def retry_delay(run: Run, policy: RetryPolicy, attempt: int, dot: JsonValue, scope: Scope) -> float:
    """Seconds before retry number `attempt` (from 1): back-off, plus uniform jitter."""
    base = 0.0
    if policy.delay is not None:
        base = await duration_seconds(run, "retry.delay", policy.delay, dot, scope)
    delay = backoff(policy, base, attempt)
    if policy.jitter is not None:
        lowest = await duration_seconds(run, "retry.jitter.from", policy.jitter.from_, dot, scope)
        highest = await duration_seconds(run, "retry.jitter.to", policy.jitter.to, dot, scope)
        delay += lowest + (max(highest, lowest) - lowest) * run.runtime.random()
    return delay


def backoff(policy: RetryPolicy, base: float, attempt: int) -> float:
    """Constant d, linear d*n, exponential d*2^(n-1), never longer than a year."""
    if policy.backoff is None or policy.backoff.constant is not None:
        return base
    if policy.backoff.linear is not None:
        return min(base * attempt, _LONGEST_DELAY)
    return min(base * 2.0 ** min(attempt - 1, 60), _LONGEST_DELAY)
