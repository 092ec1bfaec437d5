"""What a decision is asked about, and what it may read. Both services describe their requests with these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from emulator.rules.errors import EvaluationError
from emulator.rules.limits import MAX_ACCESSES_BATCH, MAX_ACCESSES_SINGLE, MAX_ACCESSES_STORAGE
from emulator.rules.types import Path, Timestamp, Value

PathSegments: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Auth:
    """Who asks. `token` holds the claims."""

    uid: Value
    token: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ResourceValue:
    """A document as rules see it. `name` is `/databases/(default)/documents/...`."""

    data: Mapping[str, Value]
    id: str
    name: Path


Resource: TypeAlias = ResourceValue | Mapping[str, Value]
"""A document, or the map that describes a Storage object."""


class DocumentAccess(Protocol):
    """Where get() and exists() read. Paths start with `databases`."""

    def get(self, path: PathSegments) -> ResourceValue | None:
        """The committed document, or None where there is none."""

    def get_after(self, path: PathSegments) -> ResourceValue | None:
        """The document as it will be after the whole batch or transaction."""


class AccessBudget:
    """How many distinct documents the rules of one commit or query may read; repeats are free.

    `total` counts over all operations that share the budget, `per_request` within each. What was read
    is kept, so that a document is loaded once.
    """

    __slots__ = ("_documents", "per_request", "total")

    def __init__(self, total: int, per_request: int) -> None:
        self.total = total
        self.per_request = per_request
        self._documents: dict[tuple[str, PathSegments], ResourceValue | None] = {}

    @classmethod
    def single(cls) -> "AccessBudget":
        """For one document or one query."""
        return cls(MAX_ACCESSES_SINGLE, MAX_ACCESSES_SINGLE)

    @classmethod
    def batch(cls) -> "AccessBudget":
        """For a batched write, a transaction or a read of several documents."""
        return cls(MAX_ACCESSES_BATCH, MAX_ACCESSES_SINGLE)

    @classmethod
    def storage(cls) -> "AccessBudget":
        """For one Storage request, as in production; the official emulator sets no limit."""
        return cls(MAX_ACCESSES_STORAGE, MAX_ACCESSES_STORAGE)

    @property
    def documents_read(self) -> int:
        """How many documents were looked at, before or after the operation."""
        return len({path for _, path in self._documents})

    def read(
        self,
        state: str,
        path: PathSegments,
        mine: set[tuple[str, PathSegments]],
        load: Callable[[PathSegments], ResourceValue | None],
    ) -> ResourceValue | None:
        """The document in that state ("now" or "after"). `mine` holds what this operation has read.

        Raises EvaluationError when the budget is used up.
        """
        access = (state, path)
        documents = self._documents
        if access not in mine:
            if len(mine) >= self.per_request or (access not in documents and len(documents) >= self.total):
                raise EvaluationError("Too many documents were read.")
            mine.add(access)
        if access not in documents:
            documents[access] = load(path)
        return documents[access]


@dataclass(frozen=True, slots=True)
class FieldConstraint:
    """One filter of a query. `op` is ==, <, <=, >, >=, !=, not-in or array-contains."""

    field: tuple[str, ...]
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class RulesQuery:
    """A list request. Its filter is in disjunctive normal form, and every disjunct must be allowed.

    With `all_descendants` the request's path is that of the parent document or database, and
    `collection_id` says which collections below it are meant (None: every one).
    """

    limit: int | None = None
    offset: int = 0
    order_by: tuple[tuple[tuple[str, ...], str], ...] = ()
    disjuncts: tuple[tuple[FieldConstraint, ...], ...] = ((),)
    all_descendants: bool = False
    collection_id: str | None = None


@dataclass(slots=True)
class RulesRequest:
    """One operation that needs a decision.

    `path` names the document or object; for a Firestore list with a query, the collection. `resource` may be
    a function, called once when a rule needs it. `in_transaction` is for the request monitor.
    """

    service: str
    method: str
    path: PathSegments
    auth: Auth | None
    time: Timestamp
    documents: DocumentAccess
    resource: Resource | Callable[[], Resource | None] | None = None
    request_resource: Resource | None = None
    access_budget: AccessBudget = field(default_factory=AccessBudget.single)
    query: RulesQuery | None = None
    in_transaction: bool = False
