"""Bytes that no client sends, to the shared port: refused or dropped, while others go on being served."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.emulator.process import DEADLINE, Emulator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"
BODY_LIMIT = 16 * 1024 * 1024


@pytest.fixture
def connection(emulator: Emulator) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=DEADLINE) as opened:
        yield opened


@pytest.fixture(autouse=True)
def others_are_served(emulator: Emulator) -> Iterator[None]:
    """Whatever a test sends, the next request of somebody else is answered."""
    yield
    assert emulator.http("GET", "/").body == "Ok\n"
    assert emulator.process.poll() is None


def read_to_end(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_the_two_protocols_are_told_apart_byte_by_byte(connection: socket.socket) -> None:
    for byte in PREFACE + SETTINGS:
        connection.sendall(bytes([byte]))

    assert connection.recv(9)[3] == 4  # the type of the first frame: SETTINGS


@pytest.mark.parametrize("first", [b"P", b"PR", b"PO", b"G"])
def test_http_requests_are_told_apart_byte_by_byte(connection: socket.socket, first: bytes) -> None:
    request = {b"P": b"POST /reset2", b"PR": b"PROPFIND /", b"PO": b"POST /no", b"G": b"GET /no"}[first]
    for byte in request + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
        connection.sendall(bytes([byte]))

    assert read_to_end(connection).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"\x00\x01\x02\x03\r\n\r\n", id="binary"),
        pytest.param(b"GET\r\n\r\n", id="half a request line"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="unknown version"),
        pytest.param(b"GET / HTTP/1.1\r\nbad header\r\n\r\n", id="header without colon"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", id="length that is no number"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="chunk without size"),
    ],
)
def test_bad_http_is_refused_and_closed(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)

    answer = read_to_end(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"PRI * HTTP/3.0\r\n\r\nXX\r\n\r\n", id="wrong preface"),
        pytest.param(PREFACE + SETTINGS + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", id="oversized frame"),
        pytest.param(PREFACE + SETTINGS + b"\0\0\4\0\0\0\0\0\1abcd", id="data on an idle stream"),
        pytest.param(PREFACE + SETTINGS + b"\0\0\3\1\4\0\0\0\1\xff\xff\xff", id="bad header compression"),
    ],
)
def test_bad_http2_is_answered_and_closed(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)

    read_to_end(connection)


@pytest.mark.parametrize("data", [b"", b"P", b"PRI", PREFACE, PREFACE + SETTINGS + b"\0\0", b"POST /v1 HT"])
def test_a_connection_that_ends_early_leaves_nothing(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_frequent_pings_are_answered_and_never_held_against_a_client(connection: socket.socket) -> None:
    ping = b"\0\0\x08\x06\0\0\0\0\0"
    connection.sendall(PREFACE + SETTINGS)
    seen = b""
    for number in range(50):
        payload = struct.pack(">Q", number)
        connection.sendall(ping + payload)
        while b"\x06\x01\0\0\0\0" + payload not in seen:
            part = connection.recv(65536)
            assert part, "the connection was closed"
            seen += part

    assert b"\x07\0\0\0\0\0" not in seen  # the header of GOAWAY


def test_a_body_above_16_mebibytes_is_too_large(emulator: Emulator, connection: socket.socket) -> None:
    path = "/v1/projects/p/databases/(default)/documents:commit"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n"
    connection.sendall(head.encode())

    answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_chunked_body_above_16_mebibytes_is_too_large(connection: socket.socket) -> None:
    path = "/v1/projects/p/databases/(default)/documents:commit"
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    try:
        for _ in range(17):
            connection.sendall(chunk)
    except ConnectionError:
        pass

    assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_16_mebibytes_is_read(emulator: Emulator, database: str) -> None:
    body = "{}".ljust(BODY_LIMIT)

    assert emulator.http("POST", f"/v1/{database}/documents:commit", body).status == 200


def test_requests_on_one_connection_are_answered_in_order(connection: socket.socket) -> None:
    connection.sendall(
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        b"GET /no HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )

    answers = read_to_end(connection)
    assert answers.index(b"200 OK") < answers.index(b"404 Not Found")
