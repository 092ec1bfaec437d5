"""Broken requests to Storage: each is refused, leaves no object, and the whole suite goes on."""

from urllib.parse import quote

import pytest
import requests

from tests.integration.broken import (
    HEADER,
    MALFORMED_TOKENS,
    STRANGE_IDENTITIES,
    assert_json_error,
    encoded,
    filled,
)
from tests.rest import DEADLINE_SECONDS, unsigned_token

BROKEN_METADATA = b"\r\n".join(
    [
        b"--b",
        b"Content-Type: application/json",
        b"",
        b"{",
        b"--b",
        b"Content-Type: text/plain",
        b"",
        b"x",
        b"--b--",
    ]
)


@pytest.fixture(scope="module")
def person(people):
    """One for all: nothing here may do anything to anybody."""
    return people.sign_up()


@pytest.fixture
def objects(suite):
    return f"{suite.url('storage')}/v0/b/{suite.bucket}/o"


@pytest.fixture(autouse=True)
def _still_answers(admin, person):
    yield
    assert admin.objects_of(person) == []


@pytest.mark.parametrize("token", MALFORMED_TOKENS)
def test_malformed_token_is_refused(objects, person, token):
    file_id = person.announce("a.txt", 5, "text/plain")
    name = quote(person.original(file_id, "a.txt"), safe="")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    response = requests.post(
        f"{objects}?name={name}", data=b"hello", headers=headers, timeout=DEADLINE_SECONDS
    )
    assert_json_error(response, 403, 400)
    assert requests.get(f"{objects}/{name}", headers=headers, timeout=DEADLINE_SECONDS).status_code == 403


@pytest.mark.parametrize("claims", STRANGE_IDENTITIES)
def test_token_of_somebody_else_is_nobody(objects, person, claims):
    file_id = person.announce("a.txt", 5, "text/plain")
    name = quote(person.original(file_id, "a.txt"), safe="")
    token = f"{HEADER}.{encoded(filled(claims, person.uid))}."
    headers = {"Authorization": f"Firebase {token}", "Content-Type": "text/plain"}
    response = requests.post(
        f"{objects}?name={name}", data=b"hello", headers=headers, timeout=DEADLINE_SECONDS
    )
    assert_json_error(response, 403)


def test_token_for_another_user_gives_no_access(objects, person):
    file_id = person.announce("a.txt", 5, "text/plain")
    name = quote(person.original(file_id, "a.txt"), safe="")
    headers = {
        "Authorization": f"Firebase {unsigned_token('somebody', {})}",
        "Content-Type": "text/plain",
    }
    response = requests.post(
        f"{objects}?name={name}", data=b"hello", headers=headers, timeout=DEADLINE_SECONDS
    )
    assert_json_error(response, 403)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(
            {"Content-Type": "multipart/related; boundary=b", "X-Goog-Upload-Protocol": "multipart"},
            BROKEN_METADATA,
            id="metadata is no JSON",
        ),
        pytest.param(
            {"Content-Type": "multipart/related; boundary=b", "X-Goog-Upload-Protocol": "multipart"},
            b"no parts at all",
            id="no parts",
        ),
        pytest.param(
            {"Content-Type": "multipart/related", "X-Goog-Upload-Protocol": "multipart"},
            b"x",
            id="no boundary",
        ),
        pytest.param(
            {"Content-Type": "text/plain", "X-Goog-Upload-Protocol": "multipart"},
            b"x",
            id="not multipart",
        ),
        pytest.param(
            {
                "Content-Type": "application/json",
                "X-Goog-Upload-Protocol": "resumable",
                "X-Goog-Upload-Command": "start",
            },
            b"{",
            id="start with broken JSON",
        ),
        pytest.param(
            {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "upload"},
            b"x",
            id="chunk of nothing",
        ),
        pytest.param({"X-Goog-Upload-Protocol": "resumable"}, b"x", id="resumable without a command"),
    ],
)
def test_broken_upload_is_refused(objects, person, headers, body):
    file_id = person.announce("a.txt", 5, "text/plain")
    name = quote(person.original(file_id, "a.txt"), safe="")
    headers = headers | {"Authorization": f"Firebase {person.id_token}"}
    response = requests.post(f"{objects}?name={name}", data=body, headers=headers, timeout=DEADLINE_SECONDS)
    assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:300]}"
    assert person.file(file_id)["state"] == "uploading"


@pytest.mark.parametrize("session", ["", "unknown", "../../etc", "%00"])
def test_unknown_resumable_session_is_refused(objects, person, session):
    headers = {
        "X-Goog-Upload-Command": "upload, finalize",
        "Authorization": f"Firebase {person.id_token}",
    }
    response = requests.post(
        f"{objects}?name=a&upload_id={session}", data=b"x", headers=headers, timeout=DEADLINE_SECONDS
    )
    assert response.status_code in (400, 404)


@pytest.mark.parametrize(
    "name", ["%25", "%25zz", "100%25.txt", "%25ff", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_hostile_object_name_is_refused(objects, person, method, name):
    headers = {"Authorization": f"Firebase {person.id_token}"}
    request = requests.Request(method, objects, headers=headers, json={} if method == "PATCH" else None)
    prepared = request.prepare()
    prepared.url = f"{objects}/{name}"
    with requests.Session() as session:
        response = session.send(prepared, timeout=DEADLINE_SECONDS)
    assert response.status_code in (400, 403, 404), f"{response.status_code} {response.text[:300]}"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe"], ids=["open brace", "bytes"])
def test_metadata_change_that_is_no_json_is_refused(objects, person, body):
    headers = {"Authorization": f"Firebase {person.id_token}", "Content-Type": "application/json"}
    response = requests.patch(f"{objects}/a", data=body, headers=headers, timeout=DEADLINE_SECONDS)
    assert response.status_code == 400
