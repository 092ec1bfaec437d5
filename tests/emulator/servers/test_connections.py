"""Clients that connect in crowds, break off or stall."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import struct
import tempfile
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.types import firestore as messages

from emulator.servers.http_app import HttpApp
from emulator.servers.http_connection import HttpConnections
from tests.emulator.process import DEADLINE, Emulator, running_emulator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ADMIN = (("authorization", "Bearer owner"),)
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)


def _sent_again(connection: socket.socket) -> int:
    """How many packets the client had to repeat (`tcpi_total_retrans` of Linux' tcp_info)."""
    (count,) = struct.unpack_from("I", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)
    return int(count)


def _reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _open_files(emulator: Emulator) -> int:
    return len(list(Path(f"/proc/{emulator.process.pid}/fd").iterdir()))


def test_a_crowd_of_connections_finds_room_while_nobody_accepts() -> None:
    with running_emulator() as emulator, ExitStack() as open_connections:
        emulator.process.send_signal(signal.SIGSTOP)
        try:
            crowd = [open_connections.enter_context(_connect(emulator.port)) for _ in range(500)]
            for connection in crowd:
                connection.sendall(GET)
            # A full backlog lets the first packets fall, and the client sends them again a second later.
            assert [_sent_again(connection) for connection in crowd] == [0] * len(crowd)
            last = open_connections.enter_context(_connect(emulator.port))
            last.sendall(GET)
        finally:
            emulator.process.send_signal(signal.SIGCONT)
        assert last.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
@pytest.mark.parametrize(
    ("data", "answered"),
    [
        (b"", False),
        (b"PR", False),
        (PREFACE, False),
        (PREFACE, True),
        (GET[:9], False),
        (GET, False),
        (GET, True),
    ],
    ids=["nothing", "half a preface", "gRPC", "gRPC answered", "half a request", "request", "answered"],
)
def test_connections_that_break_off_leave_no_file_open(
    emulator: Emulator, data: bytes, answered: bool
) -> None:
    assert emulator.http("GET", "/").status == 200
    before = _open_files(emulator)

    for _ in range(50):
        connection = _connect(emulator.port)
        connection.sendall(data)
        if answered:
            assert connection.recv(1)
        _reset(connection)

    deadline = time.monotonic() + DEADLINE
    while (left := _open_files(emulator)) > before and time.monotonic() < deadline:
        assert emulator.http("GET", "/").status == 200
    assert left <= before
    assert "Traceback" not in emulator.log


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
@pytest.mark.parametrize("data", [GET[:9], PREFACE], ids=["HTTP", "gRPC"])
def test_more_connections_than_files_are_said_and_end_nothing(data: bytes) -> None:
    with running_emulator() as emulator, ExitStack() as open_connections:
        held = open_connections.enter_context(_connect(emulator.port))
        assert _is_served(held)
        most = _open_files(emulator) + 20
        resource.prlimit(emulator.process.pid, resource.RLIMIT_NOFILE, (most, most))

        with ExitStack() as crowd:
            for _ in range(100):
                with suppress(ConnectionError):
                    crowd.enter_context(_connect(emulator.port)).sendall(data)
            _wait_until(lambda: "as the system allows" in emulator.log)
            assert _is_served(held)
        _wait_until(lambda: _answers(emulator))

        assert emulator.process.poll() is None
        assert "Traceback" not in emulator.log


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_served(connection: socket.socket) -> bool:
    connection.sendall(GET)
    answer = b""
    while not answer.endswith(b"Ok\n") and (more := connection.recv(4096)):
        answer += more
    return answer.startswith(b"HTTP/1.1 200")


def _answers(emulator: Emulator) -> bool:
    """Whether a gRPC call and an HTTP request on new connections are served."""
    try:
        with _connect(emulator.port) as connection:
            connection.sendall(PREFACE + b"\0\0\0\4\0\0\0\0\0")
            settings = connection.recv(1)
        return bool(settings) and emulator.http("GET", "/").status == 200
    except OSError:
        return False


def test_what_killed_emulators_leave_is_removed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing of those that run, or are about to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary, ExitStack() as running:
        monkeypatch.setenv("TMPDIR", temporary)  # a short one: the path of a socket has a hundred characters
        killed = running.enter_context(running_emulator())
        [left] = Path(temporary).glob("kindling-*")
        killed.process.kill()
        killed.process.wait(DEADLINE)
        running.enter_context(running_emulator())
        [served] = set(Path(temporary).glob("kindling-*")) - {left}
        for settled in (left, served):
            os.utime(settled, (0, 0))

        new = running.enter_context(running_emulator())
        _wait_until(lambda: not left.exists())

        assert served.exists()
        assert new.http("GET", "/").status == 200


async def test_a_reset_connection_is_not_kept_in_memory() -> None:
    connections = HttpConnections(HttpApp([]))
    made: list[weakref.ref[asyncio.Protocol]] = []

    def make() -> asyncio.Protocol:
        protocol = connections.make_protocol()
        made.append(weakref.ref(protocol))
        return protocol

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(GET)
    assert await reader.read(8) == b"HTTP/1.1"
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    async with asyncio.timeout(DEADLINE):
        while made[0]() is not None:
            await asyncio.sleep(0)
            gc.collect()
    server.close()


def test_a_client_that_stops_reading_holds_up_nobody_else(
    emulator: Emulator, client: firestore.Client, database: str
) -> None:
    batch = client.batch()
    for number in range(40):
        batch.set(client.document(f"large/{number}"), {"text": "x" * 200_000})
    batch.commit()
    request = messages.RunQueryRequest(
        parent=f"{database}/documents", structured_query={"from_": [{"collection_id": "large"}]}
    )
    with ThreadPoolExecutor() as threads, ExitStack() as stalled:
        for _ in range(4):
            channel = stalled.enter_context(grpc.insecure_channel(emulator.host))
            query = channel.unary_stream("/google.firestore.v1.Firestore/RunQuery")
            stalled.callback(query(messages.RunQueryRequest.serialize(request), metadata=ADMIN).cancel)

        others = [threads.submit(client.document("small/one").set, {"n": n}) for n in range(20)]
        for other in others:
            other.result(DEADLINE)

    assert client.document("small/one").get().exists
