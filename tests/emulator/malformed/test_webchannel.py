"""Queries and forms of WebChannel as no client sends them: refused, and no session, task or listener is left.

Everything happens in one process without sockets, in an order drawn at random but always the same.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from emulator.firestore.engine import Engine
from emulator.servers.server import now
from emulator.servers.webchannel import LISTEN_PATH, WRITE_PATH, Timing, WebChannel
from emulator.wire.webchannel import MAX_AHEAD, MAX_MESSAGES
from tests.emulator.webchannel.client import DATABASE, add_document, add_query, read_frames

REQUESTS = 600
DEADLINE = 30
NUMBERS = [
    "0",
    "1",
    "2",
    "7",
    "-1",
    "",
    "x",
    "1e3",
    " 1",
    "٣",
    "9" * 15,
    "9" * 16,
    "9" * 400,
    "0x1",
    "1;2",
    "%",
]
MESSAGES = [
    json.dumps(add_query("c")),
    json.dumps(add_document("c/d", target_id=3)),
    json.dumps({"database": DATABASE}),
    json.dumps({"database": DATABASE, "removeTarget": 2}),
    json.dumps({"streamToken": "MA==", "writes": [{"delete": f"{DATABASE}/documents/c/d"}]}),
    *(
        "",
        "{",
        "null",
        "[]",
        '""',
        '{"database":7}',
        '{"addTarget":[]}',
        "\0",
        "\ud7ff",
        "[" * 5_000,
        '{"a":' * 5_000,
    ),
]


async def ask(
    app: WebChannel, method: str, path: str, query: dict[str, str], body: bytes
) -> tuple[int, bytes]:
    """One request of a client that is gone as soon as it has sent it; status and body."""
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])
    status, parts = 0, []

    async def receive() -> dict[str, Any]:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": urlencode(query).encode(),
        "headers": [],
    }
    async with asyncio.timeout(DEADLINE):
        await app(scope, receive, send)
    return status, b"".join(parts)


def some(source: random.Random, choices: dict[str, list[str]], likely: float) -> dict[str, str]:
    return {name: source.choice(values) for name, values in choices.items() if source.random() < likely}


def random_query(source: random.Random, sids: list[str]) -> dict[str, str]:
    """Mostly one that is understood, since what is not is refused at once."""
    query = {"VER": "8", "RID": "1", "SID": source.choice([*sids, *sids, "", "nobody"])}
    if source.random() < 0.3:
        query["TYPE"] = source.choice(["xmlhttp", "terminate", "html", ""])
    wild = {
        "AID": NUMBERS,
        "RID": [*NUMBERS, "rpc"],
        "CI": NUMBERS,
        "TO": NUMBERS,
        "VER": ["8", "9", "", "8"],
    }
    return query | some(source, wild, 0.2)


def random_form(source: random.Random) -> bytes:
    messages = source.choices(MESSAGES, k=source.choice([0, 1, 1, 2, 5]))
    form = {"count": str(len(messages)), "ofs": str(source.randrange(6))}
    places = list(range(len(messages)))
    if source.random() < 0.2:
        places = [source.choice([0, 1, 5, MAX_AHEAD, 10**8]) for _ in messages]
    form |= {f"req{place}___data__": text for place, text in zip(places, messages, strict=True)}
    form |= some(
        source,
        {"count": NUMBERS, "ofs": NUMBERS, "req-1___data__": ["x"], "headers": ["x", ":", "\r\n"]},
        0.15,
    )
    encoded = urlencode(form).encode("utf-8", "surrogatepass")
    if source.random() < 0.2:
        at = source.randrange(len(encoded))
        encoded = (
            encoded[:at] + source.choice([b"%", b"%zz", b"\xff", b"\\x41", b"&", b"=", b"\0"]) + encoded[at:]
        )
    return encoded


@pytest.fixture
def engine() -> Engine:
    return Engine(clock=now, random=random.Random(1))


@pytest.mark.parametrize("path", [LISTEN_PATH, WRITE_PATH], ids=["Listen", "Write"])
async def test_requests_without_sense_are_refused_and_leave_nothing(engine: Engine, path: str) -> None:
    source, sids, statuses = random.Random(path), [""], set[int]()
    app = WebChannel(engine, timing=Timing(keep_alive=0.001, back_channel=0.001, abandoned=60))
    for _ in range(REQUESTS):
        method = source.choice(["POST", "POST", "POST", "GET", "PUT"])
        body = random_form(source) if method == "POST" else b""
        status, answer = await ask(app, method, path, random_query(source, sids[-3:]), body)
        statuses.add(status)
        if status == 200 and b'"c",' in answer[:20]:
            sids.append(read_frames(answer)[0][0][1][1])

    assert statuses == {200, 400, 404}
    assert len(sids) > 10
    await still_serves(app, path)
    app.close()
    assert len(app) == 0
    await only_this_task_is_left()
    assert not engine._sessions


async def still_serves(app: WebChannel, path: str) -> None:
    """A client that knows the protocol gets its answer."""
    form = urlencode(
        {
            "count": 1,
            "ofs": 0,
            "req0___data__": json.dumps({"database": DATABASE} if path == WRITE_PATH else add_query("c")),
        }
    )
    status, answer = await ask(app, "POST", path, {"VER": "8", "RID": "1"}, form.encode())
    assert status == 200
    sid = read_frames(answer)[0][0][1][1]
    seen = ""
    async with asyncio.timeout(DEADLINE):
        while "streamToken" not in seen and "CURRENT" not in seen:
            _, data = await ask(
                app, "GET", path, {"VER": "8", "RID": "rpc", "SID": sid, "AID": "0", "CI": "1"}, b""
            )
            seen += data.decode()


async def only_this_task_is_left() -> None:
    async with asyncio.timeout(DEADLINE):
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - a task that ends wakes nobody
            await asyncio.sleep(0)


@pytest.mark.parametrize("fields", [2 * MAX_MESSAGES + 10, 200_000])
async def test_form_with_too_many_fields_is_refused_before_it_is_read(engine: Engine, fields: int) -> None:
    app = WebChannel(engine)
    status, answer = await ask(app, "POST", LISTEN_PATH, {"VER": "8"}, b"&".join([b"a=b"] * fields))

    assert (status, answer) == (400, b"Bad request: too many fields\n")
    assert len(app) == 0
