"""Exports against the emulators: what they hold, and that dying anywhere changes nothing about it."""

import hashlib
import io
import itertools
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests
from app import clients, exports, objects, queues
from app.export_job import NEW_JOB, Ended, ExportKey, Progress
from app.export_plan import make_plan
from app.sweep_steps import Step
from calls import Caller, id_token
from firebase_functions.https_fn import CallableRequest
from google.api_core.exceptions import ServiceUnavailable
from interruptions import Tasks, World
from pictures import jpeg
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

NOW = datetime.now(UTC)


def task_request(data, tried_before=0):
    headers = {"X-CloudTasks-TaskRetryCount": str(tried_before)}
    return CallableRequest(raw_request=Request(EnvironBuilder(headers=headers).get_environ()), data=data)


@pytest.fixture
def tasks(monkeypatch):
    tasks = Tasks({exports.TASK: lambda data: exports.export_part(task_request(data))})
    monkeypatch.setattr(queues, "enqueue", tasks.enqueue)
    return tasks


@pytest.fixture
def small_parts(monkeypatch):
    """An archive holds ten bytes."""
    monkeypatch.setattr(exports, "make_plan", partial(make_plan, most_bytes=10))


class Library:
    """A user's files as they stand when functions are done with them."""

    def __init__(self, drop):
        self.drop = drop
        self.jobs = drop.firestore.collection(f"users/{drop.uid}/jobs")

    def add(self, file_id, data, name=None, state="ready", **fields):
        path = f"users/{self.drop.uid}/files/{file_id}/{file_id}"
        blob = self.drop.bucket.blob(path)
        blob.upload_from_string(data, content_type="text/plain")
        document = {
            "name": name or f"{file_id}.txt",
            "size": len(data),
            "contentType": "text/plain",
            "state": state,
            "createdAt": datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
            "path": path,
            "generation": str(blob.generation),
        }
        self.drop.firestore.document(f"users/{self.drop.uid}/files/{file_id}").set(document | fields)
        return blob

    def export(self, tasks):
        """Makes an export; gives its job."""
        job_id = exports.start(self.drop.uid, NOW)
        tasks.run()
        return job_id

    def job(self, job_id):
        return self.jobs.document(job_id).get().to_dict()

    def archives(self, job_id):
        """The content of each archive the job names, by the names in it."""
        found = []
        for part in self.job(job_id)["parts"]:
            data = self.drop.bucket.blob(part["path"]).download_as_bytes()
            assert len(data) == part["size"]
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                assert archive.testzip() is None
                found.append({name: archive.read(name) for name in archive.namelist()})
        return found

    def exported(self):
        """The names of the objects below the prefix of exports, plans aside."""
        blobs = self.drop.bucket.list_blobs(prefix=f"exports/{self.drop.uid}/")
        names = [blob.name.rpartition("/")[2] for blob in blobs]
        return sorted(name for name in names if not name.startswith("plan-"))


@pytest.fixture
def library(drop):
    drop.make_profile(name="Ann", locale="en")
    return Library(drop)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class TestContent:
    def test_archive_holds_everything_the_user_has(self, library, tasks, auth_user):
        drop = library.drop
        library.add("one", b"Dear Ann", "letter.txt")
        library.add("two", jpeg(), "사진.jpg", contentType="image/jpeg", image={"width": 3, "height": 2})
        library.add("three", b"old", "old.txt", state="trashed")
        drop.announce("unfinished.txt")
        drop.firestore.document(f"shares/{drop.uid}").set({"uid": drop.uid, "fileId": "one"})
        drop.firestore.document(f"shares/not-{drop.uid}").set({"uid": "someone else", "fileId": "x"})
        drop.bucket.blob(f"users/{drop.uid}/picture/p1.webp").upload_from_string(b"webp")
        drop.firestore.document(f"users/{drop.uid}").update({"picture": f"users/{drop.uid}/picture/p1.webp"})

        job_id = library.export(tasks)
        (archive,) = library.archives(job_id)
        assert sorted(archive) == [
            "README.txt",
            "account.json",
            "documents/files.jsonl",
            "documents/jobs.jsonl",
            "documents/shares.jsonl",
            "files/2026/letter.txt",
            "files/2026/사진.jpg",
            "manifest.json",
            "picture.webp",
            "profile.json",
            "trash/old.txt",
        ]
        assert archive["files/2026/letter.txt"] == b"Dear Ann"
        assert archive["files/2026/사진.jpg"] == jpeg()
        assert json.loads(archive["profile.json"])["name"] == "Ann"
        account = json.loads(archive["account.json"])
        assert (account["email"], account["providers"]) == (f"{drop.uid}@example.com", ["password"])
        assert datetime.fromisoformat(account["createdAt"]) > NOW - timedelta(hours=1)
        assert [each["fileId"] for each in lines(archive["documents/shares.jsonl"])] == ["one"]
        files = {each["name"]: each for each in lines(archive["documents/files.jsonl"])}
        assert set(files) == {"letter.txt", "사진.jpg", "old.txt", "unfinished.txt"}
        assert files["letter.txt"]["createdAt"] == "2026-05-01T09:30:00Z"
        assert files["사진.jpg"]["image"] == {"width": 3, "height": 2}
        manifest = {each["name"]: each for each in json.loads(archive["manifest.json"])["files"]}
        assert manifest["files/2026/letter.txt"]["sha256"] == hashlib.sha256(b"Dear Ann").hexdigest()
        assert set(manifest) == {"files/2026/letter.txt", "files/2026/사진.jpg", "trash/old.txt"}

    def test_job_tells_what_there_is_to_download_and_until_when(self, library, tasks):
        library.add("one", b"12345")
        job = library.job(library.export(tasks))
        amounts = [job[name] for name in ("done", "total", "bytesDone", "bytesTotal", "partCount")]
        assert (job["kind"], job["state"], amounts) == ("export", "done", [1, 1, 5, 5, 1])
        assert abs(job["expiresAt"] - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=1)
        blob = library.drop.bucket.get_blob(job["parts"][0]["path"])
        assert blob.name.endswith("/drop-export.zip")
        assert blob.content_disposition == 'attachment; filename="drop-export.zip"'

    @pytest.mark.parametrize(("locale", "word"), [("ko", "내보낸"), ("en", "everything Drop keeps")])
    def test_readme_speaks_the_language_of_the_user(self, library, tasks, locale, word):
        library.drop.firestore.document(f"users/{library.drop.uid}").update({"locale": locale})
        (archive,) = library.archives(library.export(tasks))
        assert word in archive["README.txt"].decode()

    def test_user_without_files_gets_an_archive(self, library, tasks):
        (archive,) = library.archives(library.export(tasks))
        assert {"README.txt", "profile.json", "manifest.json"} <= set(archive)

    def test_many_bytes_become_several_archives(self, library, tasks, small_parts):
        for n in range(4):
            library.add(f"f{n}", b"%d234" % n)
        job_id = library.export(tasks)
        first, second = library.archives(job_id)
        assert [each for each in first if each.startswith("files/")] == [
            "files/2026/f0.txt",
            "files/2026/f1.txt",
        ]
        assert set(second) == {"files/2026/f2.txt", "files/2026/f3.txt", "manifest-2-of-2.json"}
        assert library.exported() == ["drop-export-1-of-2.zip", "drop-export-2-of-2.zip"]
        assert "2 archives" in first["README.txt"].decode()

    def test_file_deleted_after_the_plan_is_named_in_the_manifest(self, library, tasks, small_parts):
        library.add("one", b"1234567890")
        blob = library.add("two", b"1234567890")
        job_id = exports.start(library.drop.uid, NOW)
        exports.run_part(ExportKey(library.drop.uid, job_id), 1)
        blob.delete()
        tasks.run()
        manifest = json.loads(library.archives(job_id)[1]["manifest-2-of-2.json"])
        assert manifest["files"] == []
        assert [each["name"] for each in manifest["missing"]] == ["files/2026/two.txt"]
        job = library.job(job_id)
        assert (job["state"], job["done"], job["total"]) == ("done", 2, 2)
        assert [part["files"] for part in job["parts"]] == [1, 0]

    def test_file_replaced_after_the_plan_is_not_taken_for_the_planned_one(self, library, tasks, small_parts):
        library.add("one", b"1234567890")
        library.add("two", b"1234567890", generation="1")
        archives = library.archives(library.export(tasks))
        assert "files/2026/two.txt" not in archives[1]

    def test_picture_that_is_not_the_users_own_is_left_out(self, library, tasks):
        library.drop.bucket.blob("users/someone/picture/p.webp").upload_from_string(b"webp")
        profile = library.drop.firestore.document(f"users/{library.drop.uid}")
        profile.update({"picture": "users/someone/picture/p.webp"})
        (archive,) = library.archives(library.export(tasks))
        assert not [name for name in archive if name.startswith("picture")]


class TestStart:
    def test_second_call_gives_the_export_that_is_under_way(self, library, tasks):
        first = exports.start(library.drop.uid, NOW)
        assert exports.start(library.drop.uid, NOW) == first
        assert len(tasks.waiting) == 1
        tasks.run()
        assert exports.start(library.drop.uid, NOW) != first

    def test_calls_at_once_begin_one_export(self, library, tasks):
        with ThreadPoolExecutor(4) as pool:
            started = set(pool.map(lambda _: exports.start(library.drop.uid, NOW), range(4)))
        assert len(started) == len(list(library.jobs.list_documents())) == 1

    def test_export_that_was_never_enqueued_is_enqueued_by_the_next_call(self, library, tasks, monkeypatch):
        world = World(monkeypatch)
        # The first change is the commit, the second one the task.
        with world.dying(2, applied=False):
            exports.start(library.drop.uid, NOW)
        assert tasks.waiting == []
        assert library.job(library.export(tasks))["state"] == "done"
        assert len(list(library.jobs.list_documents())) == 1


class TestPrevious:
    def test_previous_exports_go_when_a_new_one_begins(self, library, tasks):
        library.add("one", b"12345")
        first = library.export(tasks)
        failed = exports.start(library.drop.uid, NOW)
        exports.fail(ExportKey(library.drop.uid, failed), "unavailable")
        tasks.waiting.clear()
        second = exports.start(library.drop.uid, NOW)
        assert (library.job(first), library.job(failed), library.exported()) == (None, None, [])
        tasks.run()
        assert library.job(second)["state"] == "done"
        assert library.exported() == ["drop-export.zip"]

    def test_export_under_way_keeps_its_archives_when_it_is_asked_for_again(
        self, library, tasks, small_parts
    ):
        for n in range(2):
            library.add(f"f{n}", b"1234567890")
        job_id = exports.start(library.drop.uid, NOW)
        exports.run_part(ExportKey(library.drop.uid, job_id), 1)
        assert exports.start(library.drop.uid, NOW) == job_id
        assert library.exported() == ["drop-export-1-of-2.zip"]

    def test_exports_of_others_and_the_deletion_of_the_account_stay(self, library, tasks):
        library.jobs.document("deletion").set({"kind": "deletion", "state": "running"})
        other = library.drop.bucket.blob(f"exports/{library.drop.uid}-2/job/drop-export.zip")
        other.upload_from_string(b"zip")
        library.export(tasks)
        library.export(tasks)
        assert library.job("deletion")["state"] == "running"
        assert other.exists()

    def test_process_that_dies_at_any_change_leaves_one_export(self, library, tasks, monkeypatch):
        library.add("one", b"12345")
        world = World(monkeypatch)
        for applied in (False, True):
            for at in itertools.count(1):
                library.export(tasks)
                with world.dying(at, applied=applied):
                    library.export(tasks)
                tasks.run()
                job_id = exports.start(library.drop.uid, NOW)
                tasks.run()
                assert library.job(job_id)["state"] == "done"
                assert [job.id for job in library.jobs.list_documents()] == [job_id]
                assert library.exported() == ["drop-export.zip"]
                if not world.died:
                    break
            assert at > 4

    def test_so_many_begin_in_a_day(self, library, task_queue):
        from main import start_export

        caller = Caller(start_export, id_token(library.drop.uid, library.drop.project))
        for _ in range(5):
            assert caller().result["jobId"]
        assert caller().refusal == ("RESOURCE_EXHAUSTED", "rate-limited")
        limit = library.drop.firestore.document(f"limits/start_export:{library.drop.uid}")
        limit.update({"windowStart": datetime.now(UTC) - timedelta(hours=23, minutes=59)})
        assert caller().refusal == ("RESOURCE_EXHAUSTED", "rate-limited")
        limit.update({"windowStart": datetime.now(UTC) - timedelta(days=1)})
        assert caller().result["jobId"]


class TestAgain:
    """The same end, however often and in whatever order the tasks come."""

    @pytest.fixture
    def started(self, library, tasks, small_parts):
        for n in range(3):
            library.add(f"f{n}", b"1234567890")
        return exports.start(library.drop.uid, NOW)

    def check(self, library, job_id, files=3):
        job = library.job(job_id)
        assert (job["state"], job["done"], job["bytesDone"]) == ("done", files, 10 * files)
        assert [part["number"] for part in job["parts"]] == list(range(1, files + 1))
        names = [[name for name in each if name.startswith("files")] for each in library.archives(job_id)]
        assert names == [[f"files/2026/f{n}.txt"] for n in range(files)]
        assert library.exported() == [f"drop-export-{n}-of-{files}.zip" for n in range(1, files + 1)]

    @pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])), ids=str)
    def test_parts_in_any_order_give_the_same_archives(self, library, tasks, started, order):
        key = ExportKey(library.drop.uid, started)
        for number in order:
            exports.run_part(key, number)
        self.check(library, started)
        tasks.run()
        self.check(library, started)

    def test_every_task_twice_changes_nothing(self, library, tasks, started):
        tasks.run()
        before = library.job(started)
        for name, data in tasks.past:
            tasks.enqueue(name, data)
        tasks.run()
        assert library.job(started) == before
        self.check(library, started)

    def test_every_task_at_once_and_twice_gives_the_same_archives(self, library, tasks, started):
        key = ExportKey(library.drop.uid, started)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda number: exports.run_part(key, number), [1, 2, 3, 3, 2, 1]))
        self.check(library, started)

    def test_part_built_twice_at_once_is_described_as_it_is(self, library, tasks, small_parts, monkeypatch):
        """Between the two a file was deleted, so their archives differ; the later upload is the one kept."""
        library.add("one", b"12345")
        blob = library.add("two", b"12345")
        job_id = exports.start(library.drop.uid, NOW)
        key = ExportKey(library.drop.uid, job_id)
        upload = exports._upload
        slower = []

        def overtaken(*arguments):
            result = upload(*arguments)
            if not slower:
                slower.append(True)
                blob.delete()
                exports.run_part(key, 1)
            return result

        monkeypatch.setattr(exports, "_upload", overtaken)
        exports.run_part(key, 1)
        (archive,) = library.archives(job_id)  # compares the sizes
        assert "files/2026/two.txt" not in archive
        assert library.job(job_id)["parts"][0]["files"] == 1

    def test_task_that_dies_at_any_change_is_finished_by_the_next_try(
        self, library, tasks, small_parts, monkeypatch
    ):
        for n in range(2):
            library.add(f"f{n}", b"1234567890")
        world = World(monkeypatch)
        for applied in (False, True):
            for at in itertools.count(1):
                job_id = None
                with world.dying(at, applied=applied):
                    job_id = exports.start(library.drop.uid, NOW)
                    tasks.run()
                job_id = job_id or exports.start(library.drop.uid, NOW)
                tasks.run()
                self.check(library, job_id, files=2)
                exports.remove_export(library.drop.uid, job_id)
                assert library.exported() == []
                if not world.died:
                    break
            assert at > 8


class TestFailure:
    def test_storage_that_fails_for_a_while_delays_the_export(self, library, tasks, monkeypatch):
        library.add("one", b"12345")
        job_id = exports.start(library.drop.uid, NOW)
        with monkeypatch.context() as broken:
            broken.setattr(objects, "live_blob", fails)
            with pytest.raises(OSError, match="503"):
                tasks.run()
        assert library.job(job_id)["state"] == "running"
        tasks.run()
        assert library.job(job_id)["state"] == "done"

    def test_storage_that_answers_503_for_a_moment_is_asked_again(self, library, tasks, monkeypatch):
        library.add("one", b"12345")
        storage = clients._storage()._http
        send, refused = storage.request, []

        def busy(method, url, **options):
            # Once for each kind of request, as planning, looking, downloading and uploading come by.
            kind = (method, "upload" in url, "alt=media" in url)
            if kind in refused:
                return send(method, url, **options)
            refused.append(kind)
            response = requests.Response()
            response.status_code = 503
            return response

        monkeypatch.setattr(storage, "request", busy)
        job_id = exports.start(library.drop.uid, NOW)
        while tasks.waiting:
            with suppress(ServiceUnavailable):  # the queue tries again
                tasks.run()
        assert len(refused) >= 3
        (archive,) = library.archives(job_id)
        assert archive["files/2026/one.txt"] == b"12345"

    def test_last_try_that_fails_ends_the_job_and_the_user_can_start_again(self, library, tasks, monkeypatch):
        library.add("one", b"12345")
        job_id = exports.start(library.drop.uid, NOW)
        with monkeypatch.context() as broken:
            broken.setattr(objects, "live_blob", fails)
            last = exports.MAX_TASK_ATTEMPTS - 1
            exports.export_part(task_request({"uid": library.drop.uid, "jobId": job_id}, last))
        job = library.job(job_id)
        assert (job["state"], job["error"], job["parts"]) == ("failed", "unavailable", [])
        assert library.exported() == []
        assert library.job(library.export(tasks))["state"] == "done"

    def test_task_of_a_job_that_was_removed_leaves_nothing(self, library, tasks):
        library.add("one", b"12345")
        job_id = exports.start(library.drop.uid, NOW)
        library.jobs.document(job_id).delete()
        tasks.run()
        assert library.exported() == []

    def test_job_removed_while_its_archive_is_uploaded_leaves_nothing(self, library, tasks, monkeypatch):
        job_id = exports.start(library.drop.uid, NOW)
        upload = exports._upload

        def removed_meanwhile(*arguments):
            exports.remove_export(library.drop.uid, job_id)
            return upload(*arguments)

        monkeypatch.setattr(exports, "_upload", removed_meanwhile)
        tasks.run()
        assert list(library.drop.bucket.list_blobs(prefix=f"exports/{library.drop.uid}/")) == []
        assert library.job(job_id) is None


def fails(*_):
    raise OSError("503")


class TestProgress:
    @pytest.fixture
    def running(self, library, small_parts):
        """A job with two parts of two files each, of which none is built yet."""
        for n in range(4):
            library.add(f"f{n}", b"12345")
        key = ExportKey(library.drop.uid, "job")
        library.jobs.document("job").set({**NEW_JOB, "updatedAt": NOW})
        return key, exports._plan(key)

    def progress(self, running, number, seconds):
        clock = iter(seconds)
        return Progress(*running, number, clock=lambda: next(clock))

    def amounts(self, library):
        job = library.job("job")
        return job["done"], job["bytesDone"]

    def test_progress_is_written_about_once_a_second(self, library, running):
        #                                      start  1st   2nd (written, noted)
        progress = self.progress(running, 1, [0.0, 0.9, 1.0, 1.0])
        progress.step(5)
        assert self.amounts(library) == (0, 0)
        progress.step(5)
        assert self.amounts(library) == (2, 10)

    def test_progress_counts_from_the_parts_that_are_recorded(self, library, running):
        library.jobs.document("job").update({"parts": [{"number": 1}]})
        self.progress(running, 2, [0, 2, 2]).step(5)
        assert self.amounts(library) == (3, 15)

    def test_progress_of_a_part_that_is_built_again_does_not_go_back(self, library, running):
        library.jobs.document("job").update({"done": 2, "bytesDone": 10})
        self.progress(running, 1, [0, 2, 2]).step(5)
        assert self.amounts(library) == (2, 10)

    def test_progress_of_a_job_that_ended_stops_the_work(self, library, running):
        library.jobs.document("job").update({"state": "failed"})
        with pytest.raises(Ended):
            self.progress(running, 1, [0, 2, 2]).step(5)


class TestSweep:
    def backdate(self, library, job_id, **fields):
        library.jobs.document(job_id).update(fields)

    def test_export_is_removed_with_its_archives_when_it_has_expired(self, library, tasks):
        job_id = library.export(tasks)
        exports.remove_expired(Step("expired", NOW))
        assert library.job(job_id)["state"] == "done"
        assert library.exported() == ["drop-export.zip"]
        self.backdate(library, job_id, expiresAt=NOW - timedelta(seconds=1))
        assert exports.remove_expired(Step("expired", NOW)).count >= 1
        assert library.job(job_id) is None
        assert library.exported() == []

    def test_stalled_export_goes_on_where_it_stood(self, library, tasks, small_parts):
        for n in range(2):
            library.add(f"f{n}", b"1234567890")
        job_id = exports.start(library.drop.uid, NOW)
        exports.run_part(ExportKey(library.drop.uid, job_id), 1)
        tasks.waiting.clear()
        built = library.job(job_id)["parts"]
        self.backdate(library, job_id, updatedAt=NOW - timedelta(minutes=16))
        assert exports.requeue_stalled(Step("stalled", NOW)).count >= 1
        tasks.run()
        job = library.job(job_id)
        assert (job["state"], job["parts"][0]) == ("done", built[0])

    def test_export_that_moved_lately_is_left_alone(self, library, tasks):
        exports.start(library.drop.uid, NOW)
        tasks.waiting.clear()
        exports.requeue_stalled(Step("stalled", NOW))
        assert [data for _, data in tasks.waiting if data["uid"] == library.drop.uid] == []

    def test_export_that_stalls_again_and_again_is_given_up(self, library, tasks):
        job_id = exports.start(library.drop.uid, NOW)
        for _ in range(exports.MAX_RESTARTS + 1):
            assert library.job(job_id)["state"] == "queued"
            tasks.waiting.clear()
            self.backdate(library, job_id, updatedAt=NOW - timedelta(minutes=16))
            exports.requeue_stalled(Step("stalled", NOW))
        job = library.job(job_id)
        assert (job["state"], job["error"]) == ("failed", "stalled")
        assert "expiresAt" in job
