import pytest
from app.paths import FileKey, object_prefixes, parse_original


def test_parse_original_finds_the_file():
    assert parse_original("users/u1/files/f1/photo of me.jpg") == FileKey("u1", "f1")


@pytest.mark.parametrize(
    "name",
    [
        "derived/u1/f1/small.webp",
        "users/u1/files/f1/",
        "users/u1/files/f1",
        "users/u1/files/f1/a/b",
        "users//files/f1/a",
        "users/u1/files//a",
        "/users/u1/files/f1/a",
        "users/u1/avatar.png",
        "backup/users/u1/files/f1/a",
        "users/u1/files/../a",
        "users/./files/f1/a",
        "users/u1/files/__f1__/a",
        "",
    ],
)
def test_parse_original_ignores_every_other_object(name):
    assert parse_original(name) is None


def test_thumbnail_lies_outside_what_triggers():
    assert parse_original(FileKey("u1", "f1").small) is None


def test_file_key_derives_every_path():
    key = FileKey("u1", "f1")
    assert (key.document, key.profile) == ("users/u1/files/f1", "users/u1")
    assert key.originals == "users/u1/files/f1/"
    assert (key.small, key.large) == ("derived/u1/f1/small.webp", "derived/u1/f1/large.webp")


def test_object_prefixes_of_one_user_do_not_cover_another_whose_id_begins_the_same():
    assert all(prefix.endswith("/u1/") for prefix in object_prefixes("u1"))
