"""Links to files over the whole suite: the owner by callables, the visitor through Hosting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import requests

from tests.integration.people import eventually
from tests.rest import DEADLINE_SECONDS

NOBODYS = "A" * 22


class Visitor:
    """Somebody with a link and nothing else, at an address of their own, since addresses are limited."""

    def __init__(self, base: str, address: str) -> None:
        self._base = base
        self._headers = {"X-Forwarded-For": address}

    def get(self, share_id: str, rest: str = "", **headers: str) -> requests.Response:
        return requests.get(
            f"{self._base}/api/shares/{share_id}{rest}",
            headers={**self._headers, **headers},
            timeout=DEADLINE_SECONDS,
        )

    def start(self, share_id: str, seconds: float = DEADLINE_SECONDS) -> requests.Response:
        address = f"{self._base}/api/shares/{share_id}/downloads"
        return requests.post(address, headers=self._headers, timeout=seconds)

    def piece(self, share_id: str, grant: str, asked: str) -> requests.Response:
        return self.get(share_id, f"/content?grant={grant}", Range=asked)


@pytest.fixture
def visitor(suite, request):
    return Visitor(suite.url("hosting"), f"test, {abs(hash(request.node.nodeid))}")


@pytest.fixture(scope="module")
def owner(people):
    return people.verified()


@pytest.fixture(scope="module")
def other(people):
    return people.verified()


@pytest.fixture
def share(owner, callables):
    """Makes a link to a file of the owner; gives what the callable answered."""

    def make(file_id, **wanted):
        return callables.call("create_share", {"fileId": file_id, **wanted}, owner).result

    return make


@pytest.fixture
def file_id(owner):
    file_id = owner.upload("letter.txt", b"Dear reader, " * 100, "text/plain")
    owner.until_ready(file_id)
    return file_id


def test_link_brings_a_stranger_every_byte(owner, share, visitor, suite):
    data = bytes(range(256)) * 4 * 5000
    file_id = owner.upload("large.bin", data, "application/octet-stream")
    owner.until_ready(file_id)
    made = share(file_id, hours=1)
    assert made["url"].endswith(f"/s/{made['shareId']}")
    described = visitor.get(made["shareId"])
    assert described.headers["Cache-Control"] == "no-store"
    assert datetime.fromisoformat(described.json()["expiresAt"])
    started = visitor.start(made["shareId"]).json()
    got = b""
    while len(got) < started["size"]:
        last = min(len(got) + started["chunk"], started["size"]) - 1
        response = visitor.piece(made["shareId"], started["grant"], f"bytes={len(got)}-{last}")
        assert response.status_code == 206, response.text
        assert response.headers["Content-Range"] == f"bytes {len(got)}-{last}/{len(data)}"
        got += response.content
    assert got == data


def test_bytes_are_only_ever_a_download(share, file_id, visitor):
    share_id = share(file_id)["shareId"]
    response = visitor.piece(share_id, visitor.start(share_id).json()["grant"], "bytes=0-3")
    assert response.content == b"Dear"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["Cache-Control"] == "no-store"


def test_preview_of_a_picture_is_seen_and_not_counted(owner, share, visitor, picture, admin):
    file_id = owner.upload("picture.png", picture("PNG"), "image/png")
    owner.until_ready(file_id)
    share_id = share(file_id)["shareId"]
    assert visitor.get(share_id).json()["preview"] is True
    response = visitor.get(share_id, "/preview")
    assert response.headers["Content-Type"] == "image/webp"
    assert response.content.startswith(b"RIFF")
    assert admin.firestore.document(f"shares/{share_id}").get().get("downloads") == 0


def test_strangers_at_once_get_no_more_downloads_than_the_limit(share, file_id, visitor, admin):
    """The emulator starts a process for each request at the same time, as the cloud starts instances; more of
    them in one process are asked in tests/functions.
    """
    share_id = share(file_id, maxDownloads=3)["shareId"]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: visitor.start(share_id, 120).status_code, range(16)))
    assert sorted(statuses) == [200] * 3 + [404] * 13
    assert admin.firestore.document(f"shares/{share_id}").get().get("downloads") == 3


def test_revoked_link_ends_at_once_also_for_who_is_downloading(owner, callables, share, file_id, visitor):
    share_id = share(file_id)["shareId"]
    grant = visitor.start(share_id).json()["grant"]
    assert visitor.piece(share_id, grant, "bytes=0-3").status_code == 206
    assert callables.call("revoke_share", {"shareId": share_id}, owner).result == {}
    answers = [visitor.get(share_id), visitor.start(share_id), visitor.piece(share_id, grant, "bytes=0-3")]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.text for answer in answers} == {visitor.get(NOBODYS).text}


def test_trashed_file_is_not_shared_until_it_is_taken_back(owner, share, file_id, visitor, admin):
    share_id = share(file_id)["shareId"]
    document = admin.firestore.document(owner.file_path(file_id))
    document.update({"state": "trashed"})
    assert visitor.get(share_id).status_code == 404
    document.update({"state": "ready"})
    assert visitor.get(share_id).status_code == 200


def test_link_of_a_suspended_owner_ends(people, callables, visitor, admin):
    person = people.verified()
    file_id = person.upload("a.txt", b"hello", "text/plain")
    person.until_ready(file_id)
    share_id = callables.call("create_share", {"fileId": file_id}, person).result["shareId"]
    assert visitor.get(share_id).status_code == 200
    admin.set_state(person, "suspended")
    assert visitor.get(share_id).status_code == 404


def test_links_of_a_deleted_file_are_removed(owner, share, file_id, visitor, admin):
    share_id = share(file_id)["shareId"]
    assert owner.firestore.delete(owner.file_path(file_id)).ok
    document = admin.firestore.document(f"shares/{share_id}")
    eventually(lambda: not document.get().exists, what="the link is gone")
    assert visitor.get(share_id).status_code == 404


class TestWhoMayShare:
    def test_confirmed_address_is_needed_and_enough(self, people, callables, owner, file_id):
        unconfirmed = people.sign_up()
        answer = callables.call("create_share", {"fileId": file_id}, unconfirmed)
        assert answer.refusal == ("FAILED_PRECONDITION", "email-not-verified")
        assert callables.call("create_share", {"fileId": file_id}, owner).status == 200

    def test_guest_needs_an_account(self, people, callables):
        answer = callables.call("create_share", {"fileId": "any"}, people.guest())
        assert answer.refusal == ("FAILED_PRECONDITION", "account-required")

    def test_file_that_is_not_ready_is_not_shared(self, callables, owner):
        file_id = owner.announce("later.txt", 5, "text/plain")
        answer = callables.call("create_share", {"fileId": file_id}, owner)
        assert answer.refusal == ("FAILED_PRECONDITION", "file-not-ready")

    def test_file_that_is_not_there_is_not_shared(self, callables, owner):
        answer = callables.call("create_share", {"fileId": "nothing"}, owner)
        assert answer.refusal == ("NOT_FOUND", "file-not-found")


class TestSecondUser:
    def test_cannot_share_the_file(self, callables, other, file_id):
        answer = callables.call("create_share", {"fileId": file_id}, other)
        assert answer.refusal == ("NOT_FOUND", "file-not-found")

    def test_cannot_end_the_link_nor_learn_that_it_is_there(self, callables, other, share, file_id, visitor):
        share_id = share(file_id)["shareId"]
        theirs, nobodys = (
            callables.call("revoke_share", {"shareId": id_}, other) for id_ in (share_id, NOBODYS)
        )
        assert theirs.refusal == nobodys.refusal == ("NOT_FOUND", "share-not-found")
        assert visitor.get(share_id).status_code == 200

    def test_cannot_read_nor_list_links_in_the_database(self, owner, other, share, file_id):
        share_id = share(file_id)["shareId"]
        assert owner.firestore.get(f"shares/{share_id}").ok
        assert other.firestore.get(f"shares/{share_id}").status_code == 403

    def test_nobody_writes_links_but_functions(self, owner, share, file_id):
        share_id = share(file_id)["shareId"]
        assert owner.firestore.update(f"shares/{share_id}", {"maxDownloads": None}).status_code == 403
        assert owner.firestore.delete(f"shares/{share_id}").status_code == 403
