"""The data the suite begins with: people who can sign in and find their files."""

import hashlib
from io import BytesIO

import pytest
from PIL import Image

from tests.integration.people import claims_of
from tools.seed_content import FILES, PASSWORD, PEOPLE


@pytest.mark.parametrize("someone", PEOPLE, ids=lambda person: person.uid)
def test_seeded_person_signs_in_and_has_a_profile(people, someone):
    person = people.sign_in(someone.email, PASSWORD)
    assert person.uid == someone.uid
    assert claims_of(person.id_token)["role"] == someone.role
    profile = person.profile()
    assert (profile["name"], profile["role"], profile["locale"]) == (
        someone.name,
        someone.role,
        someone.locale,
    )
    assert (profile["email"], profile["state"]) == (someone.email, "active")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.uid}-{file.name}")
def test_seeded_file_is_there_with_its_bytes(people, file):
    person = people.sign_in(f"{file.uid}@example.com", PASSWORD)
    document = person.file(file.file_id)
    assert (document["state"], document["name"]) == ("ready", file.name)
    content = person.storage.download(document["path"]).content
    assert content == file.make()
    assert document["sha256"] == hashlib.sha256(content).hexdigest()
    assert document["size"] == len(content)
    if "image" in document:
        with Image.open(BytesIO(content)) as picture:
            assert document["image"] == {"width": picture.width, "height": picture.height}
        with Image.open(BytesIO(person.storage.download(document["thumbnails"]["small"]).content)) as small:
            assert max(small.size) <= 320


def test_seeded_usage_is_that_of_the_files(people):
    for someone in PEOPLE:
        sizes = [len(file.make()) for file in FILES if file.uid == someone.uid]
        assert people.sign_in(someone.email, PASSWORD).usage() == (sum(sizes), len(sizes))


def test_seeded_administrator_sees_every_profile_and_no_file_of_others(people):
    admin = people.sign_in("admin@example.com", PASSWORD)
    listed = admin.firestore.query("", {"from": [{"collectionId": "users"}]})
    assert listed.ok
    names = {entry["document"]["name"].rpartition("/")[2] for entry in listed.json() if "document" in entry}
    assert {person.uid for person in PEOPLE} <= names
    file = next(file for file in FILES if file.uid != "admin")
    assert admin.firestore.get(f"users/{file.uid}/files/{file.file_id}").status_code == 403
