"""Metrics are shown on a listener of their own, where one is configured."""

from __future__ import annotations

from urllib.request import urlopen

import pytest

from aidial_limits.metrics import FALLBACKS, listening
from tests.support.processes import free_ports


def test_metrics_are_shown_while_the_process_runs() -> None:
    FALLBACKS.labels("shown").inc()
    (port,) = free_ports(1)
    with (
        listening("127.0.0.1", port),
        urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer,
    ):
        text = answer.read().decode()
    assert 'aidial_limits_fallbacks_total{service="shown"} 1.0' in text
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5)


def test_a_port_that_is_taken_stops_the_process_and_is_named() -> None:
    (port,) = free_ports(1)
    with (
        listening("127.0.0.1", port),
        pytest.raises(SystemExit, match=f"cannot listen on 127.0.0.1:{port}"),
        listening("127.0.0.1", port),
    ):
        pass


def test_without_a_port_nobody_listens() -> None:
    with listening("127.0.0.1", None):
        pass
