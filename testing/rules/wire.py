"""The backend of a running emulator: Firestore's REST API and what the Firebase SDKs send to Storage.

The emulator is shared with other tests, so what a test wrote is removed when it ends, and nothing that was
there before may be seeded over. The emulator's clock is the machine's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import pytest
import requests

from emulator.firestore import queries
from emulator.firestore.documents import FieldTransform, TransformKind, WriteKind
from emulator.firestore.documents import Write as StoredWrite
from emulator.firestore.paths import DatabaseId, format_field_path
from emulator.firestore.values import Value
from emulator.wire.firebase_json import DEFAULT_DATABASE
from emulator.wire.json_documents import json_fields, json_value
from testing.rules.answers import Answer, Denial, Failure
from testing.rules.backend import DEFAULT_BUCKET, Caller
from testing.rules.descriptions import described_commit, described_place, described_query, described_upload
from testing.rules.json_values import from_fields
from testing.rules.operations import Query, Upload, Write, stored_query, stored_write
from testing.rules.sources import RulesFiles
from testing.rules.values import Codec, Data

DEADLINE_SECONDS: Final = 30
ADMIN_TOKEN: Final = "owner"  # noqa: S105 - no secret
"""The emulators' own: rules are skipped."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the emulators listen, as `host:port`; no `storage` when only Firestore runs."""

    firestore: str
    storage: str | None
    project: str


class Wire:
    """Requests to emulators at `addresses`, which have the rules of `files` loaded."""

    def __init__(self, name: str, addresses: Addresses, files: RulesFiles) -> None:
        self.name = name
        self._files = files
        self._addresses = addresses
        self._http = requests.Session()
        self._written: dict[tuple[str, str], None] = {}
        """(database, path) of every document that a test wrote."""
        self._uploaded: dict[str, None] = {}

    # ---- Firestore

    def get(
        self, caller: Caller, path: str, transaction: bytes | None = None, database: str = DEFAULT_DATABASE
    ) -> Answer:
        name = self._codec(database).document_path(path).name
        body = {"documents": [name], **_in_transaction(transaction)}
        request = f"{caller.name}: get {path}{described_place(database)}"
        answer = self._firestore(caller, request, database, "batchGet", body)
        return self._with_data(answer, lambda found: _fields(found[0].get("found")))

    def query(
        self, caller: Caller, query: Query, transaction: bytes | None = None, database: str = DEFAULT_DATABASE
    ) -> Answer:
        asked = stored_query(query, self._codec(database))
        parent = "".join(f"/{quote(segment, safe='')}" for segment in asked.parent.segments)
        body = {"structuredQuery": _structured_query(asked), **_in_transaction(transaction)}
        request = described_query(caller, query, database)
        answer = self._firestore(caller, request, database, "runQuery", body, parent)
        return self._with_data(answer, _documents)

    def commit(
        self,
        caller: Caller,
        writes: Sequence[Write],
        transaction: bytes | None = None,
        database: str = DEFAULT_DATABASE,
    ) -> Answer:
        stored = [_json_write(stored_write(write, self._codec(database))) for write in writes]
        body = {"writes": stored, **_in_transaction(transaction)}
        request = described_commit(caller, writes, database)
        answer = self._firestore(caller, request, database, "commit", body)
        if answer.went_well:
            self._written |= dict.fromkeys((database, write.path) for write in writes)
        return self._with_data(answer, lambda result: None)

    def begin(self, caller: Caller, database: str = DEFAULT_DATABASE) -> bytes:
        request = f"{caller.name}: begin a transaction"
        answer = self._firestore(caller, request, database, "beginTransaction", {})
        return base64.b64decode(answer.data["transaction"])

    def roll_back(self, caller: Caller, transaction: bytes, database: str = DEFAULT_DATABASE) -> None:
        body = _in_transaction(transaction)
        self._firestore(caller, f"{caller.name}: roll back", database, "rollback", body)

    def _firestore(
        self,
        caller: Caller,
        request: str,
        database: str,
        method: str,
        body: Mapping[str, Any],
        parent: str = "",
    ) -> Answer:
        address = f"http://{self._addresses.firestore}/v1/{self._name(database)}/documents{parent}:{method}"
        response = self._http.post(
            address, json=body, headers=_authorization(caller), timeout=DEADLINE_SECONDS
        )
        answer = response.json()
        release = self._files.of_database(database)
        rules = release.text if release is not None else None
        if response.ok:
            return Answer(request, self.name, rules, data=answer)
        error = (answer[0] if isinstance(answer, list) else answer)["error"]
        if error["status"] == "PERMISSION_DENIED":
            return Answer(request, self.name, rules, denial=Denial(error["message"]))
        failure = Failure(error["status"], error.get("message", ""))
        return Answer(request, self.name, rules, failure=failure)

    def _codec(self, database: str) -> Codec:
        return Codec(DatabaseId(self._addresses.project, database))

    def _name(self, database: str) -> str:
        return DatabaseId(self._addresses.project, database).name

    def _with_data(self, answer: Answer, data: Any) -> Answer:
        if not answer.went_well:
            return answer
        return Answer(answer.request, self.name, answer.rules, data=data(answer.data))

    # ---- Storage

    def object_metadata(self, caller: Caller, name: str) -> Answer:
        request = f"{caller.name}: get object {name}"
        response = self._storage("GET", _object(name), caller)
        if response.status_code == 404:
            return Answer(request, self.name, self._files.storage)
        return self._storage_answer(request, response, _summary)

    def list_objects(self, caller: Caller, folder: str) -> Answer:
        prefix = quote(f"{folder}/" if folder else "", safe="")
        response = self._storage("GET", f"?prefix={prefix}&delimiter=/", caller)
        return self._storage_answer(
            f"{caller.name}: list objects of {folder or 'the bucket'}",
            response,
            lambda found: sorted(item["name"] for item in found.get("items", [])),
        )

    def upload(self, caller: Caller, upload: Upload) -> Answer:
        response = self._send(caller, upload)
        if response.ok:
            self._uploaded[upload.name] = None
        return self._storage_answer(described_upload(caller, upload), response, _summary)

    def change_metadata(self, caller: Caller, name: str, changes: Mapping[str, Any]) -> Answer:
        spelled = {"".join(_camel(key)): value for key, value in changes.items()}
        response = self._storage("PATCH", _object(name), caller, json=spelled)
        return self._storage_answer(f"{caller.name}: change metadata of {name}", response, _summary)

    def delete_object(self, caller: Caller, name: str) -> Answer:
        response = self._storage("DELETE", _object(name), caller)
        return self._storage_answer(f"{caller.name}: delete object {name}", response, lambda body: None)

    def _send(self, caller: Caller, upload: Upload) -> requests.Response:
        described: dict[str, Any] = {"name": upload.name, "contentType": upload.content_type}
        if upload.content_encoding is not None:
            described["contentEncoding"] = upload.content_encoding
        if upload.metadata:
            described["metadata"] = dict(upload.metadata)
        boundary = b"a-boundary-that-no-test-uploads"
        parts = [
            (b"application/json; charset=utf-8", json.dumps(described).encode()),
            (b"application/octet-stream", upload.bytes),
        ]
        body = b"".join(
            b"--%b\r\nContent-Type: %b\r\n\r\n%b\r\n" % (boundary, kind, content) for kind, content in parts
        )
        headers = {
            "X-Goog-Upload-Protocol": "multipart",
            "Content-Type": f"multipart/related; boundary={boundary.decode()}",
        }
        target = f"?name={quote(upload.name, safe='')}"
        return self._storage("POST", target, caller, data=body + b"--%b--" % boundary, headers=headers)

    def _storage(
        self,
        method: str,
        target: str,
        caller: Caller,
        *,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> requests.Response:
        if self._addresses.storage is None:
            pytest.skip("no Storage emulator is running: FIREBASE_STORAGE_EMULATOR_HOST is not set")
        return self._http.request(
            method,
            f"http://{self._addresses.storage}/v0/b/{DEFAULT_BUCKET}/o{target}",
            headers={**_authorization(caller), **(headers or {})},
            timeout=DEADLINE_SECONDS,
            **content,
        )

    def _storage_answer(self, request: str, response: requests.Response, data: Any) -> Answer:
        rules = self._files.storage
        if response.status_code == 403:
            return Answer(request, self.name, rules, denial=Denial(None))
        if not response.ok:
            status = "NOT_FOUND" if response.status_code == 404 else str(response.status_code)
            return Answer(request, self.name, rules, failure=Failure(status, response.text[:200]))
        return Answer(request, self.name, rules, data=data(response.json() if response.content else {}))

    # ---- state

    def seed(
        self, documents: Mapping[str, Data], objects: Iterable[Upload], database: str = DEFAULT_DATABASE
    ) -> None:
        self._refuse_existing([path for path in documents if (database, path) not in self._written], database)
        writes = [Write("set", path, data) for path, data in documents.items()]
        answer = self.commit(_ADMIN, writes, None, database)
        if answer.failure is not None:
            raise RuntimeError(f"the seed was refused: {answer.failure}")
        for upload in objects:
            self._uploaded[upload.name] = None
            self._send(_ADMIN, upload).raise_for_status()

    def _refuse_existing(self, paths: Sequence[str], database: str) -> None:
        """Raises RuntimeError for documents that are there already, which seeding would lose."""
        if not paths:
            return
        body = {"documents": [self._codec(database).document_path(path).name for path in paths]}
        found = self._firestore(_ADMIN, "look for what is there", database, "batchGet", body).data
        there = [entry["found"]["name"].partition("/documents/")[2] for entry in found if "found" in entry]
        if there:
            names = ", ".join(there)
            raise RuntimeError(
                f"the emulator has {names}, which seeding would lose: use ids of the test's own"
            )

    def now(self) -> datetime:
        return datetime.now(UTC)

    def travel_to(self, moment: datetime) -> None:
        pytest.skip("the clock of a running emulator cannot be set; the in-process engine's can")

    def close(self) -> None:
        """Remove what the test wrote. The emulator's own route does it, which starts no function."""
        for database, path in self._written:
            above = (other for where, other in self._written if where == database)
            if not any(path.startswith(f"{other}/") for other in above):
                place = "/".join(quote(segment, safe="") for segment in path.split("/"))
                clearing = f"http://{self._addresses.firestore}/emulator/v1/{self._name(database)}/documents"
                self._http.delete(f"{clearing}/{place}", timeout=DEADLINE_SECONDS).raise_for_status()
        for name in self._uploaded:
            self._storage("DELETE", _object(name), _ADMIN)
        self._http.close()


@dataclass(frozen=True, slots=True)
class _Admin:
    name: str = "admin"
    admin: bool = True
    claims: Mapping[str, Any] | None = None


_ADMIN: Final = _Admin()


def is_official(firestore: str) -> bool:
    """Whether Google's program answers at `host:port`: rules without files are an error of its own."""
    address = f"http://{firestore}/emulator/v1/projects/demo-rules:securityRules"
    return requests.put(address, json={}, timeout=DEADLINE_SECONDS).status_code == 500


def fetched_coverage(addresses: Addresses, database: str = DEFAULT_DATABASE) -> dict[str, Any]:
    """The coverage report of the rules that the emulator has loaded for a database."""
    of = "" if database == DEFAULT_DATABASE else f"/databases/{quote(database, safe='')}"
    address = f"http://{addresses.firestore}/emulator/v1/projects/{addresses.project}{of}:ruleCoverage"
    report: dict[str, Any] = requests.get(address, timeout=DEADLINE_SECONDS).json()
    return report


def _authorization(caller: Caller) -> dict[str, str]:
    if caller.admin:
        return {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    if caller.claims is None:
        return {}
    parts = ({"alg": "none", "typ": "JWT"}, dict(caller.claims))
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return {"Authorization": f"Bearer {'.'.join(encoded)}."}


def _in_transaction(transaction: bytes | None) -> dict[str, str]:
    return {} if transaction is None else {"transaction": base64.b64encode(transaction).decode()}


def _object(name: str) -> str:
    return "/" + quote(name, safe="")


def _summary(described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": described["name"],
        "size": int(described["size"]),
        "content_type": described.get("contentType"),
    }


def _camel(name: str) -> Iterable[str]:
    first, *rest = name.split("_")
    return [first, *(word.capitalize() for word in rest)]


def _fields(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else from_fields(document)


def _documents(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    documents = [entry["document"] for entry in found if "document" in entry]
    return {each["name"].partition("/documents/")[2]: from_fields(each) for each in documents}


def _json_write(write: StoredWrite) -> dict[str, Any]:
    if write.kind is WriteKind.DELETE:
        return {"delete": write.path.name}
    tree: dict[str, Any] = {"update": {"name": write.path.name, "fields": json_fields(write.fields)}}
    if write.mask is not None:
        tree["updateMask"] = {"fieldPaths": [format_field_path(path) for path in write.mask]}
    if write.transforms:
        tree["updateTransforms"] = [_json_transform(transform) for transform in write.transforms]
    if write.precondition.exists is not None:
        tree["currentDocument"] = {"exists": write.precondition.exists}
    return tree


def _json_transform(transform: FieldTransform) -> dict[str, Any]:
    place = {"fieldPath": format_field_path(transform.field)}
    match transform.kind:
        case TransformKind.SERVER_TIMESTAMP:
            return {**place, "setToServerValue": "REQUEST_TIME"}
        case TransformKind.ARRAY_UNION:
            return {**place, "appendMissingElements": json_value(transform.operand)["arrayValue"]}
        case TransformKind.ARRAY_REMOVE:
            return {**place, "removeAllFromArray": json_value(transform.operand)["arrayValue"]}
    return {**place, transform.kind.value: json_value(transform.operand)}


_OPERATORS: Final = {operator: operator.name for operator in queries.Operator}
_UNARY: Final = {queries.Operator.IS_NULL, queries.Operator.IS_NOT_NULL}


def _structured_query(query: queries.Query) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "from": [{"collectionId": query.collection, "allDescendants": query.all_descendants}]
    }
    if query.where is not None:
        tree["where"] = _json_filter(query.where)
    if query.order_by:
        tree["orderBy"] = [
            {"field": {"fieldPath": format_field_path(order.field)}, "direction": order.direction.name}
            for order in query.order_by
        ]
    if query.limit is not None:
        tree["limit"] = query.limit
    return tree


def _json_filter(filter_: queries.Filter) -> dict[str, Any]:
    if isinstance(filter_, queries.CompositeFilter):
        return {
            "compositeFilter": {
                "op": filter_.op,
                "filters": [_json_filter(inner) for inner in filter_.filters],
            }
        }
    place = {"fieldPath": format_field_path(filter_.field)}
    if filter_.op in _UNARY:
        return {"unaryFilter": {"op": _OPERATORS[filter_.op], "field": place}}
    value: Value = filter_.value
    return {"fieldFilter": {"field": place, "op": _OPERATORS[filter_.op], "value": json_value(value)}}
