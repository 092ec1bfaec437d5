"""Broken requests to Auth: each is refused, makes and ends no account."""

import pytest
import requests

from tests.integration.broken import MALFORMED_TOKENS, NO_JSON, encoded
from tests.rest import DEADLINE_SECONDS


@pytest.fixture(scope="module")
def person(people):
    """One for all: nothing here may do anything to anybody."""
    return people.sign_up()


@pytest.fixture(autouse=True)
def _still_answers(people):
    yield
    assert requests.get(people.auth.url, timeout=DEADLINE_SECONDS).ok


@pytest.mark.parametrize("body", NO_JSON)
@pytest.mark.parametrize("action", ["signUp", "signInWithPassword", "update", "delete", "lookup"])
def test_body_that_is_no_message_is_refused(people, action, body):
    address = f"{people.auth.url}/identitytoolkit.googleapis.com/v1/accounts:{action}?key=any"
    headers = {"Content-Type": "application/json"}
    response = requests.post(address, data=body, headers=headers, timeout=DEADLINE_SECONDS)
    if (action, body) == ("signUp", b""):
        # An empty sign-up makes a guest.
        assert response.status_code in (200, 400)
    else:
        assert response.status_code in (400, 413), f"{response.status_code} {response.text[:300]}"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"email": 7, "password": "a" * 8}, id="address is a number"),
        pytest.param({"email": ["never-made@example.com"], "password": "a" * 8}, id="address is a list"),
        pytest.param({"email": "never-made@example.com", "password": {"a": 1}}, id="password is a map"),
    ],
)
def test_wrong_type_is_refused_and_makes_no_account(people, admin, body):
    assert people.auth.call("signUp", body).status_code == 400
    assert admin.account("never-made@example.com") is None


@pytest.mark.parametrize("token", MALFORMED_TOKENS)
@pytest.mark.parametrize("action", ["lookup", "delete", "update"])
def test_malformed_token_is_refused(people, person, action, token):
    response = people.auth.call(action, {"idToken": token})
    # The Auth emulator answers 500 to a token whose payload is JSON but no object.
    assert response.status_code in (400, 500)
    assert response.json()["error"]["message"]
    assert people.sign_in(person.email).uid == person.uid


@pytest.mark.parametrize("token", ["", "x", "e30", "{", "\x00", encoded({"_AuthEmulatorRefreshToken": 1})])
def test_malformed_refresh_token_is_refused(people, token):
    response = people.auth.refresh(token)
    assert response.status_code == 400
    assert "REFRESH_TOKEN" in response.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_verb_is_refused(people, method):
    address = f"{people.auth.url}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=any"
    response = requests.request(method, address, timeout=DEADLINE_SECONDS)
    assert response.status_code in (404, 405)
