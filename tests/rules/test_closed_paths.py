"""firestore.rules: what only functions write, and what no rule opens at all."""

import pytest

JOB = "/jobs/{jobId}"


@pytest.fixture
def job(admin):
    def make(user, job_id="j1"):
        path = f"{user.profile}/jobs/{job_id}"
        assert admin.firestore.create(path, {"state": "running", "done": 1, "of": 3}).ok
        return path

    return make


def test_job_is_read_and_listed_by_its_owner_only(owner, identities, job, denied_by):
    path = job(owner)
    assert owner.firestore.get(path).ok
    assert owner.firestore.list(f"{owner.profile}/jobs").ok
    for stranger in (identities.user(), identities.administrator(), identities.nobody):
        denied_by(stranger.firestore.get(path), JOB, "get")
        denied_by(stranger.firestore.list(f"{owner.profile}/jobs"), JOB, "list")


def test_job_is_written_by_no_client(owner, job, admin, denied_by):
    path = job(owner)
    denied_by.nothing_matches(owner.firestore.update(path, {"done": 3}))
    denied_by.nothing_matches(owner.firestore.delete(path))
    denied_by.nothing_matches(owner.firestore.create(f"{owner.profile}/jobs/j2", {"state": "running"}))
    assert admin.firestore.get(path).json()["fields"]["done"] == {"integerValue": "1"}
    assert admin.firestore.get(f"{owner.profile}/jobs/j2").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("ledger/{uid}", id="the ledger"),
        pytest.param("shares/{uid}", id="shares"),
        pytest.param("anything/{uid}", id="a collection nobody knows"),
        pytest.param("users/{uid}/secrets/s1", id="another collection of a user"),
        pytest.param("users/{uid}/files/f1/notes/n1", id="below a file"),
        pytest.param("users/{uid}/jobs/j1/steps/s1", id="below a job"),
        pytest.param("Users/{uid}", id="users in capitals"),
        pytest.param("files/{uid}", id="files at the root"),
    ],
)
def test_path_without_a_rule_is_closed_to_everybody_but_functions(identities, owner, admin, denied_by, path):
    path = path.format(uid=owner.uid)
    collection = path.rpartition("/")[0]
    assert admin.firestore.create(path, {"a": 1}).ok
    for someone in (owner, identities.administrator(), identities.nobody):
        denied_by.nothing_matches(someone.firestore.get(path))
        denied_by.nothing_matches(someone.firestore.list(collection))
        denied_by.nothing_matches(someone.firestore.update(path, {"a": 2}))
        denied_by.nothing_matches(someone.firestore.create(path + "x", {"a": 2}))
        denied_by.nothing_matches(someone.firestore.delete(path))
    assert admin.firestore.get(path).json()["fields"] == {"a": {"integerValue": "1"}}
