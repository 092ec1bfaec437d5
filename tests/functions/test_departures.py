"""Accounts that end, against the emulators: nothing is left, however often the work dies."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from app import clients, departures, exports, objects, optimistic, queues, reports
from app.export_job import ExportKey
from app.refusals import Refusal
from app.sweep_steps import CURSORS_PATH, Step
from calls import Caller, id_token
from interruptions import Tasks, World
from pictures import jpeg

NOW = datetime.now(UTC)


def fill(drop) -> None:
    drop.make_profile()
    drop.ready_file(jpeg())
    drop.ready_file(b"Dear Ann", "letter.txt", "text/plain")
    fill_documents(drop)


def fill_documents(drop) -> None:
    """Something of every kind that is kept of a user, without the files."""
    drop.firestore.document(f"users/{drop.uid}/jobs/export").set({"state": "done"})
    drop.firestore.document(f"users/{drop.uid}/jobs/export/steps/1").set({"done": True})
    # Below a document that does not exist itself.
    drop.firestore.document(f"users/{drop.uid}/notes/missing/pages/1").set({"text": "x"})
    drop.firestore.document(f"shares/share-{drop.uid}").set({"uid": drop.uid})
    drop.firestore.document(f"limits/create_share:{drop.uid}").set({"uid": drop.uid, "count": 1})
    drop.firestore.document(f"ledger/export:{drop.uid}").set({"uid": drop.uid, "jobId": "export"})
    for name in ("users/{}/files/orphan/x", "users/{}/picture/p.webp", "exports/{}/job/drop-export.zip"):
        drop.bucket.blob(name.format(drop.uid)).upload_from_string(b"x")


def everything_of(drop) -> tuple[list[str], list[str]]:
    """Documents and objects; the trace of the deletion itself is not the user's."""

    def below(document) -> list[str]:
        found = [document.path] if document.get().exists else []
        for collection in document.collections():
            for child in collection.list_documents():
                found += below(child)
        return found

    outside = [
        document.path
        for collection in ("ledger", "limits", "shares")
        for document in drop.firestore.collection(collection).list_documents()
        if document.id.endswith(drop.uid) or f":{drop.uid}:" in document.id
    ]
    trace = f"ledger/deleted-user:{drop.uid}"
    documents = below(drop.firestore.document(f"users/{drop.uid}")) + [key for key in outside if key != trace]
    exports = [blob.name for blob in drop.bucket.list_blobs(prefix=f"exports/{drop.uid}/")]
    return documents, drop.objects() + exports


def trace_of(drop):
    return drop.firestore.document(f"ledger/deleted-user:{drop.uid}").get().to_dict()


def test_deleted_user_leaves_nothing(drop):
    fill(drop)
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


def test_deletion_spares_everyone_else(drop, deliver):
    other = type(drop)(deliver, f"{drop.uid}0", drop.project, drop.bucket.name)
    fill(other)
    before = everything_of(other)
    fill(drop)
    drop.user_deleted()
    assert everything_of(other) == before
    assert other.usage()[1] == 2


def test_deletion_may_come_twice(drop):
    fill(drop)
    drop.user_deleted()
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


def test_deletion_of_a_user_without_anything_succeeds(drop):
    drop.user_deleted()
    assert everything_of(drop) == ([], [])


def test_deletion_that_dies_at_any_change_is_finished_by_the_next_try(drop, monkeypatch):
    world = World(monkeypatch)
    for applied in (False, True):
        for at in itertools.count(1):
            clients.firestore().document(f"ledger/deleted-user:{drop.uid}").delete()
            fill_documents(drop)
            drop.make_profile()
            clients.auth().create_user(uid=drop.uid)
            with world.dying(at, applied=applied):
                departures.remove_user(drop.uid, NOW)
            departures.remove_user(drop.uid, NOW)
            assert everything_of(drop) == ([], [])
            assert clients.find_user(drop.uid) is None
            trace = trace_of(drop)
            assert (trace["state"], trace["removed"]) == ("verified", {"documents": 7, "objects": 3})
            if not world.died:
                break
        assert at > 8


def test_deletion_that_runs_twice_at_once_is_proved_once(drop, auth_user):
    fill(drop)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: departures.remove_user(drop.uid, NOW), range(2)))
    assert everything_of(drop) == ([], [])
    assert results[0] == results[1] == trace_of(drop)["removed"]


def test_late_events_of_a_deleted_user_bring_nothing_back(drop):
    drop.make_profile()
    key, blob = drop.ready_file(jpeg())
    fields = drop.document(key)
    drop.user_deleted()
    drop.object_deleted(blob)
    drop.document_deleted(key, fields)
    drop.finalized(blob)
    drop.user_created()
    assert everything_of(drop) == ([], [])


def test_upload_that_ends_after_its_user_is_gone_is_removed(drop):
    drop.make_profile()
    key = drop.announce()
    drop.user_deleted()
    drop.finalized(drop.upload(key, jpeg()))
    assert everything_of(drop) == ([], [])


@pytest.mark.parametrize("name", ["users/{}/picture/late.webp", "exports/{}/job/drop-export.zip"])
def test_other_object_that_comes_after_its_user_is_gone_is_removed(drop, name):
    blob = drop.bucket.blob(name.format(drop.uid))
    blob.upload_from_string(b"x", content_type="image/webp")
    drop.finalized(blob)
    assert drop.exists(blob.name), "it stays while its user does"
    drop.user_deleted()
    blob.upload_from_string(b"x", content_type="image/webp")
    drop.finalized(blob)
    assert everything_of(drop) == ([], [])


def test_entry_of_the_ledger_that_is_written_while_the_profile_goes_is_not_left(drop, monkeypatch):
    """A handler has read the profile; before it commits, everything of the user is removed."""
    drop.make_profile()
    key = drop.announce()
    blob = drop.upload(key, jpeg())
    fields = drop.document(key) | {"generation": str(blob.generation), "path": blob.name}
    commit = optimistic.Changes.commit
    overtaken = []

    def overtaking(changes):
        if not overtaken:
            overtaken.append(True)
            departures.remove_user(drop.uid, NOW)
        commit(changes)

    monkeypatch.setattr(optimistic.Changes, "commit", overtaking)
    drop.document_deleted(key, fields)
    assert everything_of(drop) == ([], [])


def test_export_that_is_built_while_its_account_goes_leaves_nothing(drop, monkeypatch):
    tasks = Tasks({exports.TASK: lambda data: exports.run_part(ExportKey(drop.uid, data["jobId"]), 1)})
    monkeypatch.setattr(queues, "enqueue", tasks.enqueue)
    drop.make_profile()
    drop.ready_file(jpeg())
    exports.start(drop.uid, NOW)
    upload = exports._upload

    def overtaken(*arguments):
        departures.remove_user(drop.uid, NOW)
        return upload(*arguments)

    monkeypatch.setattr(exports, "_upload", overtaken)
    tasks.run()
    assert everything_of(drop) == ([], [])
    # The task once more, as after a process that died behind its upload.
    tasks.enqueue(*tasks.past[0])
    drop.bucket.blob(f"exports/{drop.uid}/{tasks.past[0][1]['jobId']}/late.zip").upload_from_string(b"zip")
    tasks.run()
    assert everything_of(drop) == ([], [])


def test_account_that_goes_gets_no_new_export(drop, monkeypatch):
    monkeypatch.setattr(queues, "enqueue", Tasks({}).enqueue)
    with pytest.raises(Refusal, match="deleting"):
        exports.start(drop.uid, NOW)
    assert everything_of(drop) == ([], [])


def test_trace_proves_the_deletion_and_expires(drop):
    fill(drop)
    drop.user_deleted()
    trace = trace_of(drop)
    assert set(trace) == {
        "uid",
        "state",
        "createdUntil",
        "removed",
        "updatedAt",
        "verifiedAt",
        "expiresAt",
    }
    # Profile, two files with their entries in the ledger, six more; originals, thumbnails, three more.
    assert trace["removed"] == {"documents": 11, "objects": 7}
    assert trace["expiresAt"] - trace["verifiedAt"] > timedelta(days=29)


@pytest.mark.parametrize("prefix", ["users", "derived", "exports"])
def test_deletion_that_leaves_an_object_is_not_proved_and_is_tried_again(drop, monkeypatch, prefix):
    fill(drop)
    delete_prefix = objects.delete_prefix
    with monkeypatch.context() as broken:

        def forgetful(bucket, name):
            return 0 if name.startswith(f"{prefix}/") else delete_prefix(bucket, name)

        broken.setattr(objects, "delete_prefix", forgetful)
        with pytest.raises(departures.NotAllGone):
            departures.remove_user(drop.uid, NOW)
    assert trace_of(drop)["state"] == "removing"
    departures.remove_user(drop.uid, NOW)
    assert trace_of(drop)["state"] == "verified"


def test_document_that_comes_back_during_the_deletion_is_found_by_the_check(drop, monkeypatch):
    drop.make_profile()

    def comes_back(uid):
        drop.firestore.document(f"users/{uid}/files/late").set({"state": "processing"})

    with monkeypatch.context() as late:
        late.setattr(departures, "_delete_auth_user", comes_back)
        with pytest.raises(departures.NotAllGone, match="'documents': 1"):
            departures.remove_user(drop.uid, NOW)
    departures.remove_user(drop.uid, NOW)
    assert everything_of(drop) == ([], [])


class TestIdThatIsGivenOutAgain:
    """By the Admin SDK, or by a custom token that names it."""

    @pytest.fixture
    def former(self, drop):
        """The account that had the id first, as its deleted event describes it; its things are there."""
        account = {"metadata": {"createTime": "2026-01-01T00:00:00Z"}, "email": "former@example.com"}
        drop.user_created(**account, providerData=[{"providerId": "password"}])
        fill_documents(drop)
        return account

    @pytest.fixture
    def next_account(self, drop):
        def create():
            clients.auth().create_user(uid=drop.uid, email=f"{drop.uid}@example.com")

        return create

    def created_event(self, drop):
        drop.user_created(email=f"{drop.uid}@example.com", metadata={"createTime": time_of(drop.uid)})

    def test_deleted_event_that_comes_late_removes_the_former_and_not_the_next(
        self, drop, former, next_account
    ):
        next_account()
        drop.user_deleted(**former)
        assert clients.find_user(drop.uid) is not None
        documents, stored = everything_of(drop)
        assert (documents, stored) == ([f"users/{drop.uid}"], [])
        assert drop.profile()["email"] == f"{drop.uid}@example.com"

    def test_deleted_event_that_comes_again_takes_nothing_of_the_next(self, drop, former, next_account):
        drop.user_deleted(**former)
        next_account()
        self.created_event(drop)
        drop.firestore.document(f"users/{drop.uid}/files/new").set({"state": "ready"})
        before = everything_of(drop)
        drop.user_deleted(**former)
        drop.user_deleted()
        assert everything_of(drop) == before
        assert clients.find_user(drop.uid) is not None

    def test_task_that_comes_again_takes_nothing_of_the_next(self, drop, former, next_account, task_queue):
        next_account()
        departures.begin(drop.uid, NOW)
        departures.remove_user(drop.uid, NOW)
        assert clients.find_user(drop.uid) is None
        next_account()
        self.created_event(drop)
        before = everything_of(drop)
        departures.remove_user(drop.uid, NOW)
        assert everything_of(drop) == before == ([f"users/{drop.uid}"], [])
        assert clients.find_user(drop.uid) is not None

    def test_trace_of_the_former_keeps_no_profile_from_the_next(self, drop, former, next_account):
        drop.user_deleted(**former)
        next_account()
        drop.user_created(**former)
        assert drop.profile() is None, "this event is of the former account"
        self.created_event(drop)
        assert drop.profile()["email"] == f"{drop.uid}@example.com"

    def test_next_waits_for_the_end_of_the_removal_and_gets_its_profile_then(
        self, drop, former, next_account, monkeypatch
    ):
        with monkeypatch.context() as dying:

            def die(*arguments):
                raise OSError("the process is gone")

            dying.setattr(departures, "_delete_auth_user", die)
            with pytest.raises(OSError, match="gone"):
                departures.remove_user(drop.uid, NOW)
        next_account()
        self.created_event(drop)
        assert drop.profile() is None
        departures.remove_user(drop.uid, NOW)
        assert drop.profile()["email"] == f"{drop.uid}@example.com"
        assert trace_of(drop)["state"] == "verified"

    def test_next_can_be_deleted_in_its_turn(self, drop, former, next_account, task_queue):
        drop.user_deleted(**former)
        next_account()
        self.created_event(drop)
        departures.begin(drop.uid, NOW)
        trace = trace_of(drop)
        assert (trace["state"], "removed" in trace, "verifiedAt" in trace) == ("removing", False, False)
        departures.remove_user(drop.uid, NOW)
        assert everything_of(drop) == ([], [])
        assert clients.find_user(drop.uid) is None
        assert trace_of(drop)["state"] == "verified"

    def test_upload_of_the_next_is_not_taken_for_a_late_one(self, drop, former, next_account):
        drop.user_deleted(**former)
        next_account()
        self.created_event(drop)
        blob = drop.bucket.blob(f"users/{drop.uid}/picture/p.webp")
        blob.upload_from_string(b"x", content_type="image/webp")
        drop.finalized(blob)
        assert drop.exists(blob.name)

    def test_removal_that_dies_at_any_change_spares_the_next(self, drop, next_account, monkeypatch):
        world = World(monkeypatch)
        trace = drop.firestore.document(f"ledger/deleted-user:{drop.uid}")
        for applied in (False, True):
            for at in itertools.count(1):
                trace.delete()
                drop.firestore.document(f"users/{drop.uid}").delete()
                fill_documents(drop)
                drop.make_profile(createdAt=NOW - timedelta(days=1))
                if clients.find_user(drop.uid) is None:
                    next_account()
                with world.dying(at, applied=applied):
                    drop.user_deleted()
                drop.user_deleted()
                assert everything_of(drop) == ([f"users/{drop.uid}"], [])
                assert drop.profile()["email"] == f"{drop.uid}@example.com"
                assert clients.find_user(drop.uid) is not None
                if not world.died:
                    break
            assert at > 6


def time_of(uid) -> str:
    return clients.find_user(uid).created_at.isoformat()


def test_user_whose_account_is_gone_without_an_event_is_removed(drop, task_queue):
    fill(drop)
    departures.begin_for_gone(drop.uid, datetime.now(UTC))
    task_queue.run()
    assert everything_of(drop) == ([], [])
    assert trace_of(drop)["state"] == "verified"


def test_account_that_gets_the_id_before_the_task_runs_stays(drop, task_queue):
    fill(drop)
    drop.firestore.document(f"users/{drop.uid}").update({"createdAt": NOW - timedelta(days=1)})
    departures.begin_for_gone(drop.uid, datetime.now(UTC))
    clients.auth().create_user(uid=drop.uid)
    task_queue.run()
    assert clients.find_user(drop.uid) is not None
    assert everything_of(drop) == ([f"users/{drop.uid}"], [])


def test_deletion_leaves_no_id_in_the_reports(drop):
    drop.make_profile()
    other = f"{drop.uid}-other"
    amount = {"bytes": 0, "files": 0}
    for uid in (drop.uid, other):
        drop.firestore.document(f"users/{uid}").set({"state": "active"})
    reports.store(
        {"kind": "sweep", "drift": [{"uid": each, "was": amount, "is": amount} for each in (drop.uid, other)]}
    )
    kept_place = {"value": 1, "path": f"users/{other}/files/f"}
    drop.firestore.document(CURSORS_PATH).set(
        {
            "uid": drop.uid,
            "first": "purged",
            "purged": {"value": 1, "path": f"users/{drop.uid}/files/f"},
            "stalledRemovals": {"value": 1, "path": f"ledger/deleted-user:{drop.uid}"},
            "cleared": kept_place,
        }
    )
    drop.user_deleted()
    stored = [each.to_dict() for each in drop.firestore.collection("reports").stream()]
    assert not [fields for fields in stored if drop.uid in str(fields).replace(other, "")]
    (kept,) = [fields for fields in stored if other in fields.get("uids", [])]
    assert [drift["uid"] for drift in kept["drift"]] == [other]
    cursors = drop.firestore.document(CURSORS_PATH)
    assert cursors.get().to_dict() == {
        "uid": None,
        "first": "purged",
        "purged": None,
        "stalledRemovals": None,
        "cleared": kept_place,
    }
    cursors.delete()
    drop.firestore.document(f"users/{other}").delete()


def test_report_that_is_written_after_the_deletion_names_nobody(drop):
    drop.user_deleted()
    amount = {"bytes": 0, "files": 0}
    reports.store({"kind": "sweep", "drift": [{"uid": drop.uid, "was": amount, "is": amount}]})
    assert drop.uid not in str([each.to_dict() for each in drop.firestore.collection("reports").stream()])


class TestDeleteAccount:
    @pytest.fixture
    def tasks(self, monkeypatch):
        remove = lambda data: departures.remove_user(data["uid"], NOW)  # noqa: E731
        tasks = Tasks({departures.TASK: remove})
        monkeypatch.setattr(queues, "enqueue", tasks.enqueue)
        return tasks

    @pytest.fixture
    def call(self, drop, auth_user, tasks):
        from main import delete_account

        def call(confirm, **claims):
            return Caller(delete_account, id_token(drop.uid, drop.project, **claims))({"confirm": confirm})

        return call

    def test_account_goes_after_its_address_was_typed(self, drop, call, tasks):
        fill(drop)
        assert call(f" {drop.uid.upper()}@Example.com").result == {}
        assert drop.profile()["state"] == "deleting"
        assert drop.firestore.document(f"users/{drop.uid}/jobs/deletion").get().get("kind") == "deletion"
        assert trace_of(drop)["state"] == "removing"
        assert clients.auth().get_user(drop.uid).tokens_valid_after_timestamp > 0
        tasks.run()
        assert everything_of(drop) == ([], [])
        assert clients.find_user(drop.uid) is None
        assert trace_of(drop)["state"] == "verified"

    @pytest.mark.parametrize(
        ("confirm", "claims", "refusal"),
        [
            pytest.param(
                "someone@example.com", {}, ("INVALID_ARGUMENT", "invalid-input"), id="wrong address"
            ),
            pytest.param("DELETE", {}, ("INVALID_ARGUMENT", "invalid-input"), id="word of guests"),
            pytest.param(
                "", {"email": None}, ("INVALID_ARGUMENT", "invalid-input"), id="guest, nothing typed"
            ),
            pytest.param(
                None,
                {"auth_time": NOW.timestamp() - 301},
                ("FAILED_PRECONDITION", "recent-sign-in-required"),
                id="signed in too long ago",
            ),
        ],
    )
    def test_account_stays_when_it_is_not_sure_who_asks(self, drop, call, tasks, confirm, claims, refusal):
        drop.make_profile()
        answer = call(f"{drop.uid}@example.com" if confirm is None else confirm, **claims)
        assert answer.refusal == refusal
        assert drop.profile()["state"] == "active"
        assert (trace_of(drop), tasks.waiting) == (None, [])

    def test_sign_in_four_minutes_ago_is_recent(self, drop, call):
        drop.make_profile()
        assert call(f"{drop.uid}@example.com", auth_time=datetime.now(UTC).timestamp() - 240).result == {}

    def test_guest_confirms_with_a_word_however_long_ago_the_sign_in_was(self, drop, call, tasks):
        drop.make_profile()
        assert call("DELETE", email=None, auth_time=NOW.timestamp() - 86_400).result == {}
        tasks.run()
        assert everything_of(drop) == ([], [])

    def test_asking_again_is_one_task(self, drop, call, tasks):
        drop.make_profile()
        for _ in range(2):
            assert call(f"{drop.uid}@example.com").result == {}
        assert len(tasks.waiting) == 1

    def test_user_who_is_suspended_in_the_same_moment_stays_so(self, drop, call, tasks, monkeypatch):
        drop.make_profile()
        find_user = clients.find_user

        def suspended_meanwhile(uid):
            drop.firestore.document(f"users/{drop.uid}").update({"state": "suspended"})
            return find_user(uid)

        monkeypatch.setattr(clients, "find_user", suspended_meanwhile)
        assert call(f"{drop.uid}@example.com").refusal == ("PERMISSION_DENIED", "suspended")
        assert (drop.profile()["state"], tasks.waiting) == ("suspended", [])

    def test_call_that_dies_at_any_change_is_finished_by_the_sweep(self, drop, call, tasks, monkeypatch):
        world = World(monkeypatch)
        for at in itertools.count(1):
            fill_documents(drop)
            drop.make_profile()
            with world.dying(at, applied=True):
                departures.begin(drop.uid, NOW)
            departures.requeue_stalled(Step("stalled", NOW + timedelta(hours=3)))
            tasks.run()
            assert everything_of(drop) == ([], [])
            if not world.died:
                break
            clients.auth().create_user(uid=drop.uid)
            drop.firestore.document(f"ledger/deleted-user:{drop.uid}").delete()
            tasks.past.clear()
            tasks._ids.clear()
        assert at == 4


def test_sweep_enqueues_only_removals_that_have_not_ended_for_long(drop, monkeypatch):
    tasks = Tasks({})
    monkeypatch.setattr(queues, "enqueue", tasks.enqueue)
    trace = drop.firestore.document(f"ledger/deleted-user:{drop.uid}")

    def enqueued(state, age):
        tasks.waiting.clear()
        trace.set({"uid": drop.uid, "state": state, "updatedAt": NOW - age})
        departures.requeue_stalled(Step("stalled", NOW))
        return [data for _, data in tasks.waiting if data["uid"] == drop.uid]

    assert enqueued("removing", timedelta(hours=1)) == []
    assert enqueued("verified", timedelta(hours=3)) == []
    assert enqueued("removing", timedelta(hours=3)) == [{"uid": drop.uid}]
