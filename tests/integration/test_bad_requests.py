"""Requests that are broken, to every door of the suite: each gets an error that says so, writes nothing, and every door
still answers afterwards.
"""

import base64
import json
import socket
from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.rest import to_fields, unsigned_token

DEADLINE_SECONDS = 30

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


class TestFirestore:
    @pytest.fixture
    def documents(self, suite):
        return f"{suite.url('firestore')}/v1/projects/{suite.project_id}/databases/(default)/documents"

    @pytest.fixture(autouse=True)
    def _still_answers(self, admin, person):
        """After each of these tests the emulator serves the next reader, and the profile is what it was."""
        before = person.profile()
        yield
        assert person.profile() == before
        assert admin.firestore.document("nowhere/nothing").get().exists is False

    @pytest.mark.parametrize("token", MALFORMED_TOKENS)
    def test_malformed_token_is_refused_by_name(self, documents, person, token):
        address = f"{documents}/{person.profile_path}"
        response = requests.get(
            address, headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE_SECONDS
        )
        error = assert_json_error(response, 400)
        assert (error["status"], error["message"]) == ("INVALID_ARGUMENT", "invalid jwt")
        assert requests.get(
            address, headers={"Authorization": f"Bearer {person.id_token}"}, timeout=DEADLINE_SECONDS
        ).ok

    @pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", "bearer2"])
    def test_other_scheme_than_bearer_is_refused(self, documents, person, scheme):
        headers = {"Authorization": f"{scheme} {person.id_token}"}
        response = requests.get(
            f"{documents}/{person.profile_path}", headers=headers, timeout=DEADLINE_SECONDS
        )
        assert_json_error(response, 400, 401, 403, 500)

    @pytest.mark.parametrize("claims", STRANGE_IDENTITIES)
    def test_token_of_somebody_else_is_nobody(self, documents, person, claims):
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
    def test_body_that_is_no_message_is_refused(self, admin, documents, method, suffix, body):
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
    def test_value_that_is_none_is_refused(self, admin, documents, value):
        headers = {"Authorization": "Bearer owner"}
        body = {"fields": {"good": {"stringValue": "a"}, "bad": value}}
        response = requests.patch(
            f"{documents}/broken/one", json=body, headers=headers, timeout=DEADLINE_SECONDS
        )
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
    def test_commit_with_one_broken_write_writes_nothing(self, admin, suite, documents, write):
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
    def test_wrong_verb_is_not_found(self, documents, method, path):
        headers = {"Authorization": "Bearer owner"}
        response = requests.request(method, documents + path, headers=headers, timeout=DEADLINE_SECONDS)
        assert response.status_code in (400, 404, 405, 501), response.text

    @pytest.mark.parametrize(
        "path", ["/%", "/%zz", "/%ff/%fe", "/a/%00", "/..", "/../../../etc/passwd", "/" + "a" * 3000]
    )
    def test_hostile_address_is_refused(self, documents, path):
        request = requests.Request("GET", documents, headers={"Authorization": "Bearer owner"}).prepare()
        request.url = documents + path
        with requests.Session() as session:
            response = session.send(request, timeout=DEADLINE_SECONDS)
        assert response.status_code in (200, 400, 404, 414)
        assert "root:" not in response.text

    def test_body_beyond_the_limit_is_refused(self, admin, documents):
        body = b'{"fields": {"a": {"stringValue": "' + b"x" * (17 * 1024 * 1024) + b'"}}}'
        headers = {"Authorization": "Bearer owner", "Content-Type": "application/json"}
        response = requests.patch(
            f"{documents}/broken/one", data=body, headers=headers, timeout=DEADLINE_SECONDS
        )
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
    def test_emulator_route_refuses_what_is_no_message(self, suite, method, route, body):
        address = f"{suite.url('firestore')}/emulator/v1/projects/{suite.project_id}{route}"
        response = requests.request(method, address, data=body, timeout=DEADLINE_SECONDS)
        assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:300]}"
        assert "Traceback" not in response.text

    @pytest.mark.parametrize(
        "rules",
        [
            pytest.param("", id="nothing"),
            pytest.param("service", id="a word"),
            pytest.param("service cloud.firestore {", id="open brace"),
            pytest.param(
                "rules_version = '2'; service cloud.firestore { match /a { allow read: if } }",
                id="no condition",
            ),
            pytest.param("((((" * 5000, id="many brackets"),
        ],
    )
    def test_rules_that_do_not_compile_leave_the_old_ones(self, suite, people, person, rules):
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
    def test_channel_without_a_session_is_refused(self, suite, service, method, query):
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
    def test_channel_tells_a_broken_message(self, suite, person, message):
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
            pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", id="negative length"),
            pytest.param(
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                id="chunk without a size",
            ),
            pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200, id="HTTP/2 with broken frames"),
            pytest.param(b"PRI * HTTP/2.0\r\n\r\n", id="half an HTTP/2 preface"),
            pytest.param(b"PR", id="two letters"),
        ],
    )
    def test_noise_on_the_port_hurts_nobody(self, suite, noise):
        host, port = suite.host("firestore").split(":")
        with socket.create_connection((host, int(port)), timeout=DEADLINE_SECONDS) as connection:
            try:
                connection.sendall(noise)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except ConnectionError:
                pass


class TestStorage:
    @pytest.fixture
    def objects(self, suite):
        return f"{suite.url('storage')}/v0/b/{suite.bucket}/o"

    @pytest.fixture(autouse=True)
    def _still_answers(self, admin, person):
        yield
        assert admin.objects_of(person) == []

    @pytest.mark.parametrize("token", MALFORMED_TOKENS)
    def test_malformed_token_is_refused(self, objects, person, token):
        file_id = person.announce("a.txt", 5, "text/plain")
        name = quote(person.original(file_id, "a.txt"), safe="")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
        response = requests.post(
            f"{objects}?name={name}", data=b"hello", headers=headers, timeout=DEADLINE_SECONDS
        )
        assert_json_error(response, 403, 400)
        assert requests.get(f"{objects}/{name}", headers=headers, timeout=DEADLINE_SECONDS).status_code == 403

    @pytest.mark.parametrize("claims", STRANGE_IDENTITIES)
    def test_token_of_somebody_else_is_nobody(self, objects, person, claims):
        file_id = person.announce("a.txt", 5, "text/plain")
        name = quote(person.original(file_id, "a.txt"), safe="")
        token = f"{HEADER}.{encoded(filled(claims, person.uid))}."
        headers = {"Authorization": f"Firebase {token}", "Content-Type": "text/plain"}
        response = requests.post(
            f"{objects}?name={name}", data=b"hello", headers=headers, timeout=DEADLINE_SECONDS
        )
        assert_json_error(response, 403)

    def test_token_for_another_user_gives_no_access(self, objects, person):
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
                b"--b\r\nContent-Type: application/json\r\n\r\n{\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
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
    def test_broken_upload_is_refused(self, objects, person, headers, body):
        file_id = person.announce("a.txt", 5, "text/plain")
        name = quote(person.original(file_id, "a.txt"), safe="")
        headers = headers | {"Authorization": f"Firebase {person.id_token}"}
        response = requests.post(
            f"{objects}?name={name}", data=body, headers=headers, timeout=DEADLINE_SECONDS
        )
        assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:300]}"
        assert person.file(file_id)["state"] == "uploading"

    @pytest.mark.parametrize("session", ["", "unknown", "../../etc", "%00"])
    def test_unknown_resumable_session_is_refused(self, objects, person, session):
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
    def test_hostile_object_name_is_refused(self, objects, person, method, name):
        headers = {"Authorization": f"Firebase {person.id_token}"}
        request = requests.Request(method, objects, headers=headers, json={} if method == "PATCH" else None)
        prepared = request.prepare()
        prepared.url = f"{objects}/{name}"
        with requests.Session() as session:
            response = session.send(prepared, timeout=DEADLINE_SECONDS)
        assert response.status_code in (400, 403, 404), f"{response.status_code} {response.text[:300]}"

    @pytest.mark.parametrize("body", [b"{", b"\xff\xfe"], ids=["open brace", "bytes"])
    def test_metadata_change_that_is_no_json_is_refused(self, objects, person, body):
        headers = {"Authorization": f"Firebase {person.id_token}", "Content-Type": "application/json"}
        response = requests.patch(f"{objects}/a", data=body, headers=headers, timeout=DEADLINE_SECONDS)
        assert response.status_code == 400


class TestAuth:
    @pytest.fixture(autouse=True)
    def _still_answers(self, people):
        yield
        assert people.auth.guest().ok

    @pytest.mark.parametrize("body", NO_JSON)
    @pytest.mark.parametrize("action", ["signUp", "signInWithPassword", "update", "delete", "lookup"])
    def test_body_that_is_no_message_is_refused(self, people, action, body):
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
            pytest.param({"email": ["a@example.com"], "password": "a" * 8}, id="address is a list"),
            pytest.param({"email": "a@example.com", "password": {"a": 1}}, id="password is a map"),
            pytest.param({"nonsense": 1}, id="unknown field"),
            pytest.param(
                {"email": "a@example.com", "password": "a" * 8, "displayName": 7}, id="name is a number"
            ),
        ],
    )
    def test_wrong_type_is_refused_and_makes_no_account(self, people, admin, body):
        assert people.auth.call("signUp", body).status_code == 400
        assert admin.account("a@example.com") is None

    @pytest.mark.parametrize("token", MALFORMED_TOKENS)
    @pytest.mark.parametrize("action", ["lookup", "delete", "update"])
    def test_malformed_token_is_refused(self, people, person, action, token):
        response = people.auth.call(action, {"idToken": token})
        assert response.status_code == 400
        assert "INVALID_ID_TOKEN" in response.text
        assert people.sign_in(person.email).uid == person.uid

    @pytest.mark.parametrize(
        "token", ["", "x", "e30", "{", "\x00", encoded({"_AuthEmulatorRefreshToken": 1})]
    )
    def test_malformed_refresh_token_is_refused(self, people, token):
        response = people.auth.refresh(token)
        assert response.status_code == 400
        assert "REFRESH_TOKEN" in response.text

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    def test_wrong_verb_is_refused(self, people, method):
        address = f"{people.auth.url}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=any"
        response = requests.request(method, address, timeout=DEADLINE_SECONDS)
        assert response.status_code in (404, 405)


class TestFunctions:
    @pytest.fixture
    def functions(self, suite):
        return f"{suite.url('functions')}/{suite.project_id}/us-central1"

    @pytest.fixture(autouse=True)
    def _still_answers(self, functions):
        yield
        assert requests.get(f"{functions}/api/health", timeout=DEADLINE_SECONDS).ok

    @pytest.mark.parametrize("name", ["nowhere", "api2", "..%2f..%2fetc", "%00", "%"])
    def test_unknown_function_is_refused(self, functions, name):
        response = requests.get(f"{functions}/{name}", timeout=DEADLINE_SECONDS)
        assert response.status_code in (400, 404)

    @pytest.mark.parametrize("body", NO_JSON[1:])
    @pytest.mark.parametrize("name", ["before_user_created", "before_user_signed_in"])
    def test_blocking_function_refuses_what_no_auth_sent(self, functions, name, body):
        response = requests.post(
            f"{functions}/{name}",
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=DEADLINE_SECONDS,
        )
        assert response.status_code >= 400
        assert "Traceback" not in response.text
        assert ".py" not in response.text

    @pytest.mark.parametrize("body", NO_JSON[1:])
    @pytest.mark.parametrize(
        "name", ["on_file_finalized", "on_file_object_deleted", "on_file_document_deleted", "on_user_deleted"]
    )
    def test_event_that_is_none_changes_nothing(self, suite, functions, people, person, name, body):
        response = requests.post(
            f"{functions}/{name}",
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=DEADLINE_SECONDS,
        )
        assert "Traceback" not in response.text
        assert person.profile()["state"] == "active"


class TestHub:
    @pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"path": 7}', b"{}"])
    def test_export_refuses_what_is_no_request(self, suite, body):
        address = f"{suite.url('hub')}/_admin/export"
        headers = {"Content-Type": "application/json"}
        response = requests.post(address, data=body, headers=headers, timeout=DEADLINE_SECONDS)
        assert response.status_code >= 400
        assert urlsplit(response.url).netloc == suite.host("hub")
        assert requests.get(f"{suite.url('hub')}/emulators", timeout=DEADLINE_SECONDS).ok
