"""Broken requests to functions and to the hub: each is refused and changes nothing."""

import pytest
import requests

from tests.integration.broken import NO_JSON
from tests.rest import DEADLINE_SECONDS


@pytest.fixture(scope="module")
def person(people):
    """One for all: nothing here may do anything to anybody."""
    return people.sign_up()


@pytest.fixture
def functions(suite):
    return f"{suite.url('functions')}/{suite.project_id}/us-central1"


@pytest.fixture(autouse=True)
def _still_answers(functions):
    yield
    assert requests.get(f"{functions}/api/health", timeout=DEADLINE_SECONDS).ok


@pytest.mark.parametrize("name", ["nowhere", "api2", "..%2f..%2fetc", "%00", "%"])
def test_unknown_function_is_refused(functions, name):
    response = requests.get(f"{functions}/{name}", timeout=DEADLINE_SECONDS)
    assert response.status_code in (400, 404)


@pytest.mark.parametrize("body", NO_JSON[1:])
@pytest.mark.parametrize("name", ["before_user_created", "before_user_signed_in"])
def test_blocking_function_refuses_what_no_auth_sent(functions, name, body):
    response = requests.post(
        f"{functions}/{name}",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=DEADLINE_SECONDS,
    )
    assert response.status_code >= 400
    assert "Traceback" not in response.text
    assert ".py" not in response.text


@pytest.mark.parametrize("body", NO_JSON)
@pytest.mark.parametrize(
    "key",
    [
        "us-central1-on_file_finalized-0",
        "us-central1-on_file_object_deleted-0",
        "us-central1-on_file_document_deleted-0",
        "us-central1-on_user_created-0",
        "us-central1-on_user_deleted-0",
    ],
)
def test_event_that_is_none_is_refused(suite, person, key, body):
    response = requests.post(
        f"{suite.url('functions')}/functions/projects/{suite.project_id}/triggers/{key}",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=DEADLINE_SECONDS,
    )
    assert response.status_code in (400, 500), f"{response.status_code} {response.text[:300]}"
    assert "Traceback" not in response.text
    assert person.profile()["state"] == "active"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"path": 7}', b"{}"])
def test_export_refuses_what_is_no_request(suite, body):
    address = f"{suite.url('hub')}/_admin/export"
    headers = {"Content-Type": "application/json"}
    response = requests.post(address, data=body, headers=headers, timeout=DEADLINE_SECONDS)
    assert response.status_code >= 400
    assert requests.get(f"{suite.url('hub')}/emulators", timeout=DEADLINE_SECONDS).ok
