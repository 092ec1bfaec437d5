"""HTTP/2 as no client speaks it, to the shared port: others are served meanwhile, and nothing is left."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator.process import DEADLINE, Emulator

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PUSH, PING, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4

#: What one attack may cost for good. Allocators keep what they had for a while, so it is generous.
MEMORY = 96 * 1024 * 1024


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """RFC 9113, 4.1."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def text(value: bytes) -> bytes:
    """A string literal without Huffman coding (RFC 7541, 5.2)."""
    if len(value) < 127:
        return bytes((len(value),)) + value
    rest, encoded = len(value) - 127, bytearray(b"\x7f")
    while rest >= 128:
        encoded.append(rest % 128 + 128)
        rest //= 128
    return bytes(encoded) + bytes((rest,)) + value


def header(name: bytes, value: bytes, *, indexed: bool = False) -> bytes:
    """A literal header field (RFC 7541, 6.2), put into the dynamic table when `indexed`."""
    return (b"\x40" if indexed else b"\0") + text(name) + text(value)


CALL = b"".join(
    header(name, value)
    for name, value in (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/google.firestore.v1.Firestore/Commit"),
        (b":authority", b"x"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    )
)
BOMB = header(b"x-bomb", b"y" * 3_900, indexed=True) + b"\xbe" * 12_000  # 0xbe: the newest entry, again
BEGIN = PREFACE + frame(SETTINGS, 0, 0)


def streams(number: int, of_each: Callable[[int], bytes]) -> bytes:
    return b"".join(of_each(stream) for stream in range(1, 2 * number, 2))


ATTACKS = {
    "streams reset as soon as they begin": BEGIN
    + streams(10_000, lambda n: frame(HEADERS, END_HEADERS, n, CALL) + frame(RESET, 0, n, b"\0\0\0\x08")),
    "streams that never end": BEGIN + streams(10_000, lambda n: frame(HEADERS, END_HEADERS, n, CALL)),
    "compressed headers of 47 megabytes": BEGIN + frame(HEADERS, END_HEADERS, 1, CALL + BOMB),
    "compressed headers on many streams": BEGIN
    + streams(30, lambda n: frame(HEADERS, END_HEADERS, n, CALL + BOMB)),
    "headers that go on for ever": BEGIN
    + frame(HEADERS, 0, 1, CALL)
    + frame(CONTINUATION, 0, 1, header(b"a", b"b" * 8_000)) * 1_000,
    "headers interrupted by another frame": BEGIN
    + frame(HEADERS, 0, 1, CALL)
    + frame(PING, 0, 0, b"8 octets"),
    "many settings": PREFACE + frame(SETTINGS, 0, 0) * 200_000,
    "many pings, their answers unread": BEGIN + frame(PING, 0, 0, b"12345678") * 200_000,
    "settings larger than a frame may be": PREFACE + frame(SETTINGS, 0, 0, b"\0\3\0\0\0\1" * 200_000),
    "half a setting": PREFACE + frame(SETTINGS, 0, 0, b"\0\3\0"),
    "a window beyond 2^31": PREFACE + frame(SETTINGS, 0, 0, b"\0\4\xff\xff\xff\xff"),
    "noise after the preface": PREFACE + bytes(range(256)) * 400,
    "data of no stream": BEGIN + frame(DATA, 0, 0, b"x"),
    "a stream of the server's": BEGIN + frame(HEADERS, END_HEADERS, 2, CALL),
    "a promise by the client": BEGIN + frame(PUSH, END_HEADERS, 1, b"\0\0\0\2" + CALL),
    "a window that overflows": BEGIN
    + frame(HEADERS, END_HEADERS, 1, CALL)
    + frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff") * 4,
    "a window that grows by nothing": BEGIN + frame(WINDOW, 0, 0, b"\0\0\0\0"),
    "data beyond every window": BEGIN
    + frame(HEADERS, END_HEADERS, 1, CALL)
    + frame(DATA, 0, 1, b"\0" * 16_384) * 1_000,
    "a message of four gigabytes, it says": BEGIN
    + frame(HEADERS, END_HEADERS, 1, CALL)
    + frame(DATA, END_STREAM, 1, b"\0\xff\xff\xff\xffabc"),
    "a message compressed in no known way": BEGIN
    + frame(HEADERS, END_HEADERS, 1, CALL)
    + frame(DATA, END_STREAM, 1, b"\7\0\0\0\1a"),
    "half a message": BEGIN
    + frame(HEADERS, END_HEADERS, 1, CALL)
    + frame(DATA, END_STREAM, 1, b"\0\0\0\0\x09abc"),
    "no method, no path": BEGIN + frame(HEADERS, END_HEADERS | END_STREAM, 1, header(b"a", b"b")),
}


def open_files(emulator: Emulator) -> int:
    return len(list(Path(f"/proc/{emulator.process.pid}/fd").iterdir()))


def resident(emulator: Emulator) -> int:
    pages = int(Path(f"/proc/{emulator.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def send(connection: socket.socket, data: bytes) -> None:
    """Send what the server takes; it may have had enough."""
    connection.setblocking(False)
    view, deadline = memoryview(data), time.monotonic() + DEADLINE
    idle = 0
    while view and time.monotonic() < deadline and idle < 200:
        try:
            view = view[connection.send(view[:65_536]) :]
            idle = 0
        except BlockingIOError:
            idle += 1
            time.sleep(0.001)
        except ConnectionError:
            return


@pytest.fixture
def nothing_is_left(emulator: Emulator) -> Iterator[None]:
    """Afterwards the emulator has no more files open than before, and about the memory it had."""
    assert emulator.http("GET", "/").status == 200
    files, memory, logged = open_files(emulator), resident(emulator), len(emulator.log)
    yield
    deadline = time.monotonic() + DEADLINE
    while (left := open_files(emulator)) > files and time.monotonic() < deadline:
        assert emulator.http("GET", "/").status == 200
    assert left <= files
    assert resident(emulator) - memory < MEMORY
    assert "Traceback" not in emulator.log[logged:]


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_others_are_served_while_one_speaks_nonsense(emulator: Emulator, database: str, data: bytes) -> None:
    address = f"/v1/{database}/documents/c/d"
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=DEADLINE) as connection:
        send(connection, data)
        assert emulator.http("PATCH", address, "{}", {"Authorization": "Bearer owner"}).status == 200
        assert emulator.http("GET", address, headers={"Authorization": "Bearer owner"}).status == 200
    assert emulator.process.poll() is None
