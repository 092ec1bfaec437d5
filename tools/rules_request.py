"""From the words of a command line to the request that rules are asked about.

Values are JSON. What JSON lacks is written as a map with one key: {"$time": "now"} or an RFC 3339 time,
{"$path": "/databases/(default)/documents/users/alice"}, {"$latlng": [37.5, 127]}, {"$bytes": "base64"}.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from emulator.rules import (
    FIRESTORE,
    STORAGE,
    AccessBudget,
    Auth,
    FieldConstraint,
    ResourceValue,
    RulesQuery,
    RulesRequest,
)
from emulator.rules.limits import INT_MAX, INT_MIN
from emulator.rules.types import LatLng, Path, Timestamp, Value
from emulator.wire.firebase_json import DEFAULT_DATABASE
from tools.project import PROJECT_ID

Documents: TypeAlias = dict[str, dict[str, Any]]
"""Fields by path, whole for another database: {"users/alice": {"name": "Alice"}}."""

BUCKET: Final = f"{PROJECT_ID}.appspot.com"
WRITES: Final = ("create", "update", "delete")
METHODS: Final = ("get", "list", *WRITES)

# field operator value
_FILTER = re.compile(r"\s*([\w.`-]+)\s*(==|!=|<=|>=|<|>|array-contains|not-in|in)\s*(.+)", re.DOTALL)


class BadRequest(ValueError):
    """The words make no request. Its text is for the person who wrote them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says. JSON is still text."""

    operation: str
    path: str
    storage: bool = False
    database: str = DEFAULT_DATABASE
    uid: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    data: str | None = None
    before: str | None = None
    documents: Documents = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    limit: int | None = None


def request_of(asked: Asked, now: Timestamp) -> RulesRequest:
    """The request. Raises BadRequest."""
    if asked.operation not in METHODS:
        raise BadRequest(f"unknown operation {asked.operation}: it is one of {', '.join(METHODS)}")
    segments = tuple(segment for segment in asked.path.split("/") if segment)
    if database_of(asked.path) or segments[:1] == ("b",):
        segments = segments[3:]
    if not segments and not (asked.storage and asked.operation == "list"):
        raise BadRequest("the path is empty")
    if asked.limit is not None and asked.limit < 1:
        raise BadRequest("the limit of a list is 1 or more")
    build = _storage_request if asked.storage else _firestore_request
    return build(asked, segments, now)


def value_of(encoded: Any, now: Timestamp) -> Value:
    """A rules value from JSON. Raises BadRequest."""
    if isinstance(encoded, list):
        return [value_of(item, now) for item in encoded]
    if isinstance(encoded, int) and not INT_MIN <= encoded <= INT_MAX:
        raise BadRequest(f"integers have 64 bits, and {encoded} does not fit")
    if not isinstance(encoded, dict):
        return encoded
    if len(encoded) == 1:
        [(name, inner)] = encoded.items()
        if name in _TAGS:
            try:
                return _TAGS[name](inner, now)
            except (ValueError, TypeError, AttributeError) as error:
                raise BadRequest(f"not a value of {name}: {json.dumps(inner)}") from error
    return {name: value_of(inner, now) for name, inner in encoded.items()}


_TAGS: Final[dict[str, Callable[[Any, Timestamp], Value]]] = {
    "$time": lambda text, now: now if text == "now" else Timestamp.parse(text),
    "$path": lambda text, now: Path(tuple(segment for segment in text.split("/") if segment)),
    "$latlng": lambda pair, now: LatLng(*map(float, pair)),
    "$bytes": lambda text, now: b64decode(text, validate=True),
}


def fields_of(text: str, what: str, now: Timestamp) -> dict[str, Value]:
    """The fields that a piece of JSON holds. Raises BadRequest."""
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"{what} is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise BadRequest(f"{what} is not a JSON object")
    return {name: value_of(inner, now) for name, inner in fields.items()}


def merged(before: dict[str, Value], changes: dict[str, Value]) -> dict[str, Value]:
    """The document after an update, whose keys may be field paths such as `usage.bytes`."""
    result = dict(before)
    for name, value in changes.items():
        first, _, rest = name.partition(".")
        if rest:
            inner = result.get(first)
            result[first] = merged(inner if isinstance(inner, dict) else {}, {rest: value})
        else:
            result[name] = value
    return result


def database_of(path: str) -> str:
    """The database of a whole path, "" for a path within one."""
    parts = path.strip("/").split("/")
    return parts[1] if parts[:1] == ["databases"] and parts[2:3] == ["documents"] else ""


class GivenDocuments:
    """The documents of the command line by whole path, before and after the write that is judged."""

    def __init__(self, now: Mapping[tuple[str, ...], dict[str, Value]]) -> None:
        self.now = dict(now)
        self.after: dict[tuple[str, ...], dict[str, Value] | None] = {}

    def get(self, path: tuple[str, ...]) -> ResourceValue | None:
        fields = self.now.get(path)
        return None if fields is None else ResourceValue(fields, path[-1], Path(path))

    def get_after(self, path: tuple[str, ...]) -> ResourceValue | None:
        if path not in self.after:
            return self.get(path)
        fields = self.after[path]
        return None if fields is None else ResourceValue(fields, path[-1], Path(path))


def _documents(asked: Asked, now: Timestamp) -> GivenDocuments:
    found = {}
    for path, fields in asked.documents.items():
        segments = tuple(segment for segment in path.split("/") if segment)
        database = database_of(path)
        segments = segments[3:] if database else segments
        if not segments or len(segments) % 2 or not isinstance(fields, dict):
            raise BadRequest(f"the documents are to be fields by path of a document, and {path} is not")
        found["databases", database or asked.database, "documents", *segments] = {
            name: value_of(inner, now) for name, inner in fields.items()
        }
    return GivenDocuments(found)


def _auth(asked: Asked) -> Auth | None:
    """Guests have no claims. The claims every token has come first."""
    if asked.uid is None:
        return None
    token = {"sub": asked.uid, "user_id": asked.uid, "firebase": {"sign_in_provider": "custom"}}
    return Auth(asked.uid, {**token, **asked.claims})


# ---- Firestore


def _firestore_request(asked: Asked, segments: tuple[str, ...], now: Timestamp) -> RulesRequest:
    is_list = asked.operation == "list"
    if len(segments) % 2 != is_list:
        raise BadRequest(f"{'a list' if is_list else asked.operation} asks about a {_expected(is_list)}")
    documents = _documents(asked, now)
    path = ("databases", asked.database, "documents", *segments)
    if asked.before is not None:
        documents.now[path] = fields_of(asked.before, "--before", now)
    if asked.operation == "update":
        # What is updated is there, if with no fields that anybody told of.
        documents.now.setdefault(path, {})
    before = documents.now.get(path)
    written = _written(asked, before, now)
    if asked.operation in WRITES:
        documents.after[path] = written
    return RulesRequest(
        service=FIRESTORE,
        method=asked.operation,
        path=path,
        auth=_auth(asked),
        time=now,
        documents=documents,
        resource=None if before is None else ResourceValue(before, path[-1], Path(path)),
        request_resource=None if written is None else ResourceValue(written, path[-1], Path(path)),
        query=_query(asked, now) if is_list else None,
    )


def _expected(is_list: bool) -> str:
    return "collection, such as users/alice/files" if is_list else "document, such as users/alice/files/f1"


def _written(asked: Asked, before: dict[str, Value] | None, now: Timestamp) -> dict[str, Value] | None:
    if asked.operation not in ("create", "update"):
        return None
    data = fields_of(asked.data or "{}", "--data", now)
    if asked.operation == "create":
        return data
    return merged(before or {}, data)


def _query(asked: Asked, now: Timestamp) -> RulesQuery:
    """The query of a list. `in` makes one disjunct of each of its values."""
    disjuncts: list[tuple[FieldConstraint, ...]] = [()]
    for text in asked.filters:
        parsed = _FILTER.fullmatch(text)
        if parsed is None:
            raise BadRequest(f"not a filter: {text} (write it as: state == ready)")
        name, operator, value = parsed[1].split("."), parsed[2], value_of(_json_or_text(parsed[3]), now)
        many = value if operator == "in" and isinstance(value, list) else [value]
        operator = "==" if operator == "in" else operator
        choices = [FieldConstraint(tuple(name), operator, each) for each in many]
        disjuncts = [(*done, choice) for done in disjuncts for choice in choices]
    return RulesQuery(limit=asked.limit, disjuncts=tuple(disjuncts))


def _json_or_text(text: str) -> Any:
    text = text.strip()
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("'")


# ---- Storage


def _storage_request(asked: Asked, segments: tuple[str, ...], now: Timestamp) -> RulesRequest:
    name = "/".join(segments)
    before = None if asked.before is None else _object(name, fields_of(asked.before, "--before", now), now)
    written: dict[str, Value] | None = None
    if asked.operation in ("create", "update"):
        data = fields_of(asked.data or "{}", "--data", now)
        written = _object(name, data, now) if asked.operation == "create" else {**(before or {}), **data}
    return RulesRequest(
        service=STORAGE,
        method=asked.operation,
        path=("b", BUCKET, "o", *segments),
        auth=_auth(asked),
        time=now,
        documents=_documents(asked, now),
        resource=before,
        request_resource=written,
        access_budget=AccessBudget.storage(),
    )


def _object(name: str, given: dict[str, Value], now: Timestamp) -> dict[str, Value]:
    """The fourteen attributes of an object that rules see, those given and plain ones for the rest."""
    plain: dict[str, Value] = {
        "name": name, "bucket": BUCKET, "generation": 1, "metageneration": 1, "size": 0,
        "timeCreated": now, "updated": now, "md5Hash": "", "crc32c": "", "etag": "",
        "contentDisposition": None, "contentEncoding": None,
        "contentType": "application/octet-stream", "metadata": {},
    }  # fmt: skip
    unknown = given.keys() - plain.keys()
    if unknown:
        raise BadRequest(f"an object has no {', '.join(sorted(unknown))}; it has {', '.join(plain)}")
    return {**plain, **given}
