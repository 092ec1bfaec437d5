import pytest
from app.paths import FileKey, object_prefixes, owner_of, parse_original


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


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("users/u1/files/f1/photo.jpg", "u1"),
        ("users/u1/picture/p1.webp", "u1"),
        ("exports/u1/job/drop-export.zip", "u1"),
        ("derived/u1/f1/small.webp", None),
        ("backup/users/u1/picture/p1.webp", None),
        ("users/../picture/p1.webp", None),
        ("users/u1/", None),
        ("users//picture/p1.webp", None),
    ],
)
def test_owner_is_read_from_what_a_user_uploads_or_downloads(name, owner):
    assert owner_of(name) == owner
