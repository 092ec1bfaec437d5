"""Links to files: made and ended by their owner, open to whoever has one until they end.

A link is the document `shares/{shareId}`, whose id has 128 random bits and is the only key to it. It is open
while it is active, not expired and not used up, its file is ready and its owner active; all that is looked at
each time, so nothing has to happen for a link to end.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from firebase_functions.params import StringParam
from msgspec import Meta

from app import clients
from app.budgets import Budget, Spent, budget_path
from app.callables import Call, Input, callable_handler
from app.limits import Limit
from app.optimistic import Changes, change
from app.paths import FileKey, is_share_id, share_path
from app.profiles import Profile, not_active
from app.refusals import Refusal
from app.usage import set_usage

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentReference

PUBLIC_URL = StringParam(
    "PUBLIC_URL",
    default="",
    label="Address of the page",
    description="Where links to shared files begin, for instance https://drop.example. "
    "Empty for https://<project>.web.app.",
)

MAX_ACTIVE_SHARES = 100
_BATCH = 200

GIB = 1024**3
# What visitors may download within a day: by one link, and by all links of an owner. A popular link leaves
# room for the others.
LINK_BUDGET = Budget(5 * GIB, timedelta(days=1))
OWNER_BUDGET = Budget(20 * GIB, timedelta(days=1))


class CreateShare(Input, frozen=True):
    fileId: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]  # noqa: N815 - as it is sent
    hours: Annotated[int, Meta(ge=1, le=720)] = 168
    maxDownloads: Annotated[int, Meta(ge=1, le=1000)] | None = None  # noqa: N815 - as it is sent


class RevokeShare(Input, frozen=True):
    shareId: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]  # noqa: N815 - as it is sent


@dataclass(frozen=True, slots=True)
class Share:
    """A link and, as `name`, what its file is called now."""

    id: str
    key: FileKey
    name: str
    content_type: str
    size: int
    kind: str
    path: str
    generation: str
    thumbnail: str | None
    state: str
    expires_at: datetime
    max_downloads: int | None
    downloads: int

    @classmethod
    def parse(cls, share_id: str, fields: Mapping[str, Any]) -> Share:
        return cls(
            id=share_id,
            key=FileKey(fields["uid"], fields["fileId"]),
            name=fields["name"],
            content_type=fields["contentType"],
            size=fields["size"],
            kind=fields["kind"],
            path=fields["path"],
            generation=fields["generation"],
            thumbnail=fields["thumbnail"],
            state=fields["state"],
            expires_at=fields["expiresAt"],
            max_downloads=fields["maxDownloads"],
            downloads=fields["downloads"],
        )

    @property
    def downloads_left(self) -> int | None:
        """None without a limit."""
        return None if self.max_downloads is None else max(0, self.max_downloads - self.downloads)

    def is_active(self, now: datetime) -> bool:
        """Whether its owner and the time let it be open. Downloads are not counted here."""
        return self.state == "active" and now < self.expires_at

    def serves(self, file: Mapping[str, Any] | None, profile: Mapping[str, Any] | None) -> bool:
        """Whether file and owner are still such that it may be open."""
        if file is None or profile is None:
            return False
        same_bytes = (file.get("path"), file.get("generation")) == (self.path, self.generation)
        return same_bytes and file.get("state") == "ready" and profile.get("state") == "active"


# The owner's side


@callable_handler(CreateShare, Limit(60, timedelta(hours=1)), verified_email=True)
def create_share(call: Call[CreateShare]) -> dict[str, Any]:
    """Makes a link to a ready file of the caller."""
    wanted = call.input
    key = FileKey(call.uid, wanted.fileId)
    share_id = new_share_id()
    expires_at = call.now + timedelta(hours=wanted.hours)
    _store(share_id, key, call.now, expires_at, wanted.maxDownloads)
    call.log("share created", file=key.document, hours=wanted.hours, max_downloads=wanted.maxDownloads)
    url = f"{_page_address(call.origin)}/s/{share_id}"
    return {"shareId": share_id, "url": url, "expiresAt": expires_at.isoformat(timespec="milliseconds")}


def _store(
    share_id: str, key: FileKey, now: datetime, expires_at: datetime, max_downloads: int | None
) -> None:
    """Writes a new link in one commit with its owner's profile. So no link comes after its owner's deletion,
    and links made at once are not more than one after the other. Raises Refusal.
    """
    path = share_path(share_id)

    def decide(changes: Changes) -> None:
        owner, file, _ = changes.read(key.profile, key.document, path)
        if owner is None:
            raise Refusal("deleting")
        profile = Profile.parse(owner)
        if profile.state != "active":
            raise not_active(profile)
        if file is None:
            raise Refusal("file-not-found")
        if file.get("state") != "ready":
            raise Refusal("file-not-ready")
        if _active_shares(key.uid, now) >= MAX_ACTIVE_SHARES:
            raise Refusal("too-many-shares", limit=MAX_ACTIVE_SHARES)
        changes.create(path, new_share(key, file, now, expires_at, max_downloads))
        # Written as it was: what was read holds only as long as nobody else writes the profile.
        set_usage(changes, key.profile, profile.usage)

    change(decide)


@callable_handler(RevokeShare, Limit(120, timedelta(hours=1)))
def revoke_share(call: Call[RevokeShare]) -> dict[str, Any]:
    """Ends a link of the caller. One that has ended stays ended."""
    path = share_path(call.input.shareId)

    def decide(changes: Changes) -> None:
        (fields,) = changes.read(path)
        if fields is None or fields["uid"] != call.uid:
            raise Refusal("share-not-found")
        if fields["state"] != "revoked":
            changes.update(path, {"state": "revoked"})

    change(decide)
    call.log("share revoked")
    return {}


def new_share_id() -> str:
    """22 letters and digits that nobody can guess."""
    while not is_share_id(share_id := secrets.token_urlsafe(16)):
        pass
    return share_id


def new_share(
    key: FileKey, file: Mapping[str, Any], now: datetime, expires_at: datetime, max_downloads: int | None
) -> dict[str, Any]:
    """The fields of a new link to a file whose document holds `file`."""
    thumbnails = file.get("thumbnails") or {}
    return {
        "uid": key.uid,
        "fileId": key.file_id,
        "name": file["name"],
        "contentType": file["contentType"],
        "size": file["size"],
        "kind": file.get("kind", "other"),
        "path": file["path"],
        "generation": file["generation"],
        "thumbnail": thumbnails.get("large") or thumbnails.get("small"),
        "state": "active",
        "createdAt": now,
        "expiresAt": expires_at,
        "maxDownloads": max_downloads,
        "downloads": 0,
    }


def _active_shares(uid: str, now: datetime) -> int:
    """How many links of a user are neither revoked nor expired."""
    from google.cloud.firestore import FieldFilter

    query = clients.firestore().collection("shares").where(filter=FieldFilter("uid", "==", uid))
    active = query.where(filter=FieldFilter("state", "==", "active")).select(["expiresAt"])
    return sum(snapshot.get("expiresAt") > now for snapshot in active.stream())


def _page_address(origin: str | None) -> str:
    """Where the page is, without a slash at the end. In the emulators it is where the caller sees it."""
    if PUBLIC_URL.value:
        return PUBLIC_URL.value.rstrip("/")
    if os.environ.get("FUNCTIONS_EMULATOR") == "true":
        return origin or "http://127.0.0.1:5000"
    return f"https://{os.environ['GCLOUD_PROJECT']}.web.app"


# The visitor's side


def find_open(share_id: str, now: datetime, *, also_used_up: bool = False) -> Share | None:
    """The link with this id, None when there is none or it has ended."""
    if not is_share_id(share_id):
        return None
    client = clients.firestore()
    fields = client.document(share_path(share_id)).get().to_dict()
    share = None if fields is None else Share.parse(share_id, fields)
    if share is None or not share.is_active(now) or (share.downloads_left == 0 and not also_used_up):
        return None
    references = [client.document(path) for path in (share.key.document, share.key.profile)]
    found = {snapshot.reference.path: snapshot.to_dict() for snapshot in client.get_all(references)}
    file, profile = (found[reference.path] for reference in references)
    return _with_name(share, file) if share.serves(file, profile) else None


def count_download(share_id: str, now: datetime) -> Share | Spent | None:
    """Takes one download, and the file's bytes from the budgets of the day; Spent when they do not suffice,
    None when there is no download left, or no such link.
    """
    if not is_share_id(share_id):
        return None
    path = share_path(share_id)

    def decide(changes: Changes) -> Share | Spent | None:
        (fields,) = changes.read(path)
        share = None if fields is None else Share.parse(share_id, fields)
        if fields is None or share is None or not share.is_active(now) or share.downloads_left == 0:
            return None
        budget_at = budget_path(share.key.uid)
        file, profile, spent_by_owner = changes.read(share.key.document, share.key.profile, budget_at)
        if not share.serves(file, profile):
            return None
        of_link = LINK_BUDGET.take(fields, share.size, now)
        of_owner = OWNER_BUDGET.take(spent_by_owner, share.size, now)
        if isinstance(of_link, Spent):
            return of_link
        if isinstance(of_owner, Spent):
            return of_owner
        changes.update(path, {"downloads": share.downloads + 1, "lastDownloadAt": now} | of_link)
        # The user's id is a field as well, so that deleting the account finds the document.
        counted = of_owner | {"uid": share.key.uid, "expiresAt": now + OWNER_BUDGET.window}
        if spent_by_owner is None:
            changes.create(budget_at, counted)
        else:
            changes.update(budget_at, counted)
        return _with_name(share, file)

    return change(decide)


def _with_name(share: Share, file: Mapping[str, Any] | None) -> Share:
    assert file is not None
    return replace(share, name=file["name"])


# When a file goes


def end_shares_of_file(uid: str, file_id: str) -> int:
    """Deletes every link to a file; says how many there were."""
    from google.cloud.firestore import FieldFilter

    query = clients.firestore().collection("shares").where(filter=FieldFilter("uid", "==", uid))
    of_file = query.where(filter=FieldFilter("fileId", "==", file_id)).select([])
    return _delete(snapshot.reference for snapshot in of_file.stream())


def _delete(references: Iterable[DocumentReference]) -> int:
    pending = list(references)
    client = clients.firestore()
    for start in range(0, len(pending), _BATCH):
        batch = client.batch()
        for reference in pending[start : start + _BATCH]:
            batch.delete(reference)
        batch.commit()
    return len(pending)
