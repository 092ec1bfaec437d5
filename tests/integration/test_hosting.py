"""The page and `/api/**` as a browser asks for them, through Hosting."""

import re

import pytest
import requests

DEADLINE_SECONDS = 30


@pytest.fixture(scope="module")
def ask(suite):
    def send(path, method="GET", **options):
        return requests.request(method, suite.url("hosting") + path, timeout=DEADLINE_SECONDS, **options)

    return send


class TestPage:
    def test_page_is_served_with_its_assets(self, ask):
        page = ask("/")
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assets = [part.split('"')[0] for part in page.text.split('src="') + page.text.split('href="')]
        scripts = [asset for asset in assets if asset.endswith((".js", ".css"))]
        assert scripts
        for script in scripts:
            response = ask(script)
            assert response.status_code == 200, script
            assert "immutable" in response.headers["Cache-Control"]

    def test_page_needs_nothing_from_other_hosts(self, ask):
        text = ask("/").text
        assert 'src="http' not in text
        assert '<link rel="stylesheet" href="http' not in text

    @pytest.mark.parametrize(
        ("header", "part"),
        [
            ("Content-Security-Policy", "default-src 'none'"),
            ("Content-Security-Policy", "frame-ancestors 'none'"),
            ("Content-Security-Policy", "script-src 'self'"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Permissions-Policy", "camera=()"),
            ("Cache-Control", "no-cache"),
        ],
    )
    def test_page_has_its_security_headers(self, ask, header, part):
        assert part in ask("/").headers[header]

    def test_page_policy_allows_no_inline_script(self, ask):
        policy = ask("/").headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy

    @pytest.mark.parametrize(
        "path",
        [
            "/firebase.json",
            "/.firebaserc",
            "/.env",
            "/functions/main.py",
            "/../firebase.json",
            "/%2e%2e/firebase.json",
            "/..%2ffirebase.json",
            "/%2e%2e%2f%2e%2e%2ffirestore.rules",
        ],
    )
    def test_nothing_beside_the_page_is_served(self, suite, path):
        session = requests.Session()
        request = requests.Request("GET", suite.url("hosting")).prepare()
        request.url = suite.url("hosting") + path
        with session:
            response = session.send(request, timeout=DEADLINE_SECONDS)
        assert response.status_code in (400, 403, 404), f"{response.status_code} {response.text[:200]}"
        assert "rewrites" not in response.text
        assert "rules_version" not in response.text

    @pytest.mark.parametrize("path", ["/%", "/%ff", "/%00", "/" + "a" * 5000])
    def test_hostile_address_is_refused_and_the_page_stays(self, ask, path):
        # Hosting's emulator answers 500 where an address cannot be a file's name.
        assert ask(path).status_code in (400, 404, 414, 500)
        assert ask("/").status_code == 200


class TestApi:
    def test_health_says_ok(self, ask):
        response = ask("/api/health")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert response.headers["Cache-Control"] in ("no-store", "no-cache")

    def test_version_says_what_runs(self, ask):
        body = ask("/api/version").json()
        assert set(body) == {"name", "version", "runtime", "revision"}
        assert body["name"] == "kindling"
        assert re.fullmatch(r"\d+\.\d+\.\d+", body["version"])

    def test_head_is_answered_without_a_body(self, ask):
        response = ask("/api/health", "HEAD")
        assert (response.status_code, response.content) == (200, b"")

    @pytest.mark.parametrize(
        "path",
        [
            "/api",
            "/api/",
            "/api/nowhere",
            "/api/health/more",
            "/api/../functions",
            "/api/%2e%2e/x",
            "/api/%00",
        ],
    )
    def test_unknown_address_is_a_plain_json_error(self, ask, path):
        response = ask(path)
        assert response.status_code in (400, 404)
        assert "Traceback" not in response.text

    def test_unknown_address_names_itself(self, ask):
        response = ask("/api/nowhere")
        assert response.status_code == 404
        assert response.json()["error"] == {
            "code": 404,
            "status": "NOT_FOUND",
            "message": "There is nothing at /api/nowhere.",
        }

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_wrong_verb_is_refused_and_told_the_right_ones(self, ask, method):
        response = ask("/api/health", method)
        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD"
        assert response.json()["error"]["status"] == "METHOD_NOT_ALLOWED"

    @pytest.mark.parametrize(
        "body",
        [b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":}', b"nul"],
        ids=["open", "bytes", "deep", "gap", "word"],
    )
    def test_body_that_is_no_json_is_refused(self, ask, body):
        response = ask("/api/health", "POST", data=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 405), response.text
        assert response.json()["error"]["code"] == response.status_code
        assert ask("/api/health").status_code == 200

    def test_huge_body_is_refused(self, ask):
        response = ask(
            "/api/health", "POST", data=bytes(8 * 1024 * 1024), headers={"Content-Type": "text/plain"}
        )
        assert response.status_code in (405, 413), response.text
        assert ask("/api/health").status_code == 200

    def test_address_is_not_echoed_as_markup(self, ask):
        response = ask("/api/<script>alert(1)</script>")
        assert response.status_code == 404
        assert response.headers["Content-Type"].startswith("application/json")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
