import json

import pytest
from app import logs
from werkzeug.datastructures import Headers

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "browser-12345"}, "browser-12345"),
        (
            {"x-request-id": "browser-12345", "traceparent": PARENT},
            "browser-12345",
        ),
        ({"traceparent": PARENT}, TRACE),
        ({"X-Cloud-Trace-Context": f"{TRACE}/1;o=1"}, TRACE),
        ({"X-Request-Id": 'bad id"}', "traceparent": PARENT}, TRACE),
    ],
)
def test_id_is_the_callers_or_that_of_the_trace(headers, expected):
    assert logs.id_of(Headers(headers)) == expected


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "spaces are no id", "<script>alert</script>"])
def test_id_that_does_not_look_like_one_is_replaced(given):
    ids = {logs.id_of(Headers({"X-Request-Id": given})) for _ in range(2)}
    assert len(ids) == 2
    assert all(len(id_) == 32 and id_.isalnum() for id_ in ids)


def test_lines_within_a_request_carry_its_id_and_lines_outside_none(capfd):
    with logs.of_request(Headers({"X-Request-Id": "browser-12345"})):
        logs.info("inside", count=1)
        with logs.of_request(Headers({"X-Request-Id": "another-12345"})):
            logs.info("further inside")
        logs.error("inside again")
    logs.info("outside")
    seen = capfd.readouterr()
    lines = [json.loads(line) for line in (seen.out + seen.err).splitlines()]
    ids = {line["message"]: line.get("requestId") for line in lines}
    assert ids == {
        "inside": "browser-12345",
        "further inside": "another-12345",
        "inside again": "browser-12345",
        "outside": None,
    }
