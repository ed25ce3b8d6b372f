"""Minted ids are `wex-` and a lower-case ULID, unique and in order of time."""

import re
import time

from stigmer_runner.ids import mint_execution_id


def test_ids_have_the_shape_of_the_stigmer_service() -> None:
    ids = {mint_execution_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"wex-[0-7][0-9a-hjkmnp-tv-z]{25}", id_) for id_ in ids)


def test_later_ids_sort_later() -> None:
    first = mint_execution_id()
    time.sleep(0.005)
    assert first < mint_execution_id()
