"""What WebChannel does as time passes, with seconds turned into milliseconds."""

import asyncio
import json
import random
from urllib.parse import urlencode

import pytest

from emulator.firestore.callers import ADMIN
from emulator.firestore.documents import Write, WriteKind
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.servers.server import now
from emulator.servers.webchannel import (
    LISTEN_PATH,
    MAX_OUTSTANDING,
    MAX_RESPONSE,
    MAX_SESSIONS,
    WRITE_PATH,
    Timing,
    WebChannel,
)
from tests.emulator.webchannel.client import DATABASE, add_query, is_boundary, read_frames

NEVER = 60.0
DEADLINE = 5
HERE = DatabaseId("demo-raw")


class Exchange:
    """One HTTP request to the application, its answer and its end."""

    def __init__(self, app, method, path, query, body=b"", headers=()):
        self._sent = asyncio.Queue()
        self._received = asyncio.Queue()
        self._received.put_nowait({"type": "http.request", "body": body, "more_body": False})
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": headers,
        }
        self.task = asyncio.create_task(app(scope, self._received.get, self._send))
        self.chunks = []

    async def _send(self, message):
        await self._sent.put(message)

    async def status(self):
        return (await asyncio.wait_for(self._sent.get(), DEADLINE))["status"]

    async def chunk(self):
        """The next piece of the body; None when the answer has ended."""
        message = await asyncio.wait_for(self._sent.get(), DEADLINE)
        return message["body"] if message.get("more_body") else None

    async def arrays(self):
        """The contents of the next frame; None when the answer has ended."""
        data = await self.chunk()
        return None if data is None else [content for frame in read_frames(data) for _, content in frame]

    async def rest(self):
        seen = []
        while (arrays := await self.arrays()) is not None:
            seen += arrays
        return seen

    async def body(self):
        """The whole of a short answer."""
        return (await asyncio.wait_for(self._sent.get(), DEADLINE))["body"]

    async def vanish(self):
        self._received.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(self.task, DEADLINE)


class Client:
    def __init__(self, app, path):
        self.app, self.path, self.sid = app, path, ""

    async def open(self, *messages):
        exchange = Exchange(self.app, "POST", self.path, {"VER": 8, "RID": 1}, form(messages))
        assert await exchange.status() == 200
        self.sid = read_frames(await exchange.body())[0][0][1][1]
        return self

    def send(self, *messages, offset=1, acknowledged=0):
        query = {"VER": 8, "SID": self.sid, "RID": 2, "AID": acknowledged}
        return Exchange(self.app, "POST", self.path, query, form(messages, offset))

    def listen(self, *, acknowledged=0, streaming=True, headers=()):
        query = {"VER": 8, "SID": self.sid, "RID": "rpc", "AID": acknowledged, "CI": int(not streaming)}
        return Exchange(self.app, "GET", self.path, query, headers=headers)


def form(messages, offset=0):
    numbered = {f"req{index}___data__": json.dumps(message) for index, message in enumerate(messages)}
    headers = {"headers": "Authorization:Bearer owner"}
    return urlencode(headers | {"count": len(messages), "ofs": offset} | numbered).encode()


@pytest.fixture
def engine():
    return Engine(clock=now, random=random.Random(1))


@pytest.fixture
def start(engine):
    """Makes the application; sessions end with the test."""
    apps = []

    def make(most=MAX_SESSIONS, **timing):
        patient = {"keep_alive": NEVER, "back_channel": NEVER, "abandoned": NEVER}
        apps.append(WebChannel(engine, timing=Timing(**(patient | timing)), most=most))
        return apps[-1]

    yield make
    for app in apps:
        app.close()


async def wait_until(condition):
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - dropping a session wakes nobody
            await asyncio.sleep(0)


async def commit(engine, *writes):
    await engine.commit(
        HERE,
        [Write(WriteKind.UPDATE, DocumentPath(HERE, ("c", name)), fields) for name, fields in writes],
        ADMIN,
    )


async def past_first_snapshot(back):
    assert await back.status() == 200
    seen = []
    while not any(map(is_boundary, seen)):
        seen += await back.arrays()
    return len(seen)


async def test_silent_back_channel_gets_noops(start):
    client = await Client(start(keep_alive=0.02), LISTEN_PATH).open()
    back = client.listen()
    assert await back.status() == 200
    assert [await back.arrays() for _ in range(3)] == [[["noop"]]] * 3


async def test_silent_long_poll_ends_with_a_noop(start):
    client = await Client(start(keep_alive=0.02), LISTEN_PATH).open()
    poll = client.listen(streaming=False)
    assert await poll.status() == 200
    assert await poll.rest() == [["noop"]]


async def test_streaming_back_channel_ends_after_its_time_and_never_empty(start):
    """The client takes an empty answer for a failure."""
    client = await Client(start(back_channel=0.05), LISTEN_PATH).open()
    back = client.listen()
    assert await back.status() == 200
    assert await back.rest() == [["noop"]]


async def test_next_back_channel_goes_on_where_the_last_ended(start, engine):
    client = await Client(start(back_channel=0.2), LISTEN_PATH).open(add_query("c"))
    first = client.listen()
    seen = await past_first_snapshot(first)
    seen += len(await first.rest())
    await commit(engine, ("between", {"n": 1}))
    second = client.listen(acknowledged=seen)
    assert await second.status() == 200
    assert (await second.arrays())[0][0]["documentChange"]["document"]["name"].endswith("/c/between")


def browser(origin="http://127.0.0.1:5000", agent="Mozilla/5.0 (X11)"):
    return [(b"user-agent", agent.encode()), (b"origin", origin.encode()), (b"host", b"127.0.0.1:8080")]


async def past_noop(back):
    assert await back.status() == 200
    assert await back.arrays() == [["noop"]]


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming", "long polling"])
async def test_back_channels_of_a_browser_that_take_all_its_connections_end_in_turns(start, streaming):
    """Six is what a browser opens; what its pages send beyond them waits until one ends."""
    app = start(turn=0.01)
    clients = [await Client(app, LISTEN_PATH).open() for _ in range(7)]
    backs = [client.listen(streaming=streaming, headers=browser()) for client in clients[:6]]
    for back in backs:
        assert await back.status() == 200

    assert await backs[0].rest() == [["noop"]]
    backs.append(clients[6].listen(streaming=streaming, headers=browser()))
    assert await backs[1].rest() == [["noop"]]

    assert await backs[6].status() == 200
    assert [back.task.done() for back in backs[2:]] == [False] * 5


async def test_listener_that_gave_way_goes_on_where_it_was(start, engine):
    app = start(turn=0.01)
    client = await Client(app, LISTEN_PATH).open(add_query("c"))
    first = client.listen(headers=browser())
    seen = await past_first_snapshot(first)
    others = [await Client(app, WRITE_PATH).open({"database": DATABASE}) for _ in range(5)]
    backs = [other.listen(headers=browser()) for other in others]

    seen += len(await first.rest())
    await commit(engine, ("between", {"n": 1}))
    second = client.listen(acknowledged=seen, headers=browser())

    assert await second.status() == 200
    assert (await second.arrays())[0][0]["documentChange"]["document"]["name"].endswith("/c/between")
    assert len(backs) == 5


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([browser()] * 5, id="a connection is free"),
        pytest.param([browser()] * 4 + [browser("http://localhost:3000")] * 4, id="two origins"),
        pytest.param([browser()] * 4 + [browser(agent="Mozilla/5.0 (Mac)")] * 4, id="two browsers"),
        pytest.param([browser(agent="node")] * 20, id="no browser"),
        pytest.param([()] * 20, id="who does not say"),
    ],
)
async def test_back_channels_stay_while_connections_are_free(start, headers):
    """The twin of giving way, with no time to wait for at all."""
    app = start(turn=0, keep_alive=0.05)
    backs = [(await Client(app, LISTEN_PATH).open()).listen(headers=those) for those in headers]
    for back in backs:
        await past_noop(back)
        assert await back.arrays() == [["noop"]]
    assert not any(back.task.done() for back in backs)


async def test_session_whose_client_vanished_is_dropped(start, engine):
    app = start(abandoned=0.05)
    client = await Client(app, LISTEN_PATH).open(add_query("c"))
    back = client.listen()
    await past_first_snapshot(back)
    await back.vanish()
    assert len(app) == 1
    await wait_until(lambda: len(app) == 0)
    assert await client.listen().status() == 400
    await commit(engine, ("later", {}))  # nobody is left to hear of it


@pytest.mark.parametrize("path", [LISTEN_PATH, WRITE_PATH])
async def test_dropped_sessions_leave_no_task_and_no_listener(start, engine, path):
    app = start(abandoned=0.01)
    before = asyncio.all_tasks()
    message = add_query("c") if path == LISTEN_PATH else {"database": DATABASE}
    for _ in range(20):
        await Client(app, path).open(message)
    await wait_until(lambda: len(app) == 0 and asyncio.all_tasks() <= before)
    assert not engine._sessions


async def test_session_too_many_is_refused_while_every_client_is_there(start, engine):
    app = start(most=2)
    clients = [await Client(app, LISTEN_PATH).open(add_query("c")) for _ in range(2)]
    backs = [client.listen() for client in clients]
    for back in backs:
        await past_first_snapshot(back)

    refused = Exchange(app, "POST", LISTEN_PATH, {"VER": 8, "RID": 1}, form([add_query("c")]))
    assert await refused.status() == 429
    assert b"Too many WebChannel sessions" in await refused.body()
    await backs[0].vanish()
    await Client(app, LISTEN_PATH).open(add_query("c"))

    assert len(app) == len(engine._sessions) == 2
    await commit(engine, ("x", {}))
    assert (await backs[1].arrays())[0][0]["documentChange"]["document"]["name"].endswith("/c/x")


async def test_flood_of_sessions_holds_no_more_than_the_most_and_spares_who_listens(start, engine):
    app = start(most=5)
    before = asyncio.all_tasks()
    client = await Client(app, LISTEN_PATH).open(add_query("c"))
    back = client.listen()
    await past_first_snapshot(back)
    flood = [await Client(app, path).open() for path in (LISTEN_PATH, WRITE_PATH) * 20]

    assert len(app) == 5
    assert await flood[0].listen().status() == 400, "the oldest are gone"
    assert await flood[-1].listen().status() == 200
    await commit(engine, ("x", {}))
    assert (await back.arrays())[0][0]["documentChange"]["document"]["name"].endswith("/c/x")
    app.close()
    await wait_until(lambda: asyncio.all_tasks() <= before)
    assert not engine._sessions


async def test_session_without_any_back_channel_is_dropped(start):
    app = start(abandoned=0.05)
    await Client(app, WRITE_PATH).open({"database": DATABASE})
    await wait_until(lambda: len(app) == 0)


async def test_session_with_an_open_back_channel_stays(start):
    app = start(abandoned=0.05, keep_alive=0.02)
    client = await Client(app, LISTEN_PATH).open()
    back = client.listen()
    assert await back.status() == 200
    for _ in range(10):
        assert await back.arrays() == [["noop"]]
    assert len(app) == 1


async def test_closing_the_application_tells_every_client(start):
    app = start()
    client = await Client(app, LISTEN_PATH).open()
    back = client.listen()
    assert await back.status() == 200
    app.close()
    error, close = await back.rest()
    assert error[0]["error"]["status"] == "UNAVAILABLE"
    assert close == ["close"]
    assert len(app) == 0


async def test_client_that_never_reads_is_not_served_without_bound(start, engine):
    big = "x" * 500_000
    for name in range(20):
        await commit(engine, (f"d{name}", {"text": big}))
    client = await Client(start(), LISTEN_PATH).open(add_query("c"))
    held = 0
    async with asyncio.timeout(DEADLINE):
        while held < MAX_OUTSTANDING:
            held = await outstanding(client)
    assert [await outstanding(client) for _ in range(5)] == [held] * 5
    assert held < MAX_OUTSTANDING + 2 * len(big)


async def outstanding(client):
    """How many characters the server holds for this client, as it tells."""
    exchange = client.send()
    assert await exchange.status() == 200
    return read_frames(await exchange.body())[0][2]


async def test_large_result_arrives_whole_over_several_back_channels(start, engine):
    big = "가" * 200_000
    for name in range(30):
        await commit(engine, (f"d{name}", {"text": big}))
    client = await Client(start(), LISTEN_PATH).open(add_query("c"))
    seen, answers = [], 0
    while not any(map(is_boundary, seen)):
        back = client.listen(acknowledged=len(seen))
        assert await back.status() == 200
        size = 0
        while size < MAX_RESPONSE and not any(map(is_boundary, seen)):
            arrays = await back.arrays()
            if arrays is None:
                break
            size += sum(map(len, map(str, arrays)))
            seen += arrays
        answers += 1
        await back.vanish()
    assert sum("documentChange" in content[0] for content in seen) == 30
    assert answers > 3


async def test_repeated_commit_while_the_first_is_under_way_happens_once(start, engine):
    client = await Client(start(), WRITE_PATH).open({"database": DATABASE})
    transform = {"fieldPath": "n", "increment": {"integerValue": "1"}}
    write = {
        "update": {"name": f"{DATABASE}/documents/c/once"},
        "updateMask": {},
        "updateTransforms": [transform],
    }
    both = [client.send({"streamToken": "MA==", "writes": [write]}) for _ in range(2)]
    assert [await exchange.status() for exchange in both] == [200, 200]
    document = await engine.get_document(DocumentPath(HERE, ("c", "once")), ADMIN)
    assert document.fields == {"n": 1}
