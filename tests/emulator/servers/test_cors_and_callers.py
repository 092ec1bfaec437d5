"""What browsers need to be let in, and who a request's Authorization header makes of its sender."""

from __future__ import annotations

import base64
import json

import pytest

from tests.emulator.process import Emulator

ORIGIN = {"Origin": "http://localhost:3000"}
LET_IN = {
    "access-control-allow-origin": "http://localhost:3000",
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "DELETE,GET,HEAD,PATCH,POST,PUT",
}


def cors_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("access-control")}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"Access-Control-Request-Headers": "content-type,authorization"},
            {"access-control-allow-headers": "content-type,authorization"},
            id="headers",
        ),
        pytest.param(
            {"Access-Control-Request-Private-Network": "true"},
            {"access-control-allow-private-network": "true"},
            id="private network",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/nope", "/v1/x:commit", "/google.firestore.v1.Firestore/Listen/channel"])
def test_every_preflight_is_granted(
    emulator: Emulator, path: str, asked: dict[str, str], answered: dict[str, str]
) -> None:
    answer = emulator.http("OPTIONS", path, headers=ORIGIN | asked)

    assert (answer.status, answer.body) == (200, "")
    assert cors_headers(answer.headers) == LET_IN | answered


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/nope"), ("POST", "/v1/a")])
def test_an_answer_to_an_origin_carries_its_leave_and_another_none(
    emulator: Emulator, method: str, path: str
) -> None:
    assert cors_headers(emulator.http(method, path, headers=ORIGIN).headers) == LET_IN
    assert cors_headers(emulator.http(method, path).headers) == {}


def token(claims: object, signature: str = "") -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, claims)
    ]
    return "Bearer " + ".".join([*parts, signature])


ADMIN, NO_ADMIN, BAD_TOKEN, BAD_SCHEME = 200, 403, 400, 500


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, NO_ADMIN),
        ("Bearer owner", ADMIN),
        ("bearer OWNER", ADMIN),
        ("Bearer ya29.something", ADMIN),
        ("Bearer ya29", BAD_TOKEN),
        ("Bearer  owner", BAD_TOKEN),
        ("Bearer\towner", NO_ADMIN),
        ("Bearer garbage", BAD_TOKEN),
        ("Bearer", BAD_SCHEME),
        ("owner", BAD_SCHEME),
        ("Basic eDp5", BAD_SCHEME),
        (token({"sub": "ada"}), NO_ADMIN),
        (token({"sub": "ada"}, "c2ln"), NO_ADMIN),
        (token([]), BAD_TOKEN),
        (token({}, "!!"), BAD_TOKEN),
        ("Bearer e30.e30", BAD_TOKEN),
        ("Bearer " + "A" * 5000, BAD_TOKEN),
    ],
)
def test_only_the_owner_may_list_collections(
    emulator: Emulator, database: str, authorization: str | None, status: int
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    assert (
        emulator.http("POST", f"/v1/{database}/documents:listCollectionIds", "{}", headers).status == status
    )
