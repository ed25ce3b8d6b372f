from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from stigmer_callback import Backoff


@st.composite
def backoffs(draw: st.DrawFn) -> Backoff:
    maximum = draw(st.floats(0, 100))
    return Backoff(
        initial_seconds=draw(st.floats(0, maximum)),
        maximum_seconds=maximum,
        multiplier=draw(st.floats(1, 10)),
        jitter=draw(st.floats(0, 1)),
    )


@given(backoffs(), st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_a_wait_stays_between_its_bounds(backoff: Backoff, failures: int, source: random.Random) -> None:
    wait = backoff.wait_seconds(failures, source)
    assert 0 <= wait <= backoff.maximum_seconds


class Fixed:
    def __init__(self, value: float) -> None:
        self._value = value

    def random(self) -> float:
        return self._value


def test_waits_double_up_to_the_maximum() -> None:
    backoff = Backoff(initial_seconds=0.5, maximum_seconds=3, multiplier=2, jitter=0.5)
    assert [backoff.wait_seconds(n, Fixed(0)) for n in (1, 2, 3, 4, 999_999)] == [0.5, 1, 2, 3, 3]
    assert [backoff.wait_seconds(n, Fixed(1)) for n in (1, 2, 3, 4)] == [0.25, 0.5, 1, 1.5]
