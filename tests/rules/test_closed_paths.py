"""firestore.rules: what only functions write, and what no rule opens at all."""

from datetime import UTC, datetime

import pytest

from tests.rules.world import share

JOB, SHARE, REPORT = "/jobs/{jobId}", "/shares/{shareId}", "/reports/{reportId}"


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


@pytest.fixture
def shared(admin):
    """Writes a link of the user; gives its path."""

    def make(user):
        path = f"shares/of-{user.uid}"
        assert admin.firestore.create(path, share(user.uid, "f1", datetime.now(UTC))).ok
        return path

    return make


def _links(uid=None, **fields):
    query = {"from": [{"collectionId": "shares"}]}
    if uid is not None:
        value = {"stringValue": uid}
        query["where"] = {"fieldFilter": {"field": {"fieldPath": "uid"}, "op": "EQUAL", "value": value}}
    return query | fields


def test_link_is_read_and_listed_by_its_owner_only(owner, identities, shared, denied_by):
    path = shared(owner)
    assert owner.firestore.get(path).ok
    newest = {"orderBy": [{"field": {"fieldPath": "createdAt"}, "direction": "DESCENDING"}]}
    found = owner.firestore.query("", _links(owner.uid, **newest)).json()
    assert [one["document"]["name"].rpartition("/")[2] for one in found] == [f"of-{owner.uid}"]
    for stranger in (identities.user(), identities.administrator(), identities.nobody):
        denied_by(stranger.firestore.get(path), SHARE, "get")
        denied_by(stranger.firestore.query("", _links(owner.uid)), SHARE, "list")
    denied_by(owner.firestore.query("", _links()), SHARE, "list")


def test_link_is_written_by_no_client(owner, shared, admin, denied_by):
    path = shared(owner)
    denied_by.nothing_matches(owner.firestore.update(path, {"downloads": 9}))
    denied_by.nothing_matches(owner.firestore.delete(path))
    mine = share(owner.uid, "f1", datetime.now(UTC))
    denied_by.nothing_matches(owner.firestore.create(f"{path}-2", mine))
    assert admin.firestore.get(path).json()["fields"]["downloads"] == {"integerValue": "0"}


def test_report_is_read_by_administrators_only_and_written_by_nobody(owner, identities, admin, denied_by):
    path, administrator = f"reports/{owner.uid}", identities.administrator()
    assert admin.firestore.create(path, {"kind": "sweep", "purged": 3}).ok
    assert administrator.firestore.get(path).ok
    assert administrator.firestore.list("reports").ok
    for someone in (owner, identities.nobody):
        denied_by(someone.firestore.get(path), REPORT, "get")
        denied_by(someone.firestore.list("reports"), REPORT, "list")
    denied_by.nothing_matches(administrator.firestore.update(path, {"purged": 0}))
    denied_by.nothing_matches(administrator.firestore.delete(path))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("ledger/{uid}", id="the ledger"),
        pytest.param("limits/create_share:{uid}", id="rate limits"),
        pytest.param("anything/{uid}", id="a collection nobody knows"),
        pytest.param("shares/{uid}/downloads/d1", id="below a share"),
        pytest.param("reports/{uid}/lines/l1", id="below a report"),
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
