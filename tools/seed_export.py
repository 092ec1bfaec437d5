"""Makes an export the same every time: fixed times, generations and file names instead of those of the
moment.

What cannot be fixed is when the export was made, which the Firestore part records
(`all_namespaces_all_kinds.export_metadata`); `same_content` leaves that file out.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tools.seed_content import BEGINNING, FILES, PASSWORD, SeedFile

_MOMENT: Final = "all_namespaces_all_kinds.export_metadata"
_SALT: Final = "fakeSaltKindling"


def settle(export: Path) -> None:
    """Rewrite the Auth and Storage parts of `export` in place."""
    accounts = export / "auth_export" / "accounts.json"
    _rewrite(accounts, _settled_accounts(json.loads(accounts.read_text(encoding="utf-8"))))
    for metadata in sorted((export / "storage_export" / "metadata").glob("*.json")):
        _settle_object(metadata)


def same_content(one: Path, other: Path) -> bool:
    """Whether two exports hold the same, apart from when they were made."""
    return _contents(one) == _contents(other)


def _settled_accounts(accounts: dict[str, Any]) -> dict[str, Any]:
    milliseconds = str(int(BEGINNING.timestamp() * 1000))
    for user in accounts["users"]:
        user["createdAt"] = milliseconds
        user["passwordUpdatedAt"] = int(milliseconds)
        user["validSince"] = str(int(BEGINNING.timestamp()))
        user["salt"] = _SALT
        user["passwordHash"] = f"fakeHash:salt={_SALT}:password={PASSWORD}"
        user.pop("lastLoginAt", None)
        user.pop("lastRefreshAt", None)
    return {**accounts, "users": sorted(accounts["users"], key=lambda user: str(user["localId"]))}


def _settle_object(metadata: Path) -> None:
    """Fix the times of an object and give its two files a name that says what they are.

    The CLI derives an etag from the generation when there is none.
    """
    fields = json.loads(metadata.read_text(encoding="utf-8"))
    file = _file_of(fields["name"])
    moment = _iso(file.created)
    fields |= {
        "generation": int(file.generation),
        "timeCreated": moment,
        "updated": moment,
        "downloadTokens": [],
    }
    fields.pop("etag", None)
    original = fields["name"].startswith("users/")
    name = f"{file.uid}-{file.file_id}" + ("" if original else f"-{Path(fields['name']).stem}")
    folder = metadata.parent.parent
    (folder / "blobs" / metadata.name.removesuffix(".json")).rename(folder / "blobs" / name)
    metadata.unlink()
    _rewrite(folder / "metadata" / f"{name}.json", fields)


def _file_of(object_name: str) -> SeedFile:
    """The file an object belongs to: both `users/` and `derived/` names hold the user and the file's id."""
    return next(file for file in FILES if file.file_id in object_name.split("/"))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _rewrite(path: Path, content: dict[str, Any]) -> None:
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


def _contents(export: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(export)): path.read_bytes()
        for path in sorted(export.rglob("*"))
        if path.is_file() and path.name != _MOMENT and path.suffix != ".md"
    }
