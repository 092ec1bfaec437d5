"""Web pages that are not of this machine may not call the emulator, under whatever name they find it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from emulator.servers.allowed_hosts import AllowedHosts
from tests.emulator.process import DEADLINE, Answer, Emulator, running_emulator
from tests.hosts import ELSEWHERE, THIS_MACHINE

DOCUMENTS = "/v1/projects/p/databases/(default)/documents"
DOCUMENT = f"{DOCUMENTS}/kept/here"
OWNER = {"Authorization": "Bearer owner"}
EVIL = {"Origin": "https://evil.example"}
REBOUND = {"Host": "evil.example:8080"}
"""What a name gives that an attacker's DNS server points to 127.0.0.1."""
EVERY_ROUTE = [
    ("GET", "/"),
    ("POST", "/reset"),
    ("POST", "/shutdown"),
    ("POST", "/emulator/v1/projects/p:export"),
    ("POST", "/emulator/v1/projects/p:import"),
    ("POST", "/emulator/v1/projects/p/databases/(default):export"),
    ("PUT", "/emulator/v1/projects/p:securityRules"),
    ("GET", "/emulator/v1/projects/p:ruleCoverage"),
    ("GET", "/emulator/v1/projects/p:ruleCoverage.html"),
    ("GET", "/emulator/v1/projects/p:missingIndexes"),
    ("DELETE", "/emulator/v1/projects/p:usage"),
    ("DELETE", f"/emulator{DOCUMENTS}"),
    ("PUT", "/emulator/v1/projects/p/triggers/t"),
    ("GET", DOCUMENT),
    ("DELETE", DOCUMENT),
    ("POST", f"{DOCUMENTS}:commit"),
    ("POST", f"{DOCUMENTS}:runQuery"),
    ("POST", "/google.firestore.v1.Firestore/Listen/channel?VER=8&RID=1"),
    ("GET", "/google.firestore.v1.Firestore/Write/channel?VER=8&RID=rpc&SID=x"),
    ("OPTIONS", "/reset"),
    ("GET", "/nowhere"),
]


@pytest.fixture(scope="module")
def monitor_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def running(monitor_port: int) -> Iterator[Emulator]:
    """One emulator with a document that no refused request may touch."""
    with running_emulator("--websocket_port", str(monitor_port)) as emulator:
        assert emulator.http("PATCH", DOCUMENT, "{}", OWNER).status == 200
        yield emulator


@pytest.fixture(scope="module")
def monitor(running: Emulator, monitor_port: int) -> Emulator:
    """Its request monitor, which is there a moment after everything else."""
    monitor = Emulator(running.process, monitor_port, running.log_file)
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            monitor.http("GET", "/")
            return monitor
        except ConnectionRefusedError:
            assert time.monotonic() < deadline


def is_kept(emulator: Emulator) -> bool:
    return emulator.http("GET", DOCUMENT, headers=OWNER).status == 200


def is_refused(answer: Answer) -> bool:
    """Whether it is the refusal, which a page must not be able to read."""
    return (
        answer.status == 403
        and "--allow_hosts" in answer.body
        and not any(name.startswith("access-control") for name in answer.headers)
    )


@pytest.mark.parametrize("caller", [EVIL, REBOUND], ids=["origin", "rebound"])
@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
def test_foreign_page_is_refused_everywhere_and_nothing_happens(
    running: Emulator, method: str, path: str, caller: dict[str, str]
) -> None:
    answer = running.http(method, path, "{}", OWNER | {"Content-Type": "text/plain"} | caller)

    assert is_refused(answer)
    assert is_kept(running)


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE[3:])
def test_page_of_this_machine_is_answered_everywhere(running: Emulator, method: str, path: str) -> None:
    headers = {"Origin": "http://localhost:3000", "Host": f"127.0.0.1:{running.port}"}
    answer = running.http(method, path, "{}", headers)

    assert not is_refused(answer)
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    running.http("PATCH", DOCUMENT, "{}", OWNER)


def test_refusal_names_the_caller_and_the_option_and_the_log_says_it_once(running: Emulator) -> None:
    for _ in range(3):
        answer = running.http("POST", "/reset", headers={"Origin": "https://named.example:8443"})

    error = json.loads(answer.body)["error"]
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"] == (
        "Refused: the request is of the web page https://named.example:8443, which is not this machine."
        " If it is yours, start with --allow_hosts named.example (or KINDLING_ALLOW_HOSTS=named.example)."
    )
    assert running.log.count("https://named.example:8443") == 1


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.mark.parametrize("path", ["/requests", "/requests?x=1"])
@pytest.mark.parametrize("caller", [EVIL, {"Origin": "null"}, REBOUND], ids=["origin", "null", "rebound"])
def test_request_monitor_is_closed_to_foreign_pages(
    running: Emulator, monitor: Emulator, path: str, caller: dict[str, str]
) -> None:
    assert is_refused(monitor.http("GET", path, headers=HANDSHAKE | caller))
    page = {"Origin": "http://127.0.0.1:4000"}
    assert monitor.http("GET", path, headers=HANDSHAKE | page).status == 101


def send(emulator: Emulator, head: str) -> bytes:
    """The answer to a request sent as it stands."""
    with socket.create_connection(("127.0.0.1", emulator.port), DEADLINE) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        answer = b""
        while data := connection.recv(65_536):
            answer += data
        return answer


def test_program_without_a_host_is_no_page(running: Emulator) -> None:
    assert send(running, "GET / HTTP/1.0\n\n").startswith(b"HTTP/1.1 200")
    assert send(running, "GET / HTTP/1.1\nHost:\nConnection: close\n\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET http://evil.example/ HTTP/1.1\nHost: localhost\nConnection: close\n\n", b"403"),
        ("GET http://127.0.0.1:8080/ HTTP/1.1\nHost: localhost\nConnection: close\n\n", b"200"),
        ("GET / HTTP/1.1\nHost: localhost\nHost: evil.example\nConnection: close\n\n", b"403"),
        (
            "GET / HTTP/1.1\nHost: localhost\nOrigin: http://localhost\nOrigin: http://evil.example\n\n",
            b"403",
        ),
        ("POST /reset HTTP/1.1\nHost: evil.example\nContent-Length: 1000000\n\n", b"403"),
        ("POST /reset HTTP/1.1\nHost: evil.example\nTransfer-Encoding: chunked\n\n", b"403"),
    ],
)
def test_every_form_of_naming_a_host_counts(running: Emulator, head: str, status: bytes) -> None:
    assert send(running, head).split(b" ")[1] == status
    assert is_kept(running)


def test_grpc_knows_no_pages_and_any_name_will_do(running: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in another container finds the emulator by the name of its service."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", running.host)
    options = [("grpc.default_authority", f"firestore-emulator:{running.port}")]
    with grpc.insecure_channel(running.host, options) as channel:
        client = Client(project="p", credentials=AnonymousCredentials())
        client._firestore_api_internal = type(client._firestore_api)(
            transport=FirestoreGrpcTransport(channel=channel)
        )
        assert client.document("kept/here").get().exists


def test_preflight_of_a_foreign_page_gets_no_leave_to_the_private_network(running: Emulator) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    assert is_refused(running.http("OPTIONS", "/reset", headers=EVIL | asked))
    leave = running.http("OPTIONS", "/reset", headers={"Origin": "http://localhost:5173"} | asked)
    assert leave.headers["access-control-allow-private-network"] == "true"


def test_named_hosts_are_answered_and_others_are_not() -> None:
    with running_emulator("--allow_hosts", "emulator, *.app.example", "--allow_hosts=null") as emulator:
        for origin in ("http://emulator:3000", "https://a.b.app.example", "null", "http://localhost"):
            answer = emulator.http("GET", "/", headers={"Origin": origin, "Host": "emulator:8080"})
            assert answer.headers["access-control-allow-origin"] == origin
        for origin in ("https://app.example", "https://evilapp.example", "https://emulator.evil.example"):
            assert is_refused(emulator.http("GET", "/", headers={"Origin": origin})), origin


def test_names_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINDLING_ALLOW_HOSTS", "https://phone.example:5000/,192.168.7.9:8080")
    with running_emulator() as emulator:
        headers = {"Origin": "https://phone.example:5173", "Host": "192.168.7.9"}
        assert emulator.http("GET", "/", headers=headers).status == 200
        assert is_refused(emulator.http("GET", "/", headers=EVIL))


def test_address_that_was_opened_is_its_own_name() -> None:
    """127.0.0.1 is the one address every machine has, so this only shows that names stay to be listed."""
    with running_emulator("--host", "0.0.0.0") as emulator:
        assert emulator.http("GET", "/", headers={"Host": "0.0.0.0:8080"}).status == 200
        for host in ("emulator:8080", "10.255.255.254:8080", "evil.example"):
            assert is_refused(emulator.http("GET", "/", headers={"Host": host})), host


def headers(**named: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in named.items()]


@pytest.mark.parametrize("name", THIS_MACHINE)
def test_loopback_is_known_in_every_spelling(name: str) -> None:
    allowed = AllowedHosts()
    assert allowed.refusal(headers(host=name), "127.0.0.1") is None
    for scheme in ("http", "https", "capacitor", "chrome-extension"):
        assert allowed.refusal(headers(host="localhost", origin=f"{scheme}://{name}"), "127.0.0.1") is None


@pytest.mark.parametrize("name", ELSEWHERE)
def test_everything_else_is_not_of_this_machine(name: str) -> None:
    allowed = AllowedHosts()
    assert allowed.refusal(headers(host=name), "127.0.0.1")
    assert allowed.refusal(headers(host="localhost", origin=f"http://{name}"), "127.0.0.1")
    assert allowed.refusal(headers(host="localhost", origin=name), "127.0.0.1")


@pytest.mark.parametrize("name", ["evil.example", "10.0.0.1", "null", "a b"])
def test_a_star_allows_everything(name: str) -> None:
    allowed = AllowedHosts.of(["*"])
    assert allowed.refusal(headers(host=name, origin=name, sec_fetch_site="cross-site"), None) is None


def test_address_of_the_connection_is_allowed_for_whoever_opened_it() -> None:
    asked = headers(host="192.168.1.5:8080", origin="http://192.168.1.5:5173")
    assert AllowedHosts().refusal(asked, "192.168.1.5") is None
    assert AllowedHosts().refusal(asked, "::ffff:192.168.1.5") is None
    assert AllowedHosts().refusal(asked, "127.0.0.1")


@pytest.mark.parametrize(
    ("site", "refused"), [("same-origin", False), ("same-site", False), ("cross-site", True), (None, True)]
)
def test_hidden_origin_is_let_in_where_the_browser_vouches_for_it(site: str | None, refused: bool) -> None:
    asked = headers(host="localhost", origin="null") + (headers(sec_fetch_site=site) if site else [])
    assert bool(AllowedHosts().refusal(asked, None, "POST")) is refused


@pytest.mark.parametrize(
    ("mode", "dest", "method", "refused"),
    [
        ("navigate", "document", "GET", False),
        ("navigate", "iframe", "GET", True),
        ("navigate", "document", "POST", True),
        ("no-cors", "image", "GET", True),
        ("no-cors", "script", "GET", True),
    ],
)
def test_foreign_page_may_lead_here_by_a_link_and_not_embed(
    mode: str, dest: str, method: str, refused: bool
) -> None:
    asked = headers(host="localhost", sec_fetch_site="cross-site", sec_fetch_mode=mode, sec_fetch_dest=dest)
    assert bool(AllowedHosts().refusal(asked, None, method)) is refused
    assert AllowedHosts().refusal(headers(host="localhost", sec_fetch_site="none"), None, method) is None
