"""What a broken request can hold, for every door of the suite, and how a refusal looks."""

import base64
import json

import pytest

NO_JSON = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"{", id="open brace"),
    pytest.param(b"{}{}", id="two objects"),
    pytest.param(b"[]", id="list"),
    pytest.param(b'"text"', id="text"),
    pytest.param(b"7", id="number"),
    pytest.param(b"\xff\xfe\x00\x01", id="bytes that are no text"),
    pytest.param(b"\x00" * 64, id="zeros"),
    pytest.param(b"[" * 50_000, id="fifty thousand brackets"),
    pytest.param(b'{"a":' * 50_000, id="fifty thousand braces"),
    pytest.param(b"<xml/>", id="XML"),
]


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


HEADER = encoded({"alg": "none", "typ": "JWT"})

MALFORMED_TOKENS = [
    pytest.param("x", id="one part"),
    pytest.param("a.b", id="two parts"),
    pytest.param("a.b.c", id="three parts of noise"),
    pytest.param("a.b.c.d", id="four parts"),
    pytest.param("..", id="three empty parts"),
    pytest.param(f"{HEADER}..", id="empty payload"),
    pytest.param(f"{HEADER}.!!!.", id="payload outside the alphabet"),
    pytest.param(f"{HEADER}.{encoded([1])}.", id="payload is a list"),
    pytest.param(f"{HEADER}.{encoded('x')}.", id="payload is a text"),
    pytest.param(f"{HEADER}.{encoded(None)}.", id="payload is null"),
    pytest.param(f"{HEADER}.{base64.urlsafe_b64encode(b'{').decode()}.", id="payload is no JSON"),
    pytest.param(
        f"{HEADER}.{base64.urlsafe_b64encode(bytes([255, 254])).decode()}.", id="payload is no text"
    ),
    pytest.param("owner2", id="nearly the administrator"),
    pytest.param("x" * 8000, id="very long"),
]

STRANGE_IDENTITIES = [
    pytest.param({}, id="no subject"),
    pytest.param({"sub": None, "user_id": None}, id="subject is null"),
    pytest.param({"sub": 7, "user_id": 7}, id="subject is a number"),
    pytest.param({"sub": ["{uid}"], "user_id": ["{uid}"]}, id="subject is a list"),
    pytest.param({"sub": {"uid": "{uid}"}}, id="subject is a map"),
    pytest.param({"sub": "", "user_id": ""}, id="subject is empty"),
    pytest.param({"uid": "{uid}"}, id="another claim"),
    pytest.param({"sub": "{uid} ", "user_id": "{uid} "}, id="a blank behind"),
    pytest.param({"sub": "{uid}/files", "user_id": "{uid}/files"}, id="a path"),
    pytest.param({"sub": "{UID}", "user_id": "{UID}"}, id="in capitals"),
]


def filled(value, uid):
    """`value` with the uid in the places of its braces."""
    return json.loads(json.dumps(value).replace("{uid}", uid).replace("{UID}", uid.upper()))


def assert_json_error(response, *codes):
    assert response.status_code in codes, f"{response.status_code} {response.text[:300]}"
    body = response.json()
    error = (body[0] if isinstance(body, list) else body)["error"]
    assert error["code"] == response.status_code
    assert error.get("message") or error.get("status"), error
    assert "Traceback" not in response.text
    return error
