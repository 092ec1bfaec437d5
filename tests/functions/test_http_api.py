import json

import pytest
from app import http_api, request_bodies


@pytest.fixture
def client(application):
    return application("api", "http").test_client()


@pytest.mark.parametrize("prefix", ["", "/api"], ids=["own address", "behind Hosting"])
def test_health_is_ok(client, prefix):
    response = client.get(f"{prefix}/health")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_version_names_what_runs(client):
    body = client.get("/api/version").json
    assert (body["name"], body["version"]) == (http_api.NAME, http_api.VERSION)


def test_head_is_answered_without_a_body(client):
    response = client.head("/api/health")
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/api/nowhere",
        "/api/health/x",
        "/api/%2e%2e/health",
        "/apihealth",
        "/api/api/health",
    ],
)
def test_unknown_path_is_not_found(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.json["error"]["code"] == 404
    assert response.json["error"]["status"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_wrong_method_says_which_are_right(client, method):
    response = client.open("/api/health", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.json["error"]["status"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1,]", b"\xff\xfe", b"nonsense", b"[" * 60_000],
    ids=["open", "comma", "binary", "word", "deep"],
)
def test_malformed_json_is_refused(client, body):
    response = client.get("/api/health", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["error"] == {
        "code": 400,
        "status": "INVALID_ARGUMENT",
        "message": "The body is not valid JSON.",
    }


def test_well_formed_json_is_no_error(client):
    assert client.get("/api/health", data=b"{}", content_type="application/json").status_code == 200


def test_oversized_body_is_refused(client):
    response = client.get(
        "/api/health", data=b" " * (request_bodies.MAX_BODY + 1), content_type="application/json"
    )
    assert response.status_code == 413


@pytest.mark.parametrize("path", ["/api/health", "/api/nowhere"])
def test_every_answer_is_json_that_no_browser_takes_for_a_page(client, path):
    headers = client.get(path).headers
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_hostile_path_comes_back_as_text_of_limited_length(client):
    response = client.get("/api/<script>" + "a" * 5000)
    assert response.status_code == 404
    assert len(response.data) < 500


def test_service_that_is_away_asks_to_try_again(client, monkeypatch):
    from google.api_core.exceptions import ServiceUnavailable

    def away(asked):
        raise ServiceUnavailable("the database is away")

    monkeypatch.setattr(http_api, "ROUTES", {"/health": {"GET": away}})
    response = client.get("/api/health")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.json["error"]["status"] == "UNAVAILABLE"


def test_failure_is_logged_with_its_cause_and_told_without(client, monkeypatch, capfd):
    def fail(asked):
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(http_api, "ROUTES", {"/health": {"GET": fail}})
    response = client.get("/api/health")
    assert response.status_code == 500
    assert response.json["error"]["status"] == "INTERNAL"
    assert b"swordfish" not in response.data
    entry = json.loads(capfd.readouterr().err)
    assert entry["requestId"] == response.headers["X-Request-Id"]
    assert (entry["severity"], entry["path"]) == ("ERROR", "/api/health")
    assert "swordfish" in entry["cause"]
