"""Pictures of profiles: what is shown stays, what is left behind goes, with events in any order."""

import pytest
from app.paths import parse_picture


@pytest.fixture
def picture(drop):
    """Stores a picture as the page does; gives its object."""

    def store(name: str):
        blob = drop.bucket.blob(f"users/{drop.uid}/picture/{name}.webp")
        blob.upload_from_string(b"picture", content_type="image/webp")
        return blob

    return store


def names(drop) -> list[str]:
    return [name.rpartition("/")[2].removesuffix(".webp") for name in drop.objects()]


def test_picture_of_the_profile_and_the_newest_three_stay(drop, picture):
    shown = picture("0")
    drop.make_profile(picture=shown.name)
    for name in "123":
        drop.finalized(picture(name))
    assert names(drop) == ["0", "1", "2", "3"]
    for name in "456":
        drop.finalized(picture(name))
    assert names(drop) == ["0", "4", "5", "6"]


def test_late_and_repeated_event_removes_nothing_newer(drop, picture):
    drop.make_profile(picture=None)
    first, *others = [picture(name) for name in "12345"]
    for blob in (*others, first, first):
        drop.finalized(blob)
    assert names(drop) == ["3", "4", "5"]


def test_pictures_of_who_has_no_profile_are_as_few(drop, picture):
    blobs = [picture(name) for name in "12345"]
    drop.finalized(blobs[-1])
    assert names(drop) == ["3", "4", "5"]


def test_file_of_the_user_is_no_picture(drop, picture):
    drop.make_profile(picture=None)
    blobs = [picture(name) for name in "1234"]
    key, _ = drop.ready_file(b"kept", "kept.txt", "text/plain")
    assert len(drop.objects()) == 5
    drop.finalized(blobs[0])
    assert drop.objects() == [
        f"{key.originals}kept.txt",
        *(f"users/{drop.uid}/picture/{name}.webp" for name in "234"),
    ]


def test_picture_says_of_itself_what_it_is_and_nothing_that_the_client_made_up(drop, picture):
    drop.make_profile(picture=None)
    blob = drop.bucket.blob(f"users/{drop.uid}/picture/p1.webp")
    blob.cache_control = "public, max-age=31536000"
    blob.content_language = "tlh"
    blob.content_disposition = 'attachment; filename="bill.exe"'
    blob.metadata = {"note": "a message to somebody"}
    blob.upload_from_string(b"picture", content_type="image/png")
    drop.finalized(blob)
    blob.reload()
    assert (blob.content_type, blob.content_disposition) == ("image/png", "inline")
    assert (blob.cache_control, blob.content_language, blob.content_encoding) == (None, None, None)
    assert set(blob.metadata or {}) <= {"firebaseStorageDownloadTokens"}
    described = blob.metageneration
    drop.finalized(blob)
    blob.reload()
    assert blob.metageneration == described


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("users/ada/picture/p1.webp", "ada"),
        ("users/ada/files/f1/p1.webp", None),
        ("users/ada/picture/x/p1.webp", None),
        ("users/../picture/p1.webp", None),
        ("derived/ada/picture/p1.webp", None),
        ("x/users/ada/picture/p1.webp", None),
    ],
)
def test_picture_is_known_by_its_path(name, uid):
    assert parse_picture(name) == uid
