from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from app import public_shares, sharing
from app.budgets import Budget
from app.callables import on_call
from app.client_limits import ClientLimits
from app.paths import FileKey
from calls import Caller, id_token
from google.cloud.firestore import FieldFilter

BYTES = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def auth_emulator(monkeypatch):
    """That of the suite, for the tests that delete an account; tokens are taken unsigned with any."""
    if "FIREBASE_AUTH_EMULATOR_HOST" not in os.environ:
        monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:1")


@pytest.fixture(autouse=True)
def limits_of_its_own(monkeypatch):
    monkeypatch.setattr(public_shares, "REQUESTS", ClientLimits(1200, 60))
    monkeypatch.setattr(public_shares, "MISSES", ClientLimits(120, 60))


@pytest.fixture
def file(drop):
    """A ready file of an active user, its bytes in the bucket."""
    drop.make_profile()
    return ready_file(drop)


def ready_file(drop, name="Bericht 한글.bin", data=BYTES, **fields):
    key = drop.announce(name, "application/pdf", len(data))
    blob = drop.upload(key, data, "original.bin")
    stored = {"state": "ready", "path": blob.name, "generation": str(blob.generation), "kind": "pdf"}
    drop.firestore.document(key.document).update(stored | fields)
    return key


def caller(drop, function, **claims):
    return Caller(on_call()(function), id_token(drop.uid, drop.project, **claims))


@pytest.fixture
def share(drop):
    """Makes a link to a file; gives its id."""

    def make(key, **wanted):
        data = {"fileId": key.file_id, **wanted}
        return caller(drop, sharing.create_share)(data).result["shareId"]

    return make


@pytest.fixture
def document(drop):
    return lambda share_id: drop.firestore.document(f"shares/{share_id}").get().to_dict()


@pytest.fixture
def client(application):
    return application("api", "http").test_client()


def get(client, share_id, rest="", **options):
    return client.get(f"/api/shares/{share_id}{rest}", **options)


def download(client, share_id):
    return client.post(f"/api/shares/{share_id}/downloads")


def content(client, share_id, grant, range_header=None):
    headers = {"Range": range_header} if range_header else {}
    return get(client, share_id, "/content", query_string={"grant": grant}, headers=headers)


# Making and ending a link


def test_link_is_made_for_a_ready_file(drop, file, document):
    result = caller(drop, sharing.create_share)({"fileId": file.file_id, "hours": 2}).result
    fields = document(result["shareId"])
    assert len(result["shareId"]) == 22
    assert result["url"] == f"https://{drop.project}.web.app/s/{result['shareId']}"
    assert datetime.fromisoformat(result["expiresAt"]) - fields["createdAt"] < timedelta(hours=2, seconds=1)
    assert set(fields) == {
        "uid",
        "fileId",
        "name",
        "contentType",
        "size",
        "kind",
        "path",
        "generation",
        "thumbnail",
        "state",
        "createdAt",
        "expiresAt",
        "maxDownloads",
        "downloads",
    }
    assert (fields["uid"], fields["state"], fields["downloads"]) == (drop.uid, "active", 0)


def test_link_lasts_a_week_and_any_number_of_downloads_unless_said_otherwise(file, share, document):
    fields = document(share(file))
    assert fields["expiresAt"] - fields["createdAt"] == timedelta(days=7)
    assert fields["maxDownloads"] is None


@pytest.mark.parametrize(
    ("variables", "origin", "begins"),
    [
        ({"PUBLIC_URL": "https://drop.example/"}, "http://127.0.0.1:7000", "https://drop.example/s/"),
        ({}, "https://evil.example", "https://demo-functions-under-test.web.app/s/"),
        ({"FUNCTIONS_EMULATOR": "true"}, "http://127.0.0.1:7000", "http://127.0.0.1:7000/s/"),
        ({"FUNCTIONS_EMULATOR": "true"}, None, "http://127.0.0.1:5000/s/"),
    ],
)
def test_link_begins_where_the_page_is(drop, file, monkeypatch, variables, origin, begins):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    headers = {"Origin": origin} if origin else {}
    result = caller(drop, sharing.create_share)({"fileId": file.file_id}, headers=headers).result
    assert result["url"].startswith(begins)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 721}, "hours"),
        ({"maxDownloads": 0}, "maxDownloads"),
        ({"maxDownloads": 1001}, "maxDownloads"),
        ({"fileId": "../x"}, "fileId"),
        ({"fileId": "a\n"}, "fileId"),
        ({"uid": "someone"}, "uid"),
    ],
)
def test_wrong_wish_is_refused(drop, file, wanted, field):
    answer = caller(drop, sharing.create_share)({"fileId": file.file_id, **wanted})
    assert answer.refusal == ("INVALID_ARGUMENT", "invalid-input")
    assert answer.details["field"] == field


@pytest.mark.parametrize("state", ["uploading", "processing", "rejected", "trashed"])
def test_file_that_is_not_ready_is_not_shared(drop, file, state):
    drop.firestore.document(file.document).update({"state": state})
    answer = caller(drop, sharing.create_share)({"fileId": file.file_id})
    assert answer.refusal == ("FAILED_PRECONDITION", "file-not-ready")


def test_file_of_somebody_else_cannot_be_shared(drop, file):
    drop.uid += "-other"
    drop.make_profile()
    answer = caller(drop, sharing.create_share)({"fileId": file.file_id})
    assert answer.refusal == ("NOT_FOUND", "file-not-found")


def test_unverified_address_cannot_share(drop, file):
    answer = caller(drop, sharing.create_share, email_verified=False)({"fileId": file.file_id})
    assert answer.refusal == ("FAILED_PRECONDITION", "email-not-verified")


def test_active_links_are_limited_in_number(drop, file, share, monkeypatch):
    monkeypatch.setattr(sharing, "MAX_ACTIVE_SHARES", 2)
    first = share(file)
    share(file)
    answer = caller(drop, sharing.create_share)({"fileId": file.file_id})
    assert answer.refusal == ("RESOURCE_EXHAUSTED", "too-many-shares")
    assert answer.details["limit"] == 2
    caller(drop, sharing.revoke_share)({"shareId": first})
    share(file)


def seed_links(drop, file, count):
    """As many active links of the user as that, written past the function."""
    batch = drop.firestore.batch()
    fields = drop.document(file)
    now = datetime.now(UTC)
    for _ in range(count):
        link = sharing.new_share(file, fields, now, now + timedelta(days=1), None)
        batch.set(drop.firestore.document(f"shares/{sharing.new_share_id()}"), link)
    batch.commit()


def test_twenty_links_at_once_are_not_more_than_the_hundred(drop, file):
    seed_links(drop, file, 95)
    callers = [caller(drop, sharing.create_share) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda call: call({"fileId": file.file_id}), callers))
    refused = [answer.refusal for answer in answers if answer.status != 200]
    assert refused == [("RESOURCE_EXHAUSTED", "too-many-shares")] * 15
    links = drop.firestore.collection("shares").where(filter=FieldFilter("uid", "==", drop.uid)).get()
    assert len(links) == 100


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param("gone", ("PERMISSION_DENIED", "deleting"), id="gone"),
        pytest.param("deleting", ("PERMISSION_DENIED", "deleting"), id="being deleted"),
        pytest.param("suspended", ("PERMISSION_DENIED", "suspended"), id="suspended"),
    ],
)
def test_link_of_an_owner_who_went_after_the_call_was_admitted_is_not_made(
    drop, file, monkeypatch, change, refusal
):
    owner = drop.firestore.document(f"users/{drop.uid}")
    new_id = sharing.new_share_id

    def overtaken():
        owner.delete() if change == "gone" else owner.update({"state": change})
        return new_id()

    monkeypatch.setattr(sharing, "new_share_id", overtaken)
    assert caller(drop, sharing.create_share)({"fileId": file.file_id}).refusal == refusal
    assert not drop.firestore.collection("shares").where(filter=FieldFilter("uid", "==", drop.uid)).get()


def test_link_that_is_made_while_its_owner_goes_does_not_outlive_them(drop, file, monkeypatch):
    """Everything is removed between what the function reads and its commit."""
    new_share = sharing.new_share
    removals = []

    def overtaken(*arguments):
        if not removals:
            removals.append(drop.user_deleted())
        return new_share(*arguments)

    monkeypatch.setattr(sharing, "new_share", overtaken)
    answer = caller(drop, sharing.create_share)({"fileId": file.file_id})
    assert answer.refusal == ("PERMISSION_DENIED", "deleting")
    assert not drop.firestore.collection("shares").where(filter=FieldFilter("uid", "==", drop.uid)).get()


def test_address_that_sign_up_refuses_shares_nothing(drop, file, monkeypatch):
    monkeypatch.setenv("BLOCKED_EMAIL_DOMAINS", "mailinator.com")
    answer = caller(drop, sharing.create_share, email="ann@mx.Mailinator.com")({"fileId": file.file_id})
    assert answer.refusal == ("PERMISSION_DENIED", "blocked-domain")
    assert answer.details["domain"] == "mailinator.com"
    assert "shareId" in caller(drop, sharing.create_share)({"fileId": file.file_id}).result


def test_revoked_link_is_gone_at_once_and_revoking_again_is_no_error(drop, file, share, client):
    share_id = share(file)
    assert get(client, share_id).status_code == 200
    revoke = caller(drop, sharing.revoke_share)
    assert [revoke({"shareId": share_id}).result for _ in range(2)] == [{}, {}]
    assert get(client, share_id).status_code == 404


def test_link_of_somebody_else_is_as_if_it_were_not_there(drop, file, share, client):
    share_id = share(file)
    drop.uid += "-other"
    drop.make_profile()
    revoke = caller(drop, sharing.revoke_share)
    theirs, none = revoke({"shareId": share_id}), revoke({"shareId": "A" * 22})
    assert theirs.refusal == none.refusal == ("NOT_FOUND", "share-not-found")
    assert theirs.error["message"] == none.error["message"]
    assert get(client, share_id).status_code == 200


# What a visitor sees


def test_visitor_learns_what_the_link_leads_to_and_nothing_of_its_owner(drop, file, share, client, document):
    share_id = share(file, maxDownloads=3)
    response = get(client, share_id)
    expires = document(share_id)["expiresAt"].isoformat(timespec="milliseconds")
    assert response.json == {
        "name": "Bericht 한글.bin",
        "size": len(BYTES),
        "contentType": "application/pdf",
        "kind": "pdf",
        "expiresAt": expires,
        "downloadsLeft": 3,
        "preview": False,
    }
    assert drop.uid not in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_visitor_sees_the_new_name_of_a_renamed_file(drop, file, share, client):
    share_id = share(file)
    drop.firestore.document(file.document).update({"name": "new.bin"})
    assert get(client, share_id).json["name"] == "new.bin"


def end_by(drop, file, share_id, cause):
    share = drop.firestore.document(f"shares/{share_id}")
    document = drop.firestore.document(file.document)
    past = datetime.now(UTC) - timedelta(seconds=1)
    if cause == "revoked":
        share.update({"state": "revoked"})
    elif cause == "expired":
        share.update({"expiresAt": past})
    elif cause == "used up":
        share.update({"maxDownloads": 1, "downloads": 1})
    elif cause == "trashed":
        document.update({"state": "trashed"})
    elif cause == "deleted":
        document.delete()
    elif cause == "replaced":
        document.update({"generation": "1"})
    elif cause == "suspended":
        drop.make_profile(state="suspended")
    elif cause == "owner gone":
        drop.firestore.document(f"users/{drop.uid}").delete()


@pytest.mark.parametrize(
    "cause",
    ["revoked", "expired", "used up", "trashed", "deleted", "replaced", "suspended", "owner gone"],
)
def test_link_that_ended_answers_like_one_that_never_was(drop, file, share, client, cause):
    share_id = share(file)
    grant = download(client, share_id).json["grant"]
    assert content(client, share_id, grant).status_code == 200
    end_by(drop, file, share_id, cause)
    unknown = "A" * 22
    for ask in (
        lambda id_: get(client, id_),
        lambda id_: get(client, id_, "/preview"),
        lambda id_: download(client, id_),
    ):
        ended, never = ask(share_id), ask(unknown)
        assert (ended.status_code, ended.data) == (404, never.data)
        own = {"X-Request-Id", "Date"}
        assert [h for h in ended.headers if h[0] not in own] == [h for h in never.headers if h[0] not in own]
    # The one who has been counted may finish; every other end is an end at once.
    assert content(client, share_id, grant).status_code == (200 if cause == "used up" else 404)


@pytest.mark.parametrize(
    "share_id", ["A", "A" * 21, "A" * 23, "a.b" * 7 + "a", "__" + "A" * 18 + "__", "{share}"]
)
def test_id_that_cannot_be_one_is_answered_in_the_same_way(drop, client, share_id):
    response = get(client, share_id)
    assert (response.status_code, response.data) == (404, get(client, "A" * 22).data)


# Downloads


def test_bytes_come_as_a_download_that_no_browser_runs(file, share, client):
    share_id = share(file)
    started = download(client, share_id).json
    response = content(client, share_id, started["grant"])
    assert started["size"] == len(BYTES)
    assert (response.status_code, response.data) == (200, BYTES)
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"Bericht __.bin\"; filename*=UTF-8''Bericht%20%ED%95%9C%EA%B8%80.bin"
    )
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=10000-", 10000, 10239), ("bytes=-40", 10200, 10239)],
)
def test_piece_is_what_the_range_says(file, share, client, asked, first, last):
    share_id = share(file)
    response = content(client, share_id, download(client, share_id).json["grant"], asked)
    assert (response.status_code, response.data) == (206, BYTES[first : last + 1])
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(BYTES)}"


def test_range_outside_of_the_file_is_refused(file, share, client):
    share_id = share(file)
    response = content(client, share_id, download(client, share_id).json["grant"], "bytes=10240-")
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(BYTES)}"


def test_large_file_comes_in_pieces_that_make_the_whole(drop, file, share, client):
    data = BYTES * 500
    share_id = share(ready_file(drop, data=data))
    started = download(client, share_id).json
    assert content(client, share_id, started["grant"]).status_code == 416
    pieces = []
    while (offset := sum(map(len, pieces))) < started["size"]:
        response = content(client, share_id, started["grant"], f"bytes={offset}-")
        assert response.status_code == 206
        assert len(response.data) <= started["chunk"]
        pieces.append(response.data)
    assert len(pieces) == 2
    assert b"".join(pieces) == data


@pytest.mark.parametrize("grant", ["", "nonsense", "of another link"])
def test_bytes_need_a_grant_for_this_link(file, share, client, grant):
    share_id = share(file)
    if grant == "of another link":
        grant = download(client, share(file)).json["grant"]
    here, nowhere = content(client, share_id, grant), content(client, "A" * 22, grant)
    assert (here.status_code, here.data) == (403, nowhere.data)


def test_fifty_at_once_get_no_more_downloads_than_the_limit(file, share, client, application, document):
    share_id = share(file, maxDownloads=10)

    def take(_):
        return download(application("api", "http").test_client(), share_id).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(take, range(50)))
    assert sorted(statuses) == [200] * 10 + [404] * 40
    fields = document(share_id)
    assert fields["downloads"] == 10
    assert fields["lastDownloadAt"] > fields["createdAt"]
    assert get(client, share_id).status_code == 404


# How many bytes a day


@pytest.fixture
def budgets(monkeypatch):
    def set_budgets(*, link, owner):
        monkeypatch.setattr(sharing, "LINK_BUDGET", Budget(link, timedelta(days=1)))
        monkeypatch.setattr(sharing, "OWNER_BUDGET", Budget(owner, timedelta(days=1)))

    return set_budgets


def test_link_gives_no_more_than_its_bytes_a_day(file, share, client, budgets, document):
    budgets(link=2 * len(BYTES), owner=10 * len(BYTES))
    share_id, other = share(file), share(file)
    assert [download(client, share_id).status_code for _ in range(3)] == [200, 200, 429]
    refused = download(client, share_id)
    assert refused.json["error"]["details"] == {"reason": "download-budget"}
    assert refused.json["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert 86_000 < int(refused.headers["Retry-After"]) <= 86_400
    assert document(share_id)["downloads"] == 2
    assert get(client, share_id).status_code == 200
    assert download(client, other).status_code == 200


def test_links_of_one_owner_give_no_more_than_the_owners_bytes_a_day(
    drop, deliver, file, share, client, budgets, document
):
    budgets(link=10 * len(BYTES), owner=2 * len(BYTES))
    links = [share(file) for _ in range(3)]
    assert [download(client, link).status_code for link in links] == [200, 200, 429]
    assert document(links[2])["downloads"] == 0
    drop.uid += "-other"
    drop.make_profile()
    stranger = caller(drop, sharing.create_share)({"fileId": ready_file(drop).file_id}).result["shareId"]
    assert download(client, stranger).status_code == 200


def test_budget_is_whole_again_after_a_day(drop, file, share, client, budgets):
    budgets(link=len(BYTES), owner=len(BYTES))
    share_id = share(file)
    assert [download(client, share_id).status_code for _ in range(2)] == [200, 429]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for path in (f"shares/{share_id}", f"limits/downloads:{drop.uid}"):
        drop.firestore.document(path).update({"servedSince": yesterday})
    assert [download(client, share_id).status_code for _ in range(2)] == [200, 429]


def test_downloads_at_once_take_no_more_than_the_budget(file, share, application, budgets, document):
    budgets(link=5 * len(BYTES), owner=8 * len(BYTES))
    links = [share(file), share(file)]

    def take(number):
        return download(application("api", "http").test_client(), links[number % 2]).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(take, range(20)))
    assert sorted(statuses) == [200] * 8 + [429] * 12
    assert sum(document(link)["downloads"] for link in links) == 8
    assert max(document(link)["servedBytes"] for link in links) <= 5 * len(BYTES)


def test_one_download_is_not_any_number_of_bytes(file, share, client):
    share_id = share(file)
    grant = download(client, share_id).json["grant"]
    statuses = [content(client, share_id, grant).status_code for _ in range(3)]
    assert statuses == [200, 200, 403]
    assert content(client, share_id, download(client, share_id).json["grant"]).status_code == 200


def test_what_was_counted_goes_with_the_account(drop, file, share, client):
    download(client, share(file))
    counted = drop.firestore.document(f"limits/downloads:{drop.uid}")
    assert counted.get().get("servedBytes") == len(BYTES)
    drop.user_deleted()
    assert not counted.get().exists


def test_reading_a_piece_or_looking_is_not_counted(file, share, client, document):
    share_id = share(file, maxDownloads=5)
    grant = download(client, share_id).json["grant"]
    for _ in range(3):
        content(client, share_id, grant, "bytes=0-9")
        get(client, share_id)
        get(client, share_id, "/preview")
    assert document(share_id)["downloads"] == 1
    assert get(client, share_id).json["downloadsLeft"] == 4


def test_preview_is_the_thumbnail(drop, file, share, client):
    drop.bucket.blob(file.small).upload_from_string(b"a picture", content_type="image/webp")
    drop.firestore.document(file.document).update({"thumbnails": {"small": file.small}})
    share_id = share(file)
    response = get(client, share_id, "/preview")
    assert get(client, share_id).json["preview"] is True
    assert (response.status_code, response.data) == (200, b"a picture")
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_wrong_method_says_which_are_right(client):
    response = get(client, "A" * 22, "/downloads")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_missing_key_is_our_failure_and_not_the_visitors(file, share, client, monkeypatch):
    share_id = share(file)
    monkeypatch.setenv("SHARE_KEY", "")
    assert download(client, share_id).status_code == 500


# How often one may ask


def from_(client, address, share_id="A" * 22):
    return client.get(f"/api/shares/{share_id}", headers={"X-Forwarded-For": address})


def test_client_that_tries_ids_is_stopped_and_others_are_not(file, share, client, monkeypatch):
    monkeypatch.setattr(public_shares, "MISSES", ClientLimits(3, 60))
    share_id = share(file)
    assert [from_(client, "10.0.0.1").status_code for _ in range(4)] == [404, 404, 404, 429]
    stopped = from_(client, "10.0.0.1", share_id)
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["Retry-After"]) <= 60
    assert from_(client, "10.0.0.2", share_id).status_code == 200


def test_client_behind_hosting_cannot_make_up_another_address(drop, client, monkeypatch):
    monkeypatch.setattr(public_shares, "MISSES", ClientLimits(3, 60))
    statuses = [from_(client, f"9.9.9.{n}, 10.0.0.1, 10.0.0.8, 10.0.0.9").status_code for n in range(4)]
    assert statuses == [404, 404, 404, 429]


def test_client_that_makes_up_addresses_is_stopped_a_little_later(file, share, client, monkeypatch):
    monkeypatch.setattr(public_shares, "MISSES", ClientLimits(3, 60))
    share_id = share(file)
    statuses = [from_(client, f"9.9.{n}.1, 9.9.9.{n}, 10.0.0.1").status_code for n in range(31)]
    assert statuses == [404] * 30 + [429]
    assert from_(client, "8.8.8.8, 8.8.8.9, 10.0.0.1", share_id).status_code == 429
    assert from_(client, "8.8.8.8, 8.8.8.9, 10.0.0.2", share_id).status_code == 200


# When a file goes


def test_links_of_a_file_are_removed_and_others_stay(drop, file, share, document):
    gone = [share(file), share(file)]
    stays = share(ready_file(drop))
    assert sharing.end_shares_of_file(drop.uid, file.file_id) == 2
    assert [document(share_id) for share_id in gone] == [None, None]
    assert document(stays) is not None
    assert sharing.end_shares_of_file(drop.uid, file.file_id) == 0


def test_new_ids_are_different_and_have_the_form_of_one():
    ids = {sharing.new_share_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(share_id) == 22 for share_id in ids)


def test_share_of_a_file_that_was_processed_before_kinds_were_known_is_of_another_kind():
    key = FileKey("ann", "f1")
    file = {"name": "a", "contentType": "a/b", "size": 1, "path": "p", "generation": "1"}
    now = datetime.now(UTC)
    assert sharing.new_share(key, file, now, now, None)["kind"] == "other"
