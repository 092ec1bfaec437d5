"""The real JS SDK: its gRPC build in Node, its browser build over WebChannel in Chromium."""

import re
import statistics
from pathlib import Path

import pytest

from tests.emulator.js.conftest import BROWSER_TRANSPORTS

#: Short polls are long polls that end sooner, and streaming by XHR differs from streaming by fetch in the
#: browser alone: test_browser_channels has both.
TRANSPORTS = [name for name in BROWSER_TRANSPORTS if name not in ("short-polls", "streaming-xhr")]
SCENARIOS = re.findall(r"^async function (\w+)", (Path(__file__).parent / "scenarios.js").read_text(), re.M)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_node_scenario_succeeds(node_results, scenario):
    assert node_results[scenario]["ok"], node_results[scenario]["error"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_browser_scenario_succeeds(browser_results, transport, scenario):
    result = browser_results(transport)[scenario]
    assert result["ok"], result["error"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_remote_change_reaches_the_browser_quickly(browser_results, transport, record_property):
    """The median, generously: a machine under load must not fail it."""
    median = statistics.median(browser_results(transport)["remoteChangeLatency"]["value"])
    record_property("median_ms", median)
    assert median < 250
