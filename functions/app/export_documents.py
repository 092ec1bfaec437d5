"""The documents of an export: everything Firestore and Authentication keep of a user, as JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app import clients
from app.paths import profile_path

if TYPE_CHECKING:
    from google.cloud.firestore import Query


def profile_of(uid: str) -> dict[str, Any]:
    """The profile as JSON; empty when there is none."""
    fields = clients.firestore().document(profile_path(uid)).get().to_dict() or {}
    return _json_map({"id": uid} | fields)


def account_of(uid: str) -> dict[str, Any]:
    """The account as Authentication knows it, as JSON; empty when there is none."""
    user = clients.find_user(uid)
    if user is None:
        return {}
    account = {
        "uid": user.uid,
        "email": user.email,
        "emailVerified": user.email_verified,
        "displayName": user.display_name,
        "photoURL": user.photo_url,
        "phoneNumber": user.phone_number,
        "providers": [provider.provider_id for provider in user.providers],
        "customClaims": user.custom_claims,
        "createdAt": user.created_at,
        "lastSignInAt": user.last_sign_in_at,
    }
    return _json_map(account)


def collections_of(uid: str) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Each collection of the user's documents: its name, and the documents as JSON, read when taken."""
    from google.cloud.firestore import FieldFilter

    client = clients.firestore()
    for collection in sorted(client.document(profile_path(uid)).collections(), key=lambda each: each.id):
        yield collection.id, _documents(collection.order_by("__name__"))
    shares = client.collection("shares").where(filter=FieldFilter("uid", "==", uid))
    yield "shares", _documents(shares)


def file_documents(uid: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and fields of every file document, as far as a plan needs them."""
    fields = ("name", "size", "contentType", "state", "reason", "createdAt", "path", "generation")
    for snapshot in clients.firestore().collection(f"{profile_path(uid)}/files").select(fields).stream():
        yield snapshot.id, snapshot.to_dict() or {}


def _documents(query: Query) -> Iterator[dict[str, Any]]:
    for snapshot in query.stream():
        yield _json_map({"id": snapshot.id} | (snapshot.to_dict() or {}))


def _json_map(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: to_json(value) for key, value in fields.items()}


def to_json(value: Any) -> Any:
    """A value of Firestore as JSON: times as ISO 8601 in UTC, bytes as base64, references as paths."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            return _json_map(value)
        case list() | tuple():
            return [to_json(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case None | bool() | int() | float() | str():
            return value
    path = getattr(value, "path", None)
    if isinstance(path, str):
        return path
    if hasattr(value, "latitude"):
        return {"latitude": value.latitude, "longitude": value.longitude}
    raise TypeError(f"no JSON for a {type(value).__name__}")
