"""The WebChannel state machine, fed as a browser feeds it."""

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.wire.webchannel import (
    MAX_AHEAD,
    ChannelRequest,
    Incoming,
    MalformedRequest,
    Outgoing,
    RequestKind,
    forward_reply,
    frame,
    handshake_reply,
    parse_form,
    parse_query,
)


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        pytest.param(
            "POST",
            "VER=8&database=projects%2Fp%2Fdatabases%2F(default)&RID=71&CVER=22&zx=a&t=1",
            ChannelRequest(RequestKind.HANDSHAKE),
            id="handshake",
        ),
        pytest.param(
            "POST",
            "VER=8&SID=s&RID=72&AID=3&zx=a&t=1",
            ChannelRequest(RequestKind.FORWARD, "s", 3),
            id="forward",
        ),
        pytest.param(
            "GET",
            "VER=8&RID=rpc&SID=s&AID=5&CI=0&TYPE=xmlhttp&zx=a&t=1",
            ChannelRequest(RequestKind.BACK, "s", 5, streaming=True),
            id="streaming back channel",
        ),
        pytest.param(
            "GET",
            "VER=8&RID=rpc&SID=s&AID=5&CI=1&TO=7000&TYPE=xmlhttp",
            ChannelRequest(RequestKind.BACK, "s", 5, streaming=False, timeout_ms=7000),
            id="long polling with a time limit",
        ),
        pytest.param(
            "POST", "SID=s&RID=9&TYPE=terminate", ChannelRequest(RequestKind.TERMINATE, "s"), id="beacon"
        ),
        pytest.param(
            "GET", "SID=s&RID=9&TYPE=terminate", ChannelRequest(RequestKind.TERMINATE, "s"), id="image"
        ),
    ],
)
def test_query_names_what_the_request_is(method, query, expected):
    assert parse_query(method, query) == expected


@pytest.mark.parametrize(
    ("method", "query"),
    [
        pytest.param("POST", "VER=7", id="another version"),
        pytest.param("GET", "SID=s&TYPE=html", id="a back channel in an iframe"),
        pytest.param("PUT", "SID=s", id="another method"),
        pytest.param("GET", "SID=s&AID=-1", id="a negative number"),
        pytest.param("GET", "SID=s&AID=" + "9" * 400, id="a number without end"),
        pytest.param("POST", "SID=s&AID=٣", id="digits of another script"),
    ],
)
def test_query_that_no_client_sends_is_refused(method, query):
    with pytest.raises(MalformedRequest):
        parse_query(method, query)


def test_form_gives_headers_and_numbered_messages():
    body = urlencode(
        {
            "headers": "Authorization:Bearer owner\r\nX-Goog-Api-Client:gl-js/ fire/12\r\n",
            "count": "2",
            "ofs": "7",
            "req0___data__": '{"database":"projects/p"}',
            "req1___data__": '{"text":"가+&=😀"}',
        }
    )
    form = parse_form(body.encode())
    assert form.headers == {"authorization": "Bearer owner", "x-goog-api-client": "gl-js/ fire/12"}
    assert form.messages == ((7, '{"database":"projects/p"}'), (8, '{"text":"가+&=😀"}'))


def test_form_whose_places_have_gaps_keeps_the_numbers():
    body = b"count=2&ofs=3&req97___data__=b&req2___data__=a"
    assert parse_form(body).messages == ((5, "a"), (100, "b"))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"count=2&ofs=0&req0___data__=a", id="fewer messages than counted"),
        pytest.param(b"count=0&ofs=0&req0___data__=a", id="more messages than counted"),
        pytest.param(b"req0___data__=a", id="no count"),
        pytest.param(b"count=x&ofs=0", id="count is no number"),
        pytest.param(b"count=1&ofs=-1&req0___data__=a", id="negative offset"),
        pytest.param(b"count=1&ofs=0&req0___data__=%ff", id="escaped bytes that are not UTF-8"),
        pytest.param(b"\xff\xfe", id="bytes that are not UTF-8"),
        pytest.param(b"count=1&ofs=0&req0___data__=%zz", id="an escape that is none"),
        pytest.param(b"count=1&ofs=0&req0___data__=100%", id="an escape cut short"),
        pytest.param(b"a=1&" * 5000, id="too many fields"),
    ],
)
def test_form_that_no_client_sends_is_refused(body):
    with pytest.raises(MalformedRequest):
        parse_form(body)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_the_form(text):
    for escaped in (quote(text, safe=""), urlencode({"": text})[1:], quote(text, safe="\\/{}")):
        body = f"count=1&ofs=0&req0___data__={escaped}".encode()
        assert parse_form(body).messages == ((0, text),)


@given(st.binary(max_size=200))
def test_form_of_any_bytes_is_read_or_refused(body):
    try:
        parse_form(body)
    except MalformedRequest:
        pass


@pytest.mark.parametrize(
    ("payload", "length"),
    [("[]", 2), ("é", 1), ("가나", 2), ("😀", 2), ("a😀b", 4)],
    ids=["ascii", "latin", "hangul", "surrogate pair", "mixed"],
)
def test_frame_length_counts_utf16_units(payload, length):
    assert frame(payload).decode() == f"{length}\n{payload}"


@given(st.text())
def test_frame_is_cut_where_a_browser_cuts_it(payload):
    """JavaScript's slice counts UTF-16 units: two bytes each of the UTF-16 text."""
    length, _, rest = (frame(payload) + b"next").decode().partition("\n")
    units = rest.encode("utf-16-le")
    assert units[: 2 * int(length)].decode("utf-16-le") == payload


def test_handshake_reply_is_array_zero():
    length, payload = handshake_reply("abc").decode().split("\n")
    assert json.loads(payload) == [[0, ["c", "abc", "", 8, 12, 30000]]]
    assert int(length) == len(payload)


def test_forward_reply_has_three_numbers():
    assert forward_reply(True, 4, 120) == b"9\n[1,4,120]"


def test_repeated_messages_are_dropped():
    incoming = Incoming()
    assert incoming.accept([(0, "a"), (1, "b")]) == ["a", "b"]
    assert incoming.accept([(0, "a"), (1, "b"), (2, "c")]) == ["c"]
    assert incoming.accept([(2, "c")]) == []


def test_gap_is_tolerated_and_its_repetition_dropped():
    incoming = Incoming()
    assert incoming.accept([(5, "f")]) == ["f"]
    assert incoming.accept([(5, "f"), (6, "g")]) == ["g"]
    assert incoming.accept([(0, "late")]) == ["late"]


def test_gap_that_never_closes_does_not_grow_the_session():
    incoming = Incoming()
    for number in range(1, 3 * MAX_AHEAD):
        assert incoming.accept([(number, "x")]) == ["x"]
    assert incoming.accept([(number, "x")]) == []
    assert incoming.accept([(0, "too late")]) == []


def arrays(text):
    return [number for number, _ in json.loads(text)] if text else []


def test_arrays_are_numbered_from_one_and_replayed_above_the_acknowledged():
    outgoing = Outgoing()
    for text in ('["a"]', '["b"]', '["c"]'):
        outgoing.add(text)
    assert outgoing.after(0, 10**6) == ('[[1,["a"]],[2,["b"]],[3,["c"]]]', 3)
    outgoing.acknowledge(1)
    assert arrays(outgoing.after(1, 10**6)[0]) == [2, 3]
    assert arrays(outgoing.after(1, 10**6)[0]) == [2, 3]
    assert outgoing.after(3, 10**6) == ("", 3)


def test_acknowledged_arrays_are_forgotten():
    outgoing = Outgoing()
    outgoing.add('["abc"]')
    outgoing.add('["de"]')
    assert (outgoing.outstanding, outgoing.last) == (13, 2)
    outgoing.acknowledge(1)
    assert outgoing.outstanding == 6
    assert not outgoing.can_replay(0)
    assert outgoing.can_replay(1)
    outgoing.acknowledge(0)
    assert outgoing.outstanding == 6


def test_acknowledging_what_was_never_sent_changes_nothing():
    outgoing = Outgoing()
    outgoing.add('["a"]')
    outgoing.acknowledge(9)
    assert outgoing.outstanding == 5
    assert not outgoing.can_replay(9)


@given(st.lists(st.integers(0, 30)), st.integers(1, 40))
def test_frames_of_any_size_deliver_every_array_once_in_order(sizes, most):
    outgoing = Outgoing()
    for size in sizes:
        outgoing.add(json.dumps(["x" * size]))
    seen, cursor = [], 0
    while (step := outgoing.after(cursor, most))[0]:
        seen += arrays(step[0])
        cursor = step[1]
    assert seen == list(range(1, len(sizes) + 1))


def test_message_with_reserved_characters_survives_the_form():
    text = json.dumps({"a": "&=%+\r\n"})
    assert parse_form(f"count=1&ofs=0&req0___data__={quote(text)}".encode()).messages == ((0, text),)
