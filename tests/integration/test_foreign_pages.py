"""A web page of another machine, open in a browser of this one, against every emulator of the suite."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import Admin
from tests.integration.people import People
from tests.rest import DEADLINE_SECONDS
from tools.suite import Suite

EVIL = {"Origin": "https://evil.example"}
REBOUND = {"Host": "evil.example"}
OWNER = {"Authorization": "Bearer owner"}
HERE = {"Origin": "http://localhost:3000"}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
EMULATORS = ("auth", "eventarc", "firestore", "functions", "hosting", "hub", "storage", "tasks", "ui")


def ask(method: str, url: str, headers: dict[str, str], body: object = None) -> requests.Response:
    return requests.request(method, url, headers=headers, json=body, timeout=DEADLINE_SECONDS)


@pytest.mark.parametrize("caller", [EVIL, REBOUND], ids=["origin", "rebound"])
@pytest.mark.parametrize("name", EMULATORS)
def test_every_emulator_refuses_it_and_answers_a_page_of_this_machine(
    suite: Suite, name: str, caller: dict[str, str]
) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        refused = ask(method, suite.url(name), caller)
        assert refused.status_code == 403
        assert "KINDLING_ALLOW_HOSTS" in refused.json()["error"]["message"]
        assert "access-control-allow-origin" not in refused.headers
        answered = ask(method, suite.url(name), HERE)
        assert "KINDLING_ALLOW_HOSTS" not in answered.text


@pytest.mark.parametrize("name", ["firestore", "logging"])
def test_websockets_of_the_console_are_closed_to_it(suite: Suite, name: str) -> None:
    running = ask("GET", f"{suite.url('hub')}/emulators", {}).json()[name]
    port = running.get("webSocketPort", running["port"])
    url = f"http://127.0.0.1:{port}/" + ("requests" if name == "firestore" else "")
    assert ask("GET", url, HANDSHAKE | EVIL).status_code == 403
    with requests.get(url, headers=HANDSHAKE | HERE, stream=True, timeout=DEADLINE_SECONDS) as opened:
        assert opened.status_code == 101


def test_it_gets_no_accounts_and_deletes_none(suite: Suite, people: People, admin: Admin) -> None:
    person = people.sign_up()
    accounts = f"{suite.url('auth')}/emulator/v1/projects/{suite.project_id}/accounts"
    assert ask("DELETE", accounts, EVIL).status_code == 403
    assert admin.user(person.uid) is not None
    project = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{suite.project_id}"
    assert ask("POST", f"{project}/accounts:query", EVIL | OWNER, {}).status_code == 403
    assert ask("POST", f"{project}/accounts:query", HERE | OWNER, {}).json()["userInfo"]


def test_it_cannot_have_an_export_written(suite: Suite, tmp_path: Path) -> None:
    """The hub of firebase-tools answers such a page with 403 itself, and exports all the same."""
    target = tmp_path / uuid.uuid4().hex
    export = f"{suite.url('hub')}/_admin/export"
    assert ask("POST", export, EVIL, {"path": str(target), "initiatedBy": "page"}).status_code == 403
    assert not target.exists()
    assert ask("POST", export, {}, {"path": str(target), "initiatedBy": "test"}).status_code == 200
    assert (target / "firebase-export-metadata.json").is_file()
