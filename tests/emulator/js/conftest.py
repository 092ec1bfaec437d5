"""Where the scenarios run: Node, and real Chromium with each way the SDK can talk."""

import functools
import http.server
import json
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.chromium import chromium
from tests.emulator.process import running_emulator

HERE = Path(__file__).parent
RULES = HERE / "firestore.rules"

#: FirestoreSettings by name. Auto-detection is the SDK's own default.
BROWSER_TRANSPORTS = {
    "auto-detection": {},
    "streaming": {"experimentalAutoDetectLongPolling": False},
    "streaming-xhr": {"experimentalAutoDetectLongPolling": False, "useFetchStreams": False},
    "long-polling": {"experimentalForceLongPolling": True},
    "short-polls": {
        "experimentalForceLongPolling": True,
        "experimentalLongPollingOptions": {"timeoutSeconds": 5},
    },
}


@pytest.fixture(scope="session")
def rules_port():
    """An emulator with the rules of the scenarios."""
    with running_emulator("--rules", str(RULES)) as running:
        yield running.port


@pytest.fixture(scope="session")
def node_results(rules_port):
    """What every scenario gave in Node."""
    settings = {"host": "127.0.0.1", "port": rules_port, "project": "demo-node", "transport": {}}
    command = ["node", str(HERE / "run.mjs"), json.dumps(settings)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_request(self, code="-", size="-"):
        pass


@contextmanager
def serving(folder):
    """Files of a folder on a loopback port: another origin than the emulator's."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def page_address(tmp_path_factory):
    """The bundled page, served."""
    folder = tmp_path_factory.mktemp("page")
    subprocess.run(["node", str(HERE / "bundle.mjs"), str(folder)], check=True, timeout=120)
    with serving(folder) as address:
        yield address


# For one module: Playwright's event loop must be gone before tests elsewhere start loops of their own.
@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        yield browser
        browser.close()


@pytest.fixture
def page(browser, page_address):
    page = browser.new_page()
    page.goto(page_address)
    page.wait_for_function("globalThis.runScenarios !== undefined")
    yield page
    page.close()


@pytest.fixture(scope="module")
def browser_results(browser, page_address, rules_port):
    """What every scenario gave in Chromium, by transport; each is run once."""

    @functools.cache
    def results(transport):
        page = browser.new_page()
        page.goto(page_address)
        page.wait_for_function("globalThis.runScenarios !== undefined")
        project = f"demo-{transport}"
        settings = BROWSER_TRANSPORTS[transport]
        given = {"host": "127.0.0.1", "port": rules_port, "project": project, "transport": settings}
        try:
            return page.evaluate("(settings) => runScenarios(settings)", given)
        finally:
            page.close()

    return results
