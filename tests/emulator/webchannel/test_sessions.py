"""WebChannel sessions over HTTP, one step at a time."""

import uuid

import pytest
import requests

from tests.emulator.webchannel.client import (
    DATABASE,
    ROOT,
    Channel,
    add_document,
    add_query,
    changed_documents,
    get_document,
    is_boundary,
    is_current,
    read_frames,
    set_document,
)


@pytest.fixture
def collection():
    return f"c{uuid.uuid4().hex}"


@pytest.fixture
def listening(port, collection):
    """An open Listen session on one collection and its back channel, past the first snapshot."""
    set_document(port, f"{collection}/first", {"n": {"integerValue": "1"}})
    channel = Channel(port, "Listen")
    channel.open(add_query(collection))
    back = channel.listen()
    back.until(is_current)
    back.until(is_boundary)
    yield channel, back
    back.close()


def increment(path):
    transform = {"fieldPath": "n", "increment": {"integerValue": "1"}}
    return {"update": {"name": f"{ROOT}/{path}"}, "updateMask": {}, "updateTransforms": [transform]}


def write_channel(port):
    channel = Channel(port, "Write")
    channel.open({"database": DATABASE})
    return channel


def test_handshake_answers_array_zero_with_the_session(port):
    response = Channel(port, "Listen").open()
    ((zero, opened),) = read_frames(response.content)[0]
    assert (zero, opened[0], opened[2:]) == (0, "c", ["", 8, 12, 30000])
    assert len(opened[1]) == 22
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, max-age=0"


def test_listener_gets_the_snapshot_and_then_a_remote_change(port, collection):
    set_document(port, f"{collection}/a", {"text": {"stringValue": "가😀"}})
    channel = Channel(port, "Listen")
    channel.open(add_query(collection))
    back = channel.listen()
    first = back.until(is_current) + back.until(is_boundary)
    assert first[0][0]["targetChange"] == {"targetChangeType": "ADD", "targetIds": [2]}
    assert changed_documents(first) == {"a": {"text": {"stringValue": "가😀"}}}
    set_document(port, f"{collection}/b", {"n": {"doubleValue": "NaN"}})
    assert changed_documents(back.until(is_boundary)) == {"b": {"n": {"doubleValue": "NaN"}}}
    back.close()


def test_arrays_are_numbered_from_one_without_gaps(port, collection):
    set_document(port, f"{collection}/a", {})
    channel = Channel(port, "Listen")
    channel.open(add_query(collection))
    back = channel.listen()
    numbers = [back.next()[0] for _ in range(4)]
    assert numbers == [1, 2, 3, 4]
    back.close()


def test_write_channel_commits_and_gives_the_next_token(port, collection):
    channel = write_channel(port)
    channel.send({"streamToken": "MA==", "writes": [increment(f"{collection}/w")]})
    back = channel.listen()
    (_, (opened,)), (_, (written,)) = back.next(), back.next()
    assert opened["streamToken"] == "MA=="
    assert opened["streamId"]
    assert written["streamToken"] == "MQ=="
    assert len(written["writeResults"]) == 1
    assert written["writeResults"][0]["transformResults"] == [{"integerValue": "1"}]
    assert written["commitTime"] == written["writeResults"][0]["updateTime"]
    assert get_document(port, f"{collection}/w")["fields"] == {"n": {"integerValue": "1"}}
    back.close()


def test_request_without_writes_is_answered_and_ends_the_stream(port):
    channel = write_channel(port)
    channel.send({"streamToken": "MA=="})
    contents = channel.listen().rest()
    assert contents[-2:] == [[{"streamToken": "MQ=="}], ["close"]]


def test_forward_post_sent_twice_commits_once(port, collection):
    channel = write_channel(port)
    form = channel.form({"streamToken": "MA==", "writes": [increment(f"{collection}/w")]})
    assert channel.post(form).status_code == 200
    assert channel.post(form).status_code == 200
    assert get_document(port, f"{collection}/w")["fields"] == {"n": {"integerValue": "1"}}


def test_forward_post_after_a_gap_is_handled(port, collection):
    channel = write_channel(port)
    message = {"streamToken": "MA==", "writes": [increment(f"{collection}/w")]}
    assert channel.send(message, offset=7).status_code == 200
    assert get_document(port, f"{collection}/w")["fields"] == {"n": {"integerValue": "1"}}


def test_forward_answer_says_whether_a_back_channel_is_open_and_what_is_outstanding(port):
    channel = write_channel(port)
    present, last, outstanding = read_frames(channel.send().content)[0]
    assert (present, last) == (0, 1)
    assert outstanding > 0
    back = channel.listen()
    back.next()
    assert read_frames(channel.send(acknowledged=1).content)[0] == [1, 1, 0]
    back.close()


def test_same_acknowledgement_again_replays_the_same_arrays(port, collection):
    set_document(port, f"{collection}/a", {})
    channel = Channel(port, "Listen")
    channel.open(add_query(collection))
    first = channel.listen()
    seen = [first.next() for _ in range(4)]
    first.close()
    again = channel.listen(acknowledged=0)
    assert [again.next() for _ in range(4)] == seen
    again.close()
    later = channel.listen(acknowledged=2)
    assert [later.next() for _ in range(2)] == seen[2:]
    later.close()


def test_long_polling_answers_once_and_ends(port, collection):
    channel = Channel(port, "Listen")
    channel.open(add_query(collection))
    contents = channel.listen(streaming=False).rest()
    assert contents[0][0]["targetChange"]["targetChangeType"] == "ADD"


def test_long_polling_waits_for_the_next_change(port, collection, listening):
    channel, back = listening
    back.close()
    number = read_frames(channel.send().content)[0][1]
    poll = channel.listen(acknowledged=number, streaming=False)
    set_document(port, f"{collection}/second", {})
    assert changed_documents(poll.rest()[:1]) == {"second": {}}


def test_long_polling_with_a_time_limit_ends_with_a_noop(port, listening):
    channel, back = listening
    back.close()
    number = read_frames(channel.send().content)[0][1]
    poll = channel.listen(acknowledged=number, streaming=False, TO="50")
    assert poll.rest() == [["noop"]]


def test_second_back_channel_ends_the_first(port, collection, listening):
    channel, first = listening
    number = read_frames(channel.send().content)[0][1]
    second = channel.listen(acknowledged=number)
    assert first.rest() == []
    set_document(port, f"{collection}/more", {})
    assert changed_documents(second.until(is_boundary)) == {"more": {}}
    second.close()


@pytest.mark.parametrize("sid", ["", "unknown", "../x", "가"])
def test_unknown_session_is_told_so(port, sid):
    channel = Channel(port, "Listen")
    answers = [channel.listen(sid=sid).response]
    if sid:
        answers.append(channel.post({"count": "0", "ofs": "0"}, sid=sid))
    for answer in answers:
        assert answer.status_code == 400
        assert answer.text.find("Unknown SID") > 0  # the client does not look at the very beginning


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_terminate_ends_the_session(port, method, listening):
    channel, back = listening
    answer = channel.terminate(method)
    assert (answer.status_code, answer.content) == (200, b"")
    assert back.rest() == []
    assert channel.send().status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xfe\x00", id="bytes"),
        pytest.param("count=2&ofs=0&req0___data__=%7B%7D", id="too few messages"),
        pytest.param("count=-1", id="negative count"),
        pytest.param("count=1e9&ofs=0", id="a count that is no number"),
        pytest.param("ofs=99999999999999999999&count=0", id="an endless offset"),
    ],
)
def test_malformed_form_is_refused_and_the_session_lives_on(port, collection, listening, body):
    channel, back = listening
    answer = channel.post(body)
    assert answer.status_code == 400
    assert answer.text.startswith("Bad request: ")
    set_document(port, f"{collection}/after", {})
    assert changed_documents(back.until(is_boundary)) == {"after": {}}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("{garbage", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param('{"noSuchField": 1}', id="an unknown field"),
        pytest.param('{"addTarget": {"targetId": "x"}}', id="a number that is none"),
        pytest.param("[" * 100_000, id="endless nesting"),
    ],
)
def test_garbage_ends_that_stream_with_an_error_and_no_other(port, collection, listening, message):
    _, other = listening
    channel = Channel(port, "Listen")
    channel.open()
    back = channel.listen()
    channel.send(message)
    error = {"code": 400, "message": "Payload isn't valid for request.", "status": "INVALID_ARGUMENT"}
    assert back.rest() == [[{"error": error}], ["close"]]
    set_document(port, f"{collection}/after", {})
    assert changed_documents(other.until(is_boundary)) == {"after": {}}


def test_failed_commit_ends_the_stream_with_its_status(port, collection):
    channel = write_channel(port)
    missing = {"update": {"name": f"{ROOT}/{collection}/missing"}, "currentDocument": {"exists": True}}
    channel.send({"streamToken": "MA==", "writes": [missing]})
    _, (error,), close = channel.listen().rest()
    assert (error["error"]["code"], error["error"]["status"]) == (404, "NOT_FOUND")
    assert error["error"]["message"].startswith("no entity to update: ")
    assert close == ["close"]


def test_stream_that_ended_is_unknown_once_its_end_was_seen(port):
    channel = write_channel(port)
    channel.send("{garbage")
    last = len(channel.listen().rest())
    assert channel.listen(acknowledged=last).response.status_code == 400


def test_write_to_another_database_ends_the_stream(port):
    channel = write_channel(port)
    channel.send({"database": "projects/other/databases/(default)", "streamToken": "MA==", "writes": [{}]})
    assert channel.listen().rest()[1][0]["error"]["message"] == (
        "Request specified a database (projects/other/databases/(default)) that did not match"
        f" the expected database ({DATABASE})"
    )


@pytest.mark.parametrize(
    ("message", "text"),
    [
        pytest.param({}, "'database' must be set on an initial write request.", id="no database"),
        pytest.param(
            {"database": DATABASE, "writes": [{}]},
            "'writes' must not be set on an initial write request.",
            id="writes",
        ),
        pytest.param(
            {"database": DATABASE, "streamId": "1", "streamToken": "MA=="},
            "Resuming streams is not supported, do not set stream ID.",
            id="stream id",
        ),
        pytest.param(
            {"database": DATABASE, "streamToken": "MA=="},
            "Resuming streams is not supported, 'stream_token' must not be set on an initial write request.",
            id="stream token",
        ),
    ],
)
def test_first_write_request_names_the_database_and_nothing_else(port, message, text):
    channel = Channel(port, "Write")
    channel.open(message)
    error, close = channel.listen().rest()
    assert error[0]["error"] == {"code": 400, "message": text, "status": "INVALID_ARGUMENT"}
    assert close == ["close"]


def test_tokens_of_write_requests_are_not_checked(port, collection):
    """As in the official emulator."""
    channel = write_channel(port)
    for token in ({}, {"streamToken": "Ym9ndXM="}):
        channel.send(token | {"writes": [increment(f"{collection}/w")]})
    assert get_document(port, f"{collection}/w")["fields"] == {"n": {"integerValue": "2"}}


def test_bad_target_is_removed_and_the_stream_stays(port, collection):
    channel = Channel(port, "Listen")
    bad = add_query(collection, target_id=4)
    bad["addTarget"]["query"]["structuredQuery"]["limit"] = -1
    channel.open(bad, add_query(collection, target_id=6))
    back = channel.listen()
    _, removed, *rest = back.until(is_current)
    assert removed[0]["targetChange"] == {
        "targetChangeType": "REMOVE",
        "targetIds": [4],
        "cause": {"code": 3, "message": "limit is negative"},
    }
    assert rest[-1][0]["targetChange"]["targetIds"] == [6]
    back.close()


def test_missing_document_is_told_as_deleted(port, collection):
    channel = Channel(port, "Listen")
    channel.open(add_document(f"{collection}/none"))
    back = channel.listen()
    contents = back.until(is_current)
    assert contents[1][0]["documentDelete"]["document"] == f"{ROOT}/{collection}/none"
    back.close()


def test_malformed_token_ends_the_stream(port, collection):
    channel = Channel(port, "Listen", authorization="Bearer nonsense")
    assert channel.open(add_query(collection)).status_code == 200
    error, close = channel.listen().rest()
    assert error[0]["error"] == {"code": 400, "message": "invalid jwt", "status": "INVALID_ARGUMENT"}
    assert close == ["close"]


def test_page_of_another_origin_may_read_the_answers(port):
    channel = Channel(port, "Listen")
    response = requests.post(
        channel.url,
        params={"VER": "8"},
        data={"count": "0"},
        headers={"Origin": "http://localhost:5000"},
        timeout=5,
    )
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:5000"
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Access-Control-Expose-Headers"] == (
        "x-client-wire-protocol,x-http-session-id,x-http-initial-response"
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/google.firestore.v1.Firestore/Commit/channel", 404),
        ("PUT", "/google.firestore.v1.Firestore/Listen/channel", 404),
        ("POST", "/google.firestore.v1.Firestore/Listen/channel?VER=7", 400),
    ],
)
def test_other_paths_methods_and_versions_are_refused(port, method, path, status):
    assert requests.request(method, f"http://127.0.0.1:{port}{path}", timeout=5).status_code == status


def test_too_long_body_is_refused(port):
    channel = Channel(port, "Write")
    body = b"count=1&ofs=0&req0___data__=" + b"x" * (16 * 1024 * 1024)
    assert requests.post(channel.url, params={"VER": "8"}, data=body, timeout=5).status_code == 413
