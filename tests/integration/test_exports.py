"""Everything a user has, from the request to the archive on their disk."""

import io
import json
import os
import zipfile

import pytest
import requests

from tests.integration.people import eventually
from tests.rest import SERVER_TIME

# A worker must start, and an interrupted task is tried again after two seconds and more.
MINUTE = 60


@pytest.fixture
def exports(admin, callables):
    return Exports(admin, callables)


class Exports:
    def __init__(self, admin, callables):
        self._admin = admin
        self._callables = callables

    def start(self, person):
        return self._callables.call("start_export", None, person).result["jobId"]

    def job(self, person, job_id):
        """The job as its owner sees it."""
        response = person.firestore.get(f"{person.profile_path}/jobs/{job_id}")
        assert response.ok, response.text
        return self._admin.firestore.document(f"{person.profile_path}/jobs/{job_id}").get().to_dict()

    def until_done(self, person, job_id):
        job = eventually(
            lambda: (seen := self.job(person, job_id)) and seen["state"] in ("done", "failed") and seen,
            within=MINUTE,
            what="the export has ended",
        )
        assert job["state"] == "done", job
        return job

    def archive(self, person, job):
        """The content of the only archive, downloaded as its owner."""
        (part,) = job["parts"]
        response = person.storage.download(part["path"])
        assert response.ok, response.text
        assert len(response.content) == part["size"]
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            assert len(names) == len(set(names))
            return {name: archive.read(name) for name in names}


def copies_of(admin, person, file, count):
    """File documents that share one object, so that there is much to do and little to upload."""
    batch = admin.firestore.batch()
    for number in range(count):
        reference = admin.firestore.document(person.file_path(f"copy-{number:03d}"))
        batch.set(reference, file | {"name": f"copy {number:03d}.txt"})
    batch.commit()


@pytest.fixture
def stored(admin, person):
    """A file of the person as functions left it, with its fields in Firestore's types."""
    file_id = person.upload("letter.txt", b"Dear Ann", "text/plain")
    person.until_ready(file_id)
    return admin.firestore.document(person.file_path(file_id)).get().to_dict()


def test_export_holds_what_was_uploaded_and_trashed(exports, person, picture):
    data = picture("PNG")
    person.until_ready(person.upload("사진.png", data, "image/png"))
    trashed = person.upload("old.txt", b"old", "text/plain")
    person.until_ready(trashed)
    change = {"state": "trashed", "trashedAt": SERVER_TIME, "updatedAt": SERVER_TIME}
    assert person.firestore.update(person.file_path(trashed), change).ok

    job = exports.until_done(person, exports.start(person))
    archive = exports.archive(person, job)
    (photo,) = [name for name in archive if name.startswith("files/")]
    assert photo.endswith("/사진.png")
    assert archive[photo] == data
    assert archive["trash/old.txt"] == b"old"
    assert json.loads(archive["profile.json"])["email"] == person.email
    assert len(archive["documents/files.jsonl"].splitlines()) == 2
    assert (job["done"], job["bytesDone"]) == (job["total"], job["bytesTotal"]) == (2, len(data) + 3)


def test_large_file_comes_out_as_it_went_in(exports, person):
    data = os.urandom(20 * 1024 * 1024)
    person.until_ready(person.upload("film.bin", data, "application/octet-stream"))
    archive = exports.archive(person, exports.until_done(person, exports.start(person)))
    (film,) = [name for name in archive if name.startswith("files/")]
    assert archive[film] == data


def test_export_is_downloaded_under_a_name_that_says_what_it_is(exports, person):
    job = exports.until_done(person, exports.start(person))
    headers = person.storage.download(job["parts"][0]["path"]).headers
    assert headers["Content-Type"] == "application/zip"
    # The emulator adds a form of its own.
    assert headers["Content-Disposition"].startswith('attachment; filename="drop-export.zip"')


def test_export_is_nobody_elses(exports, people, person):
    job_id = exports.start(person)
    job = exports.until_done(person, job_id)
    stranger = people.sign_up()
    path = job["parts"][0]["path"]
    assert stranger.storage.download(path).status_code == 403
    assert stranger.firestore.get(f"{person.profile_path}/jobs/{job_id}").status_code == 403
    assert person.storage.download(path).ok


def test_second_request_finds_the_export_under_way_and_a_later_one_makes_another(
    admin, exports, person, stored
):
    copies_of(admin, person, stored, 100)
    first = exports.start(person)
    assert exports.start(person) == first
    exports.until_done(person, first)
    second = exports.start(person)
    assert second != first
    exports.until_done(person, second)


def test_export_of_someone_suspended_is_refused_with_the_reason(admin, callables, person):
    admin.set_state(person, "suspended")
    assert callables.call("start_export", None, person).refusal == ("PERMISSION_DENIED", "suspended")


def test_export_whose_worker_is_killed_ends_as_if_it_had_not_been(admin, exports, person, stored, workers):
    copies_of(admin, person, stored, 150)
    job_id = exports.start(person)
    eventually(lambda: exports.job(person, job_id)["state"] == "running", within=MINUTE, what="it is built")
    assert workers.kill("exportpart") > 0
    killed = exports.job(person, job_id)
    assert (killed["state"], killed["parts"]) == ("running", []), "the worker was faster than its end"

    job = exports.until_done(person, job_id)
    archive = exports.archive(person, job)
    assert len([name for name in archive if name.startswith("files/")]) == 151
    assert (job["done"], job["total"], job["parts"][0]["files"]) == (151, 151, 151)
    archives = [name for name in admin.objects(f"exports/{person.uid}/") if name.endswith(".zip")]
    assert archives == [job["parts"][0]["path"]]


def test_tasks_that_come_again_all_at_once_change_nothing(admin, exports, person, stored, suite):
    """What the queue sends twice; the emulator lets anybody send it."""
    job_id = exports.start(person)
    before = exports.until_done(person, job_id)
    url = f"{suite.url('functions')}/{suite.project_id}/us-central1/exportpart"
    task = {"data": {"uid": person.uid, "jobId": job_id, "part": 1}}
    for _ in range(2):
        assert requests.post(url, json=task, timeout=MINUTE).ok
    assert exports.job(person, job_id) == before
    assert len([name for name in admin.objects(f"exports/{person.uid}/") if name.endswith(".zip")]) == 1
