"""Broken requests to the Firestore emulator: REST, its own routes, WebChannel, the bare port.

Each gets an error that says so, writes nothing, and the next reader is served.
"""

import json
import socket
from urllib.parse import quote

import pytest
import requests

from tests.integration.broken import (
    HEADER,
    MALFORMED_TOKENS,
    NO_JSON,
    STRANGE_IDENTITIES,
    assert_json_error,
    encoded,
    filled,
)
from tests.rest import DEADLINE_SECONDS, to_fields


@pytest.fixture(scope="module")
def person(people):
    """One for all: nothing here may do anything to anybody."""
    return people.sign_up()


@pytest.fixture
def documents(suite):
    return f"{suite.url('firestore')}/v1/projects/{suite.project_id}/databases/(default)/documents"


@pytest.fixture(autouse=True)
def _still_answers(admin, person):
    """After each of these tests the emulator serves the next reader, and the profile is what it was."""
    before = person.profile()
    yield
    assert person.profile() == before
    assert admin.firestore.document("nowhere/nothing").get().exists is False


@pytest.mark.parametrize("token", MALFORMED_TOKENS)
def test_malformed_token_is_refused_by_name(documents, person, token):
    address = f"{documents}/{person.profile_path}"
    response = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE_SECONDS)
    error = assert_json_error(response, 400)
    assert (error["status"], error["message"]) == ("INVALID_ARGUMENT", "invalid jwt")
    assert requests.get(
        address, headers={"Authorization": f"Bearer {person.id_token}"}, timeout=DEADLINE_SECONDS
    ).ok


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", "bearer2"])
def test_other_scheme_than_bearer_is_refused(documents, person, scheme):
    headers = {"Authorization": f"{scheme} {person.id_token}"}
    response = requests.get(f"{documents}/{person.profile_path}", headers=headers, timeout=DEADLINE_SECONDS)
    assert_json_error(response, 400, 401, 403, 500)


@pytest.mark.parametrize("claims", STRANGE_IDENTITIES)
def test_token_of_somebody_else_is_nobody(documents, person, claims):
    token = f"{HEADER}.{encoded(filled(claims, person.uid))}."
    response = requests.get(
        f"{documents}/{person.profile_path}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=DEADLINE_SECONDS,
    )
    assert_json_error(response, 400, 403)


@pytest.mark.parametrize("body", NO_JSON)
@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("POST", ":commit"),
        ("POST", ":batchGet"),
        ("POST", ":batchWrite"),
        ("POST", ":runQuery"),
        ("POST", ":runAggregationQuery"),
        ("POST", ":beginTransaction"),
        ("POST", ":rollback"),
        ("POST", ":listCollectionIds"),
        ("POST", "/broken"),
        ("PATCH", "/broken/one"),
    ],
)
def test_body_that_is_no_message_is_refused(admin, documents, method, suffix, body):
    headers = {"Authorization": "Bearer owner", "Content-Type": "application/json"}
    response = requests.request(
        method, documents + suffix, data=body, headers=headers, timeout=DEADLINE_SECONDS
    )
    if body == b"":
        # The empty message is a valid one of most methods.
        assert response.status_code in (200, 400), response.text
        admin.firestore.recursive_delete(admin.firestore.collection("broken"))
    else:
        assert_json_error(response, 400)
    assert admin.firestore.collection("broken").get() == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"stringValue": 7}, id="number for a text"),
        pytest.param({"integerValue": "seven"}, id="word for a number"),
        pytest.param({"integerValue": "9223372036854775808"}, id="number beyond 64 bits"),
        pytest.param({"integerValue": 1.5}, id="fraction for an integer"),
        pytest.param({"booleanValue": "maybe"}, id="word for a boolean"),
        pytest.param({"doubleValue": "many"}, id="word for a double"),
        pytest.param({"timestampValue": "yesterday"}, id="word for a time"),
        pytest.param({"timestampValue": "2026-13-45T99:99:99Z"}, id="time that is none"),
        pytest.param({"bytesValue": "***"}, id="no base64"),
        pytest.param({"geoPointValue": {"latitude": 91, "longitude": 0}}, id="place beyond the pole"),
        pytest.param({"referenceValue": "nowhere"}, id="reference to nowhere"),
        pytest.param({"arrayValue": {"values": "x"}}, id="text for a list"),
        pytest.param({"arrayValue": {"values": [{"arrayValue": {}}]}}, id="list in a list"),
        pytest.param({"mapValue": {"fields": []}}, id="list for a map"),
        pytest.param({"mapValue": {"fields": {"": {"nullValue": None}}}}, id="empty name in a map"),
        pytest.param({"stringValue": "a", "integerValue": "1"}, id="two kinds"),
        pytest.param({"unknownValue": 1}, id="unknown kind"),
        pytest.param({}, id="no kind"),
        pytest.param("text", id="no message"),
        pytest.param({"stringValue": "x" * 1_048_488}, id="text beyond a mebibyte"),
    ],
)
def test_value_that_is_none_is_refused(admin, documents, value):
    headers = {"Authorization": "Bearer owner"}
    body = {"fields": {"good": {"stringValue": "a"}, "bad": value}}
    response = requests.patch(f"{documents}/broken/one", json=body, headers=headers, timeout=DEADLINE_SECONDS)
    assert_json_error(response, 400)
    assert not admin.firestore.document("broken/one").get().exists


@pytest.mark.parametrize(
    "write",
    [
        pytest.param({}, id="no operation"),
        pytest.param({"update": {"name": "nowhere", "fields": {}}}, id="name without a database"),
        pytest.param({"update": {"name": "{documents}/broken", "fields": {}}}, id="name of a collection"),
        pytest.param({"update": {"name": "{documents}/broken/../users/x"}}, id="name with dots"),
        pytest.param({"update": {"name": "{documents}/broken//x"}}, id="name with an empty part"),
        pytest.param({"update": {"name": "{documents}/__broken__/x"}}, id="reserved collection"),
        pytest.param({"update": {"name": "{documents}/broken/" + "x" * 1501}}, id="id beyond 1500 bytes"),
        pytest.param({"update": {"name": 7}}, id="name is a number"),
        pytest.param(
            {"update": {"name": "{documents}/broken/x"}, "delete": "{documents}/broken/x"},
            id="two operations",
        ),
        pytest.param(
            {"update": {"name": "{documents}/broken/x"}, "updateMask": {"fieldPaths": ["a..b"]}},
            id="bad mask",
        ),
        pytest.param(
            {"update": {"name": "{documents}/broken/x"}, "currentDocument": {"exists": "perhaps"}},
            id="bad precondition",
        ),
        pytest.param(
            {"update": {"name": "{documents}/broken/x"}, "updateTransforms": [{"fieldPath": "a"}]},
            id="transform without a kind",
        ),
        pytest.param({"update": {"name": "{documents}/broken/x"}, "unknown": 1}, id="unknown field"),
    ],
)
def test_commit_with_one_broken_write_writes_nothing(admin, suite, documents, write):
    prefix = documents.partition("/v1/")[2]
    good = {"update": {"name": f"{prefix}/broken/good", "fields": to_fields({"a": 1})}}
    broken = json.loads(json.dumps(write).replace("{documents}", prefix))
    headers = {"Authorization": "Bearer owner"}
    body = {"writes": [good, broken]}
    response = requests.post(f"{documents}:commit", json=body, headers=headers, timeout=DEADLINE_SECONDS)
    assert_json_error(response, 400)
    assert admin.firestore.collection("broken").get() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/broken/one"),
        ("POST", ":nonsense"),
        ("GET", ":commit"),
        ("DELETE", ":commit"),
        ("TRACE", "/broken/one"),
        ("NONSENSE", "/broken/one"),
    ],
)
def test_wrong_verb_is_not_found(documents, method, path):
    headers = {"Authorization": "Bearer owner"}
    response = requests.request(method, documents + path, headers=headers, timeout=DEADLINE_SECONDS)
    assert response.status_code in (400, 404, 405, 501), response.text


@pytest.mark.parametrize(
    "path", ["/%", "/%zz", "/%ff/%fe", "/a/%00", "/..", "/../../../etc/passwd", "/" + "a" * 3000]
)
def test_hostile_address_is_refused(documents, path):
    request = requests.Request("GET", documents, headers={"Authorization": "Bearer owner"}).prepare()
    request.url = documents + path
    with requests.Session() as session:
        response = session.send(request, timeout=DEADLINE_SECONDS)
    assert response.status_code in (200, 400, 404, 414)
    assert "root:" not in response.text


def test_body_beyond_the_limit_is_refused(admin, documents):
    body = b'{"fields": {"a": {"stringValue": "' + b"x" * (17 * 1024 * 1024) + b'"}}}'
    headers = {"Authorization": "Bearer owner", "Content-Type": "application/json"}
    response = requests.patch(f"{documents}/broken/one", data=body, headers=headers, timeout=DEADLINE_SECONDS)
    assert response.status_code == 413
    assert not admin.firestore.document("broken/one").get().exists


@pytest.mark.parametrize("body", NO_JSON)
@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("PUT", ":securityRules"),
        ("POST", ":export"),
        ("POST", ":import"),
        ("PUT", "/triggers/broken"),
        ("POST", "/eventarcTrigger?eventarcTriggerId=broken"),
    ],
)
def test_emulator_route_refuses_what_is_no_message(suite, method, route, body):
    address = f"{suite.url('firestore')}/emulator/v1/projects/{suite.project_id}{route}"
    response = requests.request(method, address, data=body, timeout=DEADLINE_SECONDS)
    assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:300]}"
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("service", id="a word"),
        pytest.param("service cloud.firestore {", id="open brace"),
        pytest.param(
            "rules_version = '2'; service cloud.firestore { match /a { allow read: if } }",
            id="no condition",
        ),
        pytest.param("((((" * 5000, id="many brackets"),
    ],
)
def test_rules_that_do_not_compile_leave_the_old_ones(suite, people, person, rules):
    address = f"{suite.url('firestore')}/emulator/v1/projects/{suite.project_id}:securityRules"
    body = {"rules": {"files": [{"name": "firestore.rules", "content": rules}]}}
    response = requests.put(address, json=body, timeout=DEADLINE_SECONDS)
    assert_json_error(response, 400)
    assert people.sign_up().firestore.get(person.profile_path).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="nothing"),
        pytest.param("VER=8&RID=1", id="no database"),
        pytest.param("VER=8&RID=rpc&SID=unknown&AID=0&CI=0&TYPE=xmlhttp", id="unknown session"),
        pytest.param("VER=8&RID=x&AID=y&database=nowhere", id="words for numbers"),
        pytest.param("VER=99&RID=1&database=projects%2Fa%2Fdatabases%2Fb", id="unknown version"),
    ],
)
@pytest.mark.parametrize("service", ["Listen", "Write"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_channel_without_a_session_is_refused(suite, service, method, query):
    address = f"{suite.url('firestore')}/google.firestore.v1.Firestore/{service}/channel?{query}"
    with requests.request(
        method, address, data=b"count=x&ofs=y&req0___data__={", timeout=DEADLINE_SECONDS, stream=True
    ) as response:
        assert response.status_code in (400, 404, 405), response.status_code


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"addTarget": 7}',
        b'{"addTarget": {"query": "x"}}',
        b'{"nonsense": 1}',
    ],
    ids=["open", "list", "null", "bytes", "number", "text", "unknown"],
)
def test_channel_tells_a_broken_message(suite, person, message):
    """The session is opened, says what is wrong in its first answers, and ends."""
    database = quote(f"projects/{suite.project_id}/databases/(default)", safe="")
    channel = f"{suite.url('firestore')}/google.firestore.v1.Firestore/Listen/channel"
    headers = quote(f"Authorization:Bearer {person.id_token}\r\n")
    body = f"headers={headers}&count=1&ofs=0&req0___data__=".encode() + quote(message).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    opened = requests.post(
        f"{channel}?VER=8&database={database}&RID=1&CVER=22&t=1",
        data=body,
        headers=form,
        timeout=DEADLINE_SECONDS,
    )
    if opened.status_code == 200:
        sid = json.loads(opened.text.split("\n", 1)[1])[0][1][1]
        back = requests.get(
            f"{channel}?VER=8&database={database}&RID=rpc&SID={sid}&AID=0&CI=1&TYPE=xmlhttp&t=1",
            timeout=DEADLINE_SECONDS,
        )
        assert "error" in back.text or back.status_code == 400, back.text
    else:
        assert opened.status_code == 400


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(b"\x00" * 200, id="zeros"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), id="TLS"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="version of HTTP"),
        pytest.param(b"GET /\r\n\r\n", id="half a request line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"x" * 200_000 + b"\r\n\r\n", id="endless header"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", id="negative length"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            id="chunk without a size",
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200, id="HTTP/2 with broken frames"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\n", id="half an HTTP/2 preface"),
        pytest.param(b"PR", id="two letters"),
    ],
)
def test_noise_on_the_port_hurts_nobody(suite, noise):
    host, port = suite.host("firestore").split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE_SECONDS) as connection:
        try:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
