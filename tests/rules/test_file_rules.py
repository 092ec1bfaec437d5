"""firestore.rules, `match /users/{uid}/files/{fileId}`: announce, rename, trash, restore, delete."""

from datetime import UTC, datetime

import pytest

from tests.rest import SERVER_TIME

FILE = "/files/{fileId}"
TRASH = {"state": "trashed", "trashedAt": SERVER_TIME, "updatedAt": SERVER_TIME}
RESTORE = {"state": "ready", "updatedAt": SERVER_TIME}
LARGEST = 50 * 1024 * 1024

# Text that steers instead of showing.
HOSTILE_CHARACTERS = [
    pytest.param("\x00", id="NUL"),
    pytest.param("\x01", id="control character"),
    pytest.param("\t", id="tab"),
    pytest.param("\n", id="line feed"),
    pytest.param("\r", id="carriage return"),
    pytest.param("\x1b", id="escape"),
    pytest.param("\x7f", id="delete"),
    pytest.param("\x80", id="first C1 control"),
    pytest.param("\x85", id="next line"),
    pytest.param("\x9f", id="last C1 control"),
    pytest.param("\u061c", id="Arabic letter mark"),
    pytest.param("\u200e", id="left-to-right mark"),
    pytest.param("\u200f", id="right-to-left mark"),
    pytest.param("\u2028", id="line separator"),
    pytest.param("\u2029", id="paragraph separator"),
    pytest.param("\u202a", id="left-to-right embedding"),
    pytest.param("\u202e", id="right-to-left override"),
    pytest.param("\u2066", id="left-to-right isolate"),
    pytest.param("\u2069", id="pop directional isolate"),
    pytest.param("\ufeff", id="byte order mark"),
    pytest.param("/", id="slash"),
    pytest.param("\\", id="backslash"),
    pytest.param("%", id="percent sign"),
]

HOSTILE_NAMES = [
    pytest.param("", id="empty"),
    pytest.param("   ", id="blank"),
    pytest.param(".", id="dot"),
    pytest.param("..", id="dot dot"),
    pytest.param("../../etc/passwd", id="path upwards"),
    pytest.param("..\\..\\boot.ini", id="path upwards with backslashes"),
    pytest.param("%2e%2e%2fpasswd", id="encoded path upwards"),
    pytest.param("<script>alert(1)</script>", id="script element"),
    pytest.param("a" * 201, id="201 characters"),
    pytest.param("a" * 300, id="300 characters"),
    pytest.param("가" * 201, id="201 characters of three bytes"),
]

ORDINARY_NAMES = [
    pytest.param("a", id="one letter"),
    pytest.param("a" * 200, id="200 characters"),
    pytest.param("👍" * 200, id="200 characters of four bytes"),
    pytest.param("여름 휴가 (1).jpeg", id="Korean"),
    pytest.param("👩‍👩‍👧.png", id="emoji with joiners"),
    pytest.param("نامه‌ها.pdf", id="Persian with a non-joiner"),
    pytest.param(".hidden", id="leading dot"),
    pytest.param("...", id="three dots"),
    pytest.param("a..b", id="dots inside"),
    pytest.param('it\'s "<b>" & #1?=;:*|$(x)', id="marks"),
    pytest.param("__proto__", id="a reserved word elsewhere"),
    pytest.param("e\u0301te\u0301.png", id="combining marks"),
]


class TestCreate:
    def test_announcement_by_the_owner_is_allowed(self, owner, admin, announcement):
        assert owner.firestore.create(owner.file(), announcement()).ok
        assert set(admin.firestore.get(owner.file()).json()["fields"]) == set(announcement())

    def test_announcement_by_a_guest_is_allowed(self, identities, announcement):
        guest = identities.guest()
        assert guest.firestore.create(guest.file(), announcement()).ok

    def test_announcement_under_another_user_is_denied(
        self, owner, identities, admin, announcement, denied_by
    ):
        assert owner.firestore.create(owner.file("mine"), announcement()).ok
        for stranger in (identities.user(), identities.administrator(), identities.nobody):
            denied_by(stranger.firestore.create(owner.file("theirs"), announcement()), FILE, "create")
        assert admin.firestore.get(owner.file("theirs")).status_code == 404

    @pytest.mark.parametrize("name", ORDINARY_NAMES)
    def test_name_in_any_language_is_allowed(self, owner, announcement, name):
        assert owner.firestore.create(owner.file(), announcement(name=name)).ok

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_hostile_name_is_denied(self, owner, admin, announcement, denied_by, name):
        assert owner.firestore.create(owner.file("good"), announcement()).ok
        denied_by(owner.firestore.create(owner.file("bad"), announcement(name=name)), FILE, "create")
        assert admin.firestore.get(owner.file("bad")).status_code == 404

    @pytest.mark.parametrize("character", HOSTILE_CHARACTERS)
    @pytest.mark.parametrize("form", ["{}a.png", "a{}b.png", "a.png{}"], ids=["first", "inside", "last"])
    def test_hostile_character_in_the_name_is_denied(self, owner, announcement, denied_by, form, character):
        bad = announcement(name=form.format(character))
        assert owner.firestore.create(owner.file("good"), bad | {"name": form.format("-")}).ok
        denied_by(owner.firestore.create(owner.file("bad"), bad), FILE, "create")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"name": 7}, id="name is a number"),
            pytest.param({"name": None}, id="name is null"),
            pytest.param({"name": ["photo.png"]}, id="name is a list"),
            pytest.param({"name": {"a": "b"}}, id="name is a map"),
            pytest.param({"size": 0}, id="no bytes"),
            pytest.param({"size": -1}, id="negative size"),
            pytest.param({"size": LARGEST + 1}, id="one byte too large"),
            pytest.param({"size": 2**63 - 1}, id="largest integer"),
            pytest.param({"size": 1000.0}, id="size is a float"),
            pytest.param({"size": float("nan")}, id="size is not a number"),
            pytest.param({"size": "1000"}, id="size is a text"),
            pytest.param({"size": None}, id="size is null"),
            pytest.param({"size": True}, id="size is a boolean"),
            pytest.param({"contentType": ""}, id="empty type"),
            pytest.param({"contentType": "image"}, id="type without subtype"),
            pytest.param({"contentType": "image/"}, id="empty subtype"),
            pytest.param({"contentType": "/png"}, id="subtype only"),
            pytest.param({"contentType": "image/png/x"}, id="two slashes"),
            pytest.param({"contentType": "image/PNG"}, id="type in capitals"),
            pytest.param({"contentType": "image/png; charset=utf-8"}, id="type with a parameter"),
            pytest.param({"contentType": "image/png\r\nX-Evil: 1"}, id="header in the type"),
            pytest.param({"contentType": " image/png"}, id="space before the type"),
            pytest.param({"contentType": "image/png\n"}, id="line feed after the type"),
            pytest.param({"contentType": "image/" + "p" * 122}, id="type of 128 characters"),
            pytest.param({"contentType": None}, id="type is null"),
            pytest.param({"contentType": 7}, id="type is a number"),
            pytest.param({"state": "ready"}, id="already ready"),
            pytest.param({"state": "processing"}, id="already processing"),
            pytest.param({"state": "trashed"}, id="already in the trash"),
            pytest.param({"state": "Uploading"}, id="state in capitals"),
            pytest.param({"state": None}, id="state is null"),
            pytest.param({"createdAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="created in the past"),
            pytest.param({"createdAt": datetime(2999, 1, 1, tzinfo=UTC)}, id="created in the future"),
            pytest.param({"createdAt": "now"}, id="created is a text"),
            pytest.param({"createdAt": None}, id="created is null"),
            pytest.param({"note": "hi"}, id="unknown field"),
            pytest.param({"sha256": "0" * 64}, id="sha256"),
            pytest.param({"path": "users/someone/files/f1/a.png"}, id="path"),
            pytest.param({"generation": "1"}, id="generation"),
            pytest.param({"image": {"width": 1, "height": 1}}, id="image"),
            pytest.param({"thumbnails": {"small": "derived/someone/f1/small.webp"}}, id="thumbnails"),
            pytest.param({"reason": "quota"}, id="reason"),
            pytest.param({"kind": "image"}, id="kind"),
            pytest.param({"duplicateOf": "f0"}, id="duplicateOf"),
            pytest.param({"trashedAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="trashedAt"),
            pytest.param({"attempts": 1}, id="attempts"),
            pytest.param({"nameKey": ""}, id="empty nameKey"),
            pytest.param({"nameKey": "x" * 401}, id="nameKey of 401 characters"),
            pytest.param({"keywords": "photo"}, id="keywords is a text"),
            pytest.param({"keywords": ["x" * 13]}, id="keyword of 13 characters"),
            pytest.param({"keywords": ["가" * 13]}, id="keyword of 13 characters of three bytes"),
            pytest.param({"keywords": [f"w{n}" for n in range(61)]}, id="61 keywords"),
            pytest.param({"keywords": [{"a": "x" * 99}]}, id="keyword is a map"),
            pytest.param({"updatedAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="updatedAt"),
        ],
    )
    def test_announcement_with_a_wrong_or_unknown_field_is_denied(
        self, owner, admin, announcement, denied_by, change
    ):
        assert owner.firestore.create(owner.file("good"), announcement()).ok
        denied_by(owner.firestore.create(owner.file("bad"), announcement(**change)), FILE, "create")
        assert admin.firestore.get(owner.file("bad")).status_code == 404

    @pytest.mark.parametrize("field", ["name", "size", "contentType", "state", "createdAt"])
    def test_announcement_that_lacks_a_field_is_denied(self, owner, announcement, denied_by, field):
        assert owner.firestore.create(owner.file("good"), announcement()).ok
        rest = {key: value for key, value in announcement().items() if key != field}
        denied_by(owner.firestore.create(owner.file("bad"), rest), FILE, "create")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"size": 1}, id="one byte"),
            pytest.param({"size": LARGEST}, id="largest"),
            pytest.param({"contentType": "image/" + "p" * 121}, id="type of 127 characters"),
            pytest.param({"contentType": "application/vnd.ms-excel"}, id="vendor type"),
            pytest.param({"contentType": "model/gltf+json"}, id="structured type"),
            pytest.param({"contentType": "text/plain"}, id="text"),
            pytest.param({"contentType": "application/octet-stream"}, id="unknown bytes"),
            pytest.param({"nameKey": "photo.png", "keywords": ["photo", "png"]}, id="search terms"),
            pytest.param({"nameKey": "👍" * 400}, id="nameKey of 400 characters"),
            pytest.param({"keywords": []}, id="no keywords"),
            pytest.param({"keywords": [f"{n:02}" + "👍" * 10 for n in range(60)]}, id="60 long keywords"),
        ],
    )
    def test_announcement_at_the_border_is_allowed(self, owner, announcement, change):
        assert owner.firestore.create(owner.file(), announcement(**change)).ok

    @pytest.mark.parametrize(
        ("active", "inert"),
        [
            ("text/html", "text/plain"),
            ("text/xml", "text/csv"),
            ("text/xsl", "text/css"),
            ("application/xml", "application/json"),
            ("application/xhtml+xml", "application/ld+json"),
            ("image/svg+xml", "image/webp"),
            ("text/javascript", "text/markdown"),
            ("application/javascript", "application/zip"),
            ("application/x-javascript", "application/x-tar"),
            ("application/ecmascript", "application/gzip"),
            ("text/javascript1.5", "text/calendar"),
            ("text/livescript", "text/vcard"),
            ("text/jscript", "text/rtf"),
            ("multipart/x-mixed-replace", "message/rfc822"),
        ],
    )
    def test_announcement_of_what_a_browser_runs_is_denied(
        self, owner, announcement, denied_by, active, inert
    ):
        assert owner.firestore.create(owner.file("good"), announcement(contentType=inert)).ok
        denied_by(owner.firestore.create(owner.file("bad"), announcement(contentType=active)), FILE, "create")

    @pytest.mark.parametrize("file_id", ["a", "A-z_09", "x" * 64])
    def test_file_id_of_letters_digits_and_dashes_is_allowed(self, owner, announcement, file_id):
        assert owner.firestore.create(owner.file(file_id), announcement()).ok

    @pytest.mark.parametrize(
        "file_id",
        [
            pytest.param("x" * 65, id="65 characters"),
            pytest.param("a b", id="blank"),
            pytest.param("a.b", id="dot"),
            pytest.param("a%2fb", id="encoded slash"),
            pytest.param("가", id="other letters"),
            pytest.param("a\n", id="line feed"),
            pytest.param("<b>", id="marks"),
            pytest.param("a\u202eb", id="right-to-left override"),
        ],
    )
    def test_file_id_of_other_characters_is_denied(self, owner, announcement, denied_by, file_id):
        assert owner.firestore.create(owner.file("good"), announcement()).ok
        denied_by(owner.firestore.create(owner.file(file_id), announcement()), FILE, "create")

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_announcement_of_who_is_not_active_is_denied(
        self, owner, identities, announcement, denied_by, state
    ):
        barred = identities.user(profile={"state": state})
        assert owner.firestore.create(owner.file(), announcement()).ok
        denied_by(barred.firestore.create(barred.file(), announcement()), FILE, "create")

    def test_announcement_before_the_profile_exists_is_denied(
        self, owner, identities, announcement, denied_by
    ):
        early = identities.without_profile()
        assert owner.firestore.create(owner.file(), announcement()).ok
        denied_by(early.firestore.create(early.file(), announcement()), FILE, "create")

    @pytest.mark.parametrize(
        ("full", "room"),
        [
            pytest.param(
                {"usage": {"bytes": 9001, "files": 0}, "quota": {"bytes": 10000, "files": 9}},
                {"usage": {"bytes": 9000, "files": 0}, "quota": {"bytes": 10000, "files": 9}},
                id="bytes",
            ),
            pytest.param(
                {"usage": {"bytes": 0, "files": 9}, "quota": {"bytes": 10000, "files": 9}},
                {"usage": {"bytes": 0, "files": 8}, "quota": {"bytes": 10000, "files": 9}},
                id="files",
            ),
        ],
    )
    def test_announcement_over_the_quota_is_denied(self, identities, announcement, denied_by, full, room):
        fits, overflows = identities.user(profile=room), identities.user(profile=full)
        assert fits.firestore.create(fits.file(), announcement(size=1000)).ok
        denied_by(overflows.firestore.create(overflows.file(), announcement(size=1000)), FILE, "create")

    def test_announcement_over_an_existing_file_is_denied(self, owner, announcement, stored_file, denied_by):
        existing = stored_file(owner)
        assert owner.firestore.replace(owner.file("new"), announcement()).ok
        denied_by(owner.firestore.replace(existing, announcement()), FILE, "update")

    def test_batch_with_one_denied_announcement_writes_nothing(self, owner, admin, announcement, denied_by):
        good = owner.firestore.creation(owner.file("good"), announcement())
        bad = owner.firestore.creation(owner.file("bad"), announcement(state="ready"))
        denied_by(owner.firestore.commit(good, bad), FILE, "create")
        assert admin.firestore.get(owner.file("good")).status_code == 404
        assert owner.firestore.commit(good).ok


class TestRead:
    def test_file_is_read_by_its_owner_only(self, owner, identities, stored_file, denied_by):
        path = stored_file(owner)
        assert owner.firestore.get(path).ok
        for stranger in (
            identities.user(),
            identities.guest(),
            identities.administrator(),
            identities.nobody,
        ):
            denied_by(stranger.firestore.get(path), FILE, "get")

    def test_files_are_listed_by_their_owner_only(self, owner, identities, stored_file, denied_by):
        stored_file(owner)
        assert owner.firestore.list(f"{owner.profile}/files").ok
        for stranger in (identities.user(), identities.administrator(), identities.nobody):
            denied_by(stranger.firestore.list(f"{owner.profile}/files"), FILE, "list")

    def test_absent_file_answers_not_found_to_its_owner_and_nothing_to_others(
        self, owner, identities, denied_by
    ):
        assert owner.firestore.get(owner.file("none")).status_code == 404
        denied_by(identities.user().firestore.get(owner.file("none")), FILE, "get")

    def test_files_of_everybody_are_not_found_through_a_collection_group(self, owner, stored_file, denied_by):
        stored_file(owner)
        everybody = {"from": [{"collectionId": "files", "allDescendants": True}]}
        mine = {"from": [{"collectionId": "files"}]}
        assert owner.firestore.query(owner.profile, mine).ok
        denied_by.nothing_matches(owner.firestore.query("", everybody))

    def test_suspended_user_still_reads_what_is_theirs(self, identities, stored_file):
        barred = identities.user(profile={"state": "suspended"})
        assert barred.firestore.get(stored_file(barred)).ok


class TestRename:
    def test_rename_by_the_owner_is_allowed(self, owner, stored_file):
        path = stored_file(owner)
        assert owner.firestore.update(path, {"name": "other.png", "updatedAt": SERVER_TIME}).ok

    def test_rename_by_anyone_else_is_denied(self, owner, identities, stored_file, denied_by):
        path, change = stored_file(owner), {"name": "other.png", "updatedAt": SERVER_TIME}
        assert owner.firestore.update(path, change).ok
        for stranger in (identities.user(), identities.administrator(), identities.nobody):
            denied_by(stranger.firestore.update(path, change), FILE, "update")

    @pytest.mark.parametrize("name", ORDINARY_NAMES)
    def test_rename_to_any_language_is_allowed(self, owner, stored_file, name):
        assert owner.firestore.update(stored_file(owner), {"name": name, "updatedAt": SERVER_TIME}).ok

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    def test_rename_to_a_hostile_name_is_denied(self, owner, stored_file, denied_by, name):
        path, change = stored_file(owner), {"name": "other.png", "updatedAt": SERVER_TIME}
        assert owner.firestore.update(path, change).ok
        denied_by(owner.firestore.update(path, change | {"name": name}), FILE, "update")

    @pytest.mark.parametrize("character", HOSTILE_CHARACTERS)
    def test_rename_with_a_hostile_character_is_denied(self, owner, stored_file, denied_by, character):
        path, change = stored_file(owner), {"name": "a-b.png", "updatedAt": SERVER_TIME}
        assert owner.firestore.update(path, change).ok
        denied_by(owner.firestore.update(path, change | {"name": f"a{character}b.png"}), FILE, "update")

    @pytest.mark.parametrize("state", ["uploading", "processing", "rejected", "trashed"])
    def test_rename_is_denied_unless_the_file_is_ready(self, owner, stored_file, denied_by, state):
        change = {"name": "other.png", "updatedAt": SERVER_TIME}
        assert owner.firestore.update(stored_file(owner, "f1", state="ready"), change).ok
        denied_by(owner.firestore.update(stored_file(owner, "f2", state=state), change), FILE, "update")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"size": 1}, id="size"),
            pytest.param({"contentType": "text/html"}, id="contentType"),
            pytest.param({"state": "trashed"}, id="state"),
            pytest.param({"createdAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="createdAt"),
            pytest.param({"sha256": "1" * 64}, id="sha256"),
            pytest.param({"path": "users/someone/files/f1/a.png"}, id="path"),
            pytest.param({"generation": "2"}, id="generation"),
            pytest.param({"image": {"width": 9, "height": 9}}, id="image"),
            pytest.param({"thumbnails": {"small": "derived/someone/f1/small.webp"}}, id="thumbnails"),
            pytest.param({"reason": "quota"}, id="reason"),
            pytest.param({"note": "hi"}, id="unknown field"),
            pytest.param({"updatedAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="a time of the past"),
        ],
    )
    def test_rename_that_changes_anything_else_is_denied(self, owner, admin, stored_file, denied_by, change):
        path, rename = stored_file(owner), {"name": "other.png", "updatedAt": SERVER_TIME}
        assert owner.firestore.update(path, rename).ok
        before = admin.firestore.get(path).json()["fields"]
        again = {"name": "third.png", "updatedAt": SERVER_TIME}
        denied_by(owner.firestore.update(path, again | change), FILE, "update")
        assert admin.firestore.get(path).json()["fields"] == before

    @pytest.mark.parametrize("field", ["sha256", "thumbnails", "createdAt", "size"])
    def test_rename_that_removes_a_field_is_denied(self, owner, stored_file, denied_by, field):
        path, rename = stored_file(owner), {"name": "other.png", "updatedAt": SERVER_TIME}
        assert owner.firestore.update(path, rename).ok
        denied_by(owner.firestore.update(path, rename, removing=(field,)), FILE, "update")

    def test_rename_without_the_server_time_is_denied(self, owner, stored_file, denied_by):
        path = stored_file(owner)
        assert owner.firestore.update(path, {"name": "a.png", "updatedAt": SERVER_TIME}).ok
        denied_by(owner.firestore.update(path, {"name": "b.png"}), FILE, "update")

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_rename_by_who_is_not_active_is_denied(self, owner, identities, stored_file, denied_by, state):
        barred, change = (
            identities.user(profile={"state": state}),
            {"name": "a.png", "updatedAt": SERVER_TIME},
        )
        assert owner.firestore.update(stored_file(owner), change).ok
        denied_by(barred.firestore.update(stored_file(barred), change), FILE, "update")


class TestTrash:
    def test_way_into_the_trash_and_back_is_allowed(self, owner, admin, stored_file):
        path = stored_file(owner)
        assert owner.firestore.update(path, TRASH).ok
        assert "trashedAt" in admin.firestore.get(path).json()["fields"]
        assert owner.firestore.update(path, RESTORE, removing=("trashedAt",)).ok
        assert "trashedAt" not in admin.firestore.get(path).json()["fields"]

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("uploading", "ready"),
            ("processing", "ready"),
            ("rejected", "ready"),
            ("uploading", "trashed"),
            ("processing", "trashed"),
            ("rejected", "trashed"),
            ("ready", "uploading"),
            ("ready", "rejected"),
            ("trashed", "uploading"),
            ("ready", "gone"),
        ],
    )
    def test_every_other_way_is_denied(self, owner, stored_file, denied_by, before, after):
        assert owner.firestore.update(stored_file(owner, "twin"), TRASH).ok
        path = stored_file(owner, state=before)
        for time in ({}, {"trashedAt": SERVER_TIME}):
            change = {"state": after, "updatedAt": SERVER_TIME, **time}
            denied_by(owner.firestore.update(path, change), FILE, "update")

    @pytest.mark.parametrize(
        "time", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC), None, "now"]
    )
    def test_trashing_with_another_time_than_the_servers_is_denied(self, owner, stored_file, denied_by, time):
        path = stored_file(owner)
        denied_by(owner.firestore.update(path, TRASH | {"trashedAt": time}), FILE, "update")
        without_time = {"state": "trashed", "updatedAt": SERVER_TIME}
        denied_by(owner.firestore.update(path, without_time), FILE, "update")
        assert owner.firestore.update(path, TRASH).ok

    def test_restoring_that_keeps_the_time_is_denied(self, owner, stored_file, denied_by):
        path = stored_file(owner, state="trashed", trashedAt=datetime(2026, 1, 1, tzinfo=UTC))
        denied_by(owner.firestore.update(path, RESTORE), FILE, "update")
        assert owner.firestore.update(path, RESTORE, removing=("trashedAt",)).ok

    def test_trashing_by_anyone_else_is_denied(self, owner, identities, stored_file, denied_by):
        path = stored_file(owner)
        denied_by(identities.user().firestore.update(path, TRASH), FILE, "update")
        denied_by(identities.nobody.firestore.update(path, TRASH), FILE, "update")
        assert owner.firestore.update(path, TRASH).ok

    @pytest.mark.parametrize("state", ["suspended", "deleting"])
    def test_trashing_by_who_is_not_active_is_denied(self, owner, identities, stored_file, denied_by, state):
        barred = identities.user(profile={"state": state})
        assert owner.firestore.update(stored_file(owner), TRASH).ok
        denied_by(barred.firestore.update(stored_file(barred), TRASH), FILE, "update")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"name": "other.png"}, id="name"),
            pytest.param({"keywords": []}, id="keywords"),
            pytest.param({"size": 1}, id="size"),
            pytest.param({"note": "hi"}, id="unknown field"),
            pytest.param({"updatedAt": datetime(2020, 1, 1, tzinfo=UTC)}, id="a time of the past"),
        ],
    )
    def test_trashing_that_changes_anything_else_is_denied(self, owner, stored_file, denied_by, change):
        assert owner.firestore.update(stored_file(owner, "f1"), TRASH).ok
        denied_by(owner.firestore.update(stored_file(owner, "f2"), TRASH | change), FILE, "update")


class TestDelete:
    @pytest.mark.parametrize("state", ["uploading", "processing", "ready", "rejected", "trashed"])
    def test_delete_by_the_owner_is_allowed_in_every_state(self, owner, admin, stored_file, state):
        path = stored_file(owner, state=state)
        assert owner.firestore.delete(path).ok
        assert admin.firestore.get(path).status_code == 404

    def test_delete_by_a_suspended_owner_is_allowed(self, identities, stored_file):
        barred = identities.user(profile={"state": "suspended"})
        assert barred.firestore.delete(stored_file(barred)).ok

    def test_delete_by_anyone_else_is_denied(self, owner, identities, admin, stored_file, denied_by):
        path = stored_file(owner)
        for stranger in (identities.user(), identities.administrator(), identities.nobody):
            denied_by(stranger.firestore.delete(path), FILE, "delete")
        assert admin.firestore.get(path).ok
        assert owner.firestore.delete(path).ok
