"""What docs/access-matrix.md is made of: identities, paths, operations and sample data.

`./kit rules matrix --write` writes the page; test_access_matrix.py compares it.
"""

from __future__ import annotations

from datetime import datetime

from testing.rules import DELETE_FIELD, SERVER_TIME, RulesTestEnvironment, Upload
from testing.rules.matrix import Documents, Matrix, Objects, Role
from tests.rules.world import MEBIBYTE, announcement, profile, share, stored_file

INTRODUCTION = """\
# Who may do what

Made by `./kit rules matrix --write` from `tests/rules/access_matrix.py`; every cell is a request that was
made to the rules. A change of the rules that changes a cell fails the tests until this page is written again.

Functions and other servers use the Admin SDK and are not bound by rules. *Own* means the data of whoever
asks; the other columns ask for the data of another user. *Says it is admin* has `role: "admin"` in the
profile but not in the token.
"""

OWNER, SUSPENDED, ANONYMOUS = "matrix-owner", "matrix-suspended", "matrix-anonymous"
PRETENDER = "matrix-pretender"
ROLES = (
    Role("own", OWNER, OWNER),
    Role("own, anonymous account", ANONYMOUS, ANONYMOUS, {"firebase": {"sign_in_provider": "anonymous"}}),
    Role("own, suspended", SUSPENDED, SUSPENDED),
    Role("another user", "matrix-other", OWNER),
    Role("says it is admin", PRETENDER, OWNER),
    Role("admin", "matrix-admin", OWNER, {"role": "admin"}),
    Role("not signed in", None, OWNER),
)
STAMP = {"updatedAt": SERVER_TIME}
TRASH = {"state": "trashed", "trashedAt": SERVER_TIME, **STAMP}

PROFILE = Documents(
    "`users/{uid}`: the profile",
    existing="users/{owner}",
    fresh="users/matrix-new",
    creations={"a whole profile": {"name": "Ada", "locale": "en", "state": "active", **STAMP}},
    updates={
        "name and language": {"name": "Ada L.", "locale": "ko", **STAMP},
        "name, without the server time": {"name": "Ada L."},
        "name with a line break": {"name": "A\nda", **STAMP},
        "role": {"role": "admin", **STAMP},
        "state": {"state": "deleting", **STAMP},
        "quota": {"quota": {"bytes": 2**40, "files": 9}, **STAMP},
        "usage": {"usage.bytes": 0, "usage.files": -5, **STAMP},
        "picture": {"picture": None, **STAMP},
        "picture of another user": {"picture": "users/matrix-else/picture/a.webp", **STAMP},
        "end of sessions": {"sessionsEndedAt": SERVER_TIME, **STAMP},
        "e-mail": {"email": "eve@example.com", **STAMP},
        "a field that is not known": {"nickname": "A", **STAMP},
    },
)
FILE = Documents(
    "`users/{uid}/files/{fileId}`: a file that is ready",
    existing="users/{owner}/files/ready",
    fresh="users/{owner}/files/new",
    creations={
        "as the page announces": announcement(),
        "with search terms": announcement(nameKey="photo.png", keywords=["photo", "png"]),
        "with too many search terms": announcement(keywords=[f"w{n}" for n in range(61)]),
        "larger than a file may be": announcement(size=50 * MEBIBYTE + 1),
        "larger than the room left": announcement(size=40 * MEBIBYTE),
        "already ready": announcement(state="ready"),
        "with a field of functions": announcement(sha256="0" * 64),
        "with a path as its name": announcement(name="../photo.png"),
        "as a page that a browser runs": announcement(contentType="text/html"),
    },
    updates={
        "rename": {"name": "other.png", **STAMP},
        "rename, with search terms": {"name": "b.png", "nameKey": "b.png", "keywords": ["b"], **STAMP},
        "rename, without the server time": {"name": "other.png"},
        "into the trash": TRASH,
        "into the trash, without its time": {"state": "trashed", **STAMP},
        "back to uploading": {"state": "uploading", **STAMP},
        "size": {"size": 1, **STAMP},
        "sha256": {"sha256": "1" * 64, **STAMP},
        "path of the object": {"path": "users/matrix-other/files/x/y", **STAMP},
    },
)
UNFINISHED = Documents(
    "`users/{uid}/files/{fileId}`: a file that is still uploading",
    existing="users/{owner}/files/announced",
    fresh="users/{owner}/files/not an id",
    creations={"under an id with spaces": announcement()},
    updates={
        "rename": {"name": "other.png", **STAMP},
        "into the trash": TRASH,
        "to ready": {"state": "ready", **STAMP},
    },
)
TRASHED = Documents(
    "`users/{uid}/files/{fileId}`: a file in the trash",
    existing="users/{owner}/files/trashed",
    fresh="users/{owner}/files/new",
    creations={"already in the trash": announcement(state="trashed", trashedAt=SERVER_TIME)},
    updates={
        "back from the trash": {"state": "ready", "trashedAt": DELETE_FIELD, **STAMP},
        "back, keeping the time": {"state": "ready", **STAMP},
        "a later time": TRASH,
        "rename": {"name": "other.png", **STAMP},
    },
)
JOB = Documents(
    "`users/{uid}/jobs/{jobId}`: progress of long work",
    existing="users/{owner}/jobs/job",
    fresh="users/{owner}/jobs/new",
    creations={"any": {"state": "running"}},
    updates={"any": {"state": "done"}},
)
SHARE = Documents(
    "`shares/{shareId}`: a link",
    existing="shares/{owner}-link",
    fresh="shares/{owner}-new",
    creations={"any": {"uid": OWNER, "state": "active"}},
    updates={"any": {"downloads": 0}},
    filters={"uid": "{owner}"},
)
REPORT = Documents(
    "`reports/{reportId}`: what the sweep found",
    existing="reports/{owner}-found",
    fresh="reports/{owner}-new",
    creations={"any": {"kind": "sweep"}},
    updates={"any": {"purged": 0}},
)
LIMIT = Documents(
    "`limits/{key}`: how often somebody asked",
    existing="limits/create_share:{owner}",
    fresh="limits/start_export:{owner}",
    creations={"any": {"count": 0}},
    updates={"any": {"count": 0}},
)
LEDGER = Documents(
    "`ledger/{key}`: what was counted",
    existing="ledger/usage:{owner}:ready:1",
    fresh="ledger/usage:{owner}:new:1",
    creations={"any": {"uid": OWNER, "state": "counted"}},
    updates={"any": {"state": "released"}},
)
UNKNOWN = Documents(
    "any other path",
    existing="users/{owner}/notes/note",
    fresh="matrix-anything/new",
    creations={"any": {"a": 1}},
    updates={"any": {"a": 2}},
)
ORIGINAL = Objects(
    "Storage `users/{uid}/files/{fileId}/{name}`: an original",
    existing="users/{owner}/files/ready/photo.png",
    fresh="users/{owner}/files/announced/photo.png",
    uploads={
        "as announced": Upload(size=1000, content_type="image/png"),
        "of another type": Upload(size=1000, content_type="image/jpeg"),
        "under another name": Upload(
            name="users/{owner}/files/announced/b.png", size=1000, content_type="image/png"
        ),
        "over an existing object": Upload(
            name="users/{owner}/files/ready/photo.png", size=1000, content_type="image/png"
        ),
        "that was not announced": Upload(
            name="users/{owner}/files/x/photo.png", size=9, content_type="image/png"
        ),
        "of no bytes": Upload(size=0, content_type="image/png"),
        "larger than the room left": Upload(size=40 * MEBIBYTE, content_type="image/png"),
        "compressed": Upload(size=9, content_type="image/png", content_encoding="gzip"),
    },
)
THUMBNAIL = Objects(
    "Storage `derived/{uid}/{fileId}/{rendition}`: a thumbnail",
    existing="derived/{owner}/ready/small.webp",
    fresh="derived/{owner}/new/small.webp",
    uploads={"any": Upload(size=9, content_type="image/webp")},
)
PICTURE = Objects(
    "Storage `users/{uid}/picture/{id}.webp`: the picture of a user",
    existing="users/{owner}/picture/old.webp",
    fresh="users/{owner}/picture/new.webp",
    uploads={
        "a picture": Upload(size=9, content_type="image/webp"),
        "over an existing one": Upload(
            name="users/{owner}/picture/old.webp", size=9, content_type="image/webp"
        ),
        "larger than 200 KiB": Upload(size=200 * 1024 + 1, content_type="image/webp"),
        "of another type": Upload(size=9, content_type="image/svg+xml"),
        "under another name": Upload(name="users/{owner}/picture/a.svg", size=9, content_type="image/webp"),
    },
)
EXPORT = Objects(
    "Storage `exports/{uid}/{jobId}/{name}`: an archive, less than a day old",
    existing="exports/{owner}/job/a.zip",
    fresh="exports/{owner}/job/b.zip",
    uploads={"any": Upload(size=9, content_type="application/zip")},
)
ELSEWHERE = Objects(
    "Storage: any other path",
    existing="public/{owner}/a.png",
    fresh="{owner}.png",
    uploads={"any": Upload(size=9, content_type="image/png")},
)


def seed(rules: RulesTestEnvironment, owner: str, before: datetime) -> None:
    """Everything the owner has, and the profile of the one who only says that they are an admin."""
    rules.seed(
        {
            f"users/{owner}": profile(
                before,
                state="suspended" if owner == SUSPENDED else "active",
                usage={"bytes": (1024 - 30) * MEBIBYTE, "files": 10},
            ),
            f"users/{owner}/files/ready": stored_file(owner, "ready", before),
            f"users/{owner}/files/announced": announcement(createdAt=before),
            f"users/{owner}/files/trashed": stored_file(
                owner, "trashed", before, state="trashed", trashedAt=before
            ),
            f"users/{owner}/jobs/job": {"state": "running"},
            f"shares/{owner}-link": share(owner, "ready", before),
            f"reports/{owner}-found": {"kind": "sweep", "purged": 1},
            f"limits/create_share:{owner}": {"count": 1},
            f"users/{owner}/notes/note": {"a": 1},
            f"ledger/usage:{owner}:ready:1": {"uid": owner, "state": "counted"},
            f"users/{PRETENDER}": profile(before, role="admin"),
        },
        {
            f"users/{owner}/files/ready/photo.png": b"original",
            f"derived/{owner}/ready/small.webp": b"thumbnail",
            f"users/{owner}/picture/old.webp": b"picture",
            f"exports/{owner}/job/a.zip": b"archive",
            f"public/{owner}/a.png": b"elsewhere",
        },
    )


MATRIX = Matrix(
    ROLES,
    (
        *(PROFILE, FILE, UNFINISHED, TRASHED, JOB, SHARE, REPORT, LIMIT, LEDGER, UNKNOWN),
        *(ORIGINAL, THUMBNAIL, PICTURE, EXPORT, ELSEWHERE),
    ),
    seed,
)
