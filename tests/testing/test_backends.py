"""Every kind of request on every backend: data in and out, denials, time.

The rules are the project's. What needs an emulator that is not running is skipped, and counted.
"""

from datetime import UTC, datetime, timedelta

import pytest

from testing.rules import (
    DELETE_FIELD,
    NO_RULE,
    SERVER_TIME,
    ArrayRemove,
    ArrayUnion,
    GeoPoint,
    Increment,
    Reference,
    RequestDenied,
    Upload,
    any_of,
    assert_allowed,
    assert_denied,
    evaluation_error,
    false_at,
)
from testing.rules.session import BACKENDS

NOTE = "backend-notes/n1"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 250000, tzinfo=UTC)


@pytest.fixture(params=BACKENDS)
def rules_backend_name(request):
    return request.param


@pytest.fixture
def server(rules):
    return rules.bypassing_rules()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        7,
        -0.5,
        "가",
        b"\x00\xff",
        MOMENT,
        [1, "a", {"b": [2]}],
        {"a": {"b": None}, "c": {}},
        GeoPoint(1.5, 2.0),
        Reference("backend-notes/n2"),
    ],
    ids=str,
)
def test_value_comes_back_as_it_was_seeded(rules, server, value):
    rules.seed({NOTE: {"value": value}})
    assert server.firestore.get(NOTE).data == {"value": value}


def test_document_that_is_not_there_has_no_data(server):
    assert assert_allowed(server.firestore.get(NOTE)).data is None


def test_writes_do_what_their_names_say(rules, server):
    notes = server.firestore
    assert_allowed(notes.create(NOTE, {"a": {"b": 1, "c": 2}, "d": 3}))
    assert notes.create(NOTE, {}).failure.status == "ALREADY_EXISTS"
    assert_allowed(notes.set(NOTE, {"a": {"b": 5}, "e": DELETE_FIELD}, merge=True))
    assert notes.get(NOTE).data == {"a": {"b": 5, "c": 2}, "d": 3}
    assert_allowed(notes.update(NOTE, {"a.c": 6, "d": DELETE_FIELD}))
    assert notes.get(NOTE).data == {"a": {"b": 5, "c": 6}}
    assert_allowed(notes.set(NOTE, {"f": 1}))
    assert notes.get(NOTE).data == {"f": 1}
    assert_allowed(notes.delete(NOTE))
    assert notes.update(NOTE, {"f": 2}).failure.status == "NOT_FOUND"


def test_server_computes_transforms(rules, server):
    rules.seed({NOTE: {"n": 1, "tags": ["a", "b"], "old": 0}})
    change = {"n": Increment(2), "tags": ArrayUnion(("c",)), "at": SERVER_TIME, "map.n": Increment(1)}
    assert_allowed(server.firestore.update(NOTE, change))
    assert_allowed(server.firestore.update(NOTE, {"tags": ArrayRemove(("a",)), "old": DELETE_FIELD}))
    data = server.firestore.get(NOTE).data
    assert abs(data.pop("at") - rules.now) < timedelta(minutes=1)
    assert data == {"n": 3, "tags": ["b", "c"], "map": {"n": 1}}


def test_queries_filter_order_and_limit(rules, server):
    rules.seed({f"backend-notes/n{n}": {"n": n, "even": n % 2 == 0, "none": None} for n in range(5)})

    def found(**query):
        return [data["n"] for data in server.firestore.list("backend-notes", **query).data.values()]

    assert found(order_by=["-n"], limit=2) == [4, 3]
    assert found(where=[("n", ">", 0), ("n", "<=", 3)], order_by=["-n"]) == [3, 2, 1]
    assert found(where=[("even", "==", True), ("none", "==", None)]) == [0, 2, 4]
    assert found(where=[any_of(("n", "==", 1), ("n", "==", 3))]) == [1, 3]
    assert found(where=[("n", "in", [0, 4])]) == [0, 4]
    assert found(where=[("none", "!=", None)]) == []
    assert found(where=[("none", "==", None)], limit=1) == [0]
    assert len(server.firestore.list("backend-notes", group=True).data) == 5


def test_batch_happens_as_a_whole_or_not_at_all(rules, server):
    rules.seed({NOTE: {"a": 1}})
    batch = server.firestore.batch().update(NOTE, {"a": 2}).update("backend-notes/absent", {"a": 2})
    assert batch.commit().failure.status == "NOT_FOUND"
    assert server.firestore.get(NOTE).data == {"a": 1}
    assert_allowed(server.firestore.batch().update(NOTE, {"a": 2}).delete("backend-notes/absent").commit())
    assert server.firestore.get(NOTE).data == {"a": 2}


def test_transaction_reads_and_then_writes(rules, server):
    rules.seed({NOTE: {"a": 1}})
    with server.firestore.transaction() as transaction:
        assert list(transaction.list("backend-notes").data) == [NOTE]
        transaction.update(NOTE, {"a": transaction.get(NOTE).data["a"] + 1})
        assert_allowed(transaction.commit())
    assert server.firestore.get(NOTE).data == {"a": 2}


def test_transaction_that_is_left_keeps_nobody_waiting(rules, server):
    rules.seed({NOTE: {"a": 1}})
    with server.firestore.transaction() as transaction:
        assert transaction.get(NOTE).data == {"a": 1}
    assert_allowed(server.firestore.update(NOTE, {"a": 2}))


def test_write_to_what_an_open_transaction_has_read_is_aborted(rules, server):
    rules.seed({NOTE: {"a": 1}})
    with server.firestore.transaction() as transaction:
        assert transaction.get(NOTE).data == {"a": 1}
        assert server.firestore.update(NOTE, {"a": 2}).failure.status == "ABORTED"
    assert server.firestore.get(NOTE).data == {"a": 1}


def test_objects_are_stored_listed_changed_and_deleted(rules, server):
    rules.seed(objects={"backend/a": b"seeded", "backend/b": Upload(size=3, content_type="text/plain")})
    assert_allowed(server.storage.upload("backend/c", b"12345", content_type="image/png"))
    assert server.storage.get("backend/c").data == {
        "name": "backend/c",
        "size": 5,
        "content_type": "image/png",
    }
    assert server.storage.list("backend").data == ["backend/a", "backend/b", "backend/c"]
    assert_allowed(server.storage.update("backend/b", content_type="text/csv"))
    assert server.storage.get("backend/b").data["content_type"] == "text/csv"
    assert_allowed(server.storage.delete("backend/a"))
    assert server.storage.get("backend/a").data is None
    assert server.storage.delete("backend/a").failure.status == "NOT_FOUND"


def test_what_one_test_left_is_not_there_in_the_next(rules, server):
    assert server.firestore.list("backend-notes").data == {}
    assert server.storage.list("backend").data == []


def test_time_moves_only_when_it_is_moved(rules, server):
    rules.travel_to(MOMENT)
    assert_allowed(server.firestore.set(NOTE, {"at": SERVER_TIME}))
    assert server.firestore.get(NOTE).data == {"at": MOMENT}
    rules.travel(timedelta(days=-1))
    assert_allowed(server.firestore.set(NOTE, {"at": SERVER_TIME}))
    assert server.firestore.get(NOTE).data == {"at": MOMENT - timedelta(days=1)}
    assert rules.now == MOMENT - timedelta(days=1)


ALICE = "backend-alice"
ANNOUNCED = f"users/{ALICE}/files/f1"
PROFILE = "/users/{uid}"


@pytest.fixture
def alice(rules):
    """With a profile that has everything but a free place for another file, and an announced one."""
    now = datetime.now(UTC)
    rules.seed(
        {
            f"users/{ALICE}": {
                "name": "Alice",
                "locale": "en",
                "state": "active",
                "quota": {"bytes": 10, "files": 1},
                "usage": {"bytes": 0, "files": 1},
            },
            ANNOUNCED: {"name": "a.png", "contentType": "image/png", "state": "uploading", "createdAt": now},
        }
    )
    return rules.as_user(ALICE)


def test_denial_is_told_by_its_condition_its_statement_and_its_absence(rules, alice):
    denied = rules.as_user("backend-bob").firestore.get(f"users/{ALICE}")
    for reason in ("isOwner(uid)", "request.auth.uid == uid", false_at(PROFILE, "get")):
        assert_denied(denied, reason=reason)
    assert_denied(alice.firestore.delete(f"users/{ALICE}"), reason=NO_RULE)
    missing = alice.firestore.update("users/backend-alice/files/f2", {"name": "b", "updatedAt": SERVER_TIME})
    assert_denied(missing, reason=evaluation_error("Null value"))


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(NO_RULE, id="a rule is there"),
        pytest.param(evaluation_error(), id="nothing failed to evaluate"),
        pytest.param(false_at(PROFILE, "update"), id="another statement"),
        pytest.param("profile.state == 'active'", id="a condition of another statement"),
        pytest.param("isOwner(id)", id="no condition at all"),
    ],
)
def test_denial_for_another_reason_fails(rules, alice, reason):
    denied = rules.as_user("backend-bob").firestore.get(f"users/{ALICE}")
    assert_denied(denied, reason="isOwner(uid)")
    with pytest.raises(pytest.fail.Exception):
        assert_denied(denied, reason=reason)


def test_denied_batch_and_transaction_write_nothing(rules, alice, server):
    rename = {"name": "Al", "updatedAt": SERVER_TIME}
    batch = alice.firestore.batch().update(f"users/{ALICE}", rename).delete(f"users/{ALICE}")
    assert_denied(batch.commit(), reason=NO_RULE)
    with alice.firestore.transaction() as transaction:
        assert_allowed(transaction.get(f"users/{ALICE}"))
        transaction.update(f"users/{ALICE}", rename | {"role": "admin"})
        assert_denied(transaction.commit(), reason="changesOnly(['name', 'locale', 'picture', 'updatedAt'])")
    assert server.firestore.get(f"users/{ALICE}").data["name"] == "Alice"
    assert_allowed(alice.firestore.update(f"users/{ALICE}", rename))


def test_storage_rules_read_what_was_seeded_in_firestore(rules, alice, server):
    name = f"{ANNOUNCED}/a.png"
    full = "profile.usage.files + 1 <= profile.quota.files"
    assert_denied(alice.storage.upload(name, b"1", content_type="image/png"), reason=full)
    assert_allowed(server.firestore.update(f"users/{ALICE}", {"quota.files": 2}))
    assert_allowed(alice.storage.upload(name, b"1", content_type="image/png"))
    assert_denied(rules.as_guest().storage.get(name), reason="isOwner(uid)")


def test_data_of_a_denied_request_is_refused_with_the_reason(rules):
    answer = rules.as_guest().firestore.get("users/backend-alice")
    assert not answer.allowed
    with pytest.raises(RequestDenied, match="guest: get users/backend-alice was denied: "):
        _ = answer.data
    assert_denied(answer, reason="isOwner(uid)")


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda me: me.firestore.get("users"), ValueError, "'users' is no document's path"),
        (lambda me: me.firestore.get("users//a/b"), ValueError, "is no document's path"),
        (lambda me: me.firestore.list("users/a"), ValueError, "'users/a' is no collection's path"),
        (lambda me: me.firestore.set("a/b", {"x": {1, 2}}), TypeError, "Firestore has no value for {1, 2}"),
        (lambda me: me.firestore.set("a/b", {"x": datetime(2026, 1, 1)}), TypeError, "has no time zone"),  # noqa: DTZ001
        (lambda me: me.firestore.list("a", where=[("x", "like", 1)]), ValueError, "like"),
    ],
)
def test_wrong_use_says_what_is_wrong(rules, use, error, says):
    with pytest.raises(error, match=says):
        use(rules.as_user("backend-alice"))
