"""A service as a real process, when it is none."""

import os

import pytest
from stigmer_ports.testing import ServiceProcess


def test_a_service_that_cannot_start_is_told_with_what_it_said_and_leaves_no_process() -> None:
    service = ServiceProcess(["-c", "import os; print('no such setting', os.getpid(), flush=True)"], os.environ)
    with pytest.raises(RuntimeError, match="no such setting"), service:
        pytest.fail("it has no ports")
    with pytest.raises(ProcessLookupError):
        os.kill(service.pid, 0)
