"""Asking the rules: documents and queries as rules values, and what a denial says.

Rules are asked before anything says whether a document exists. An admin is never refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from emulator.errors import PermissionDenied
from emulator.firestore.callers import Caller
from emulator.firestore.documents import Document, Write
from emulator.firestore.events import RulesEvaluation
from emulator.firestore.normalization import Conjunction, NormalQuery
from emulator.firestore.paths import DatabaseId, DocumentPath, path_key
from emulator.firestore.queries import Direction, FieldFilter, Operator, Query
from emulator.firestore.usage import Usage
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value
from emulator.firestore.views import View
from emulator.firestore.write_plan import PlannedWrite
from emulator.rules import (
    AccessBudget,
    Auth,
    Decision,
    FieldConstraint,
    ResourceValue,
    Ruleset,
    RulesQuery,
    RulesRequest,
    denial_message,
)
from emulator.rules import types as rules

SERVICE = "cloud.firestore"

Observer: TypeAlias = Callable[[RulesEvaluation], None]


def to_rules(value: Value) -> rules.Value:
    """A stored value as rules see it: references are paths, the rest keeps its meaning."""
    if isinstance(value, Timestamp):
        return rules.Timestamp(value.micros * 1000)
    if isinstance(value, GeoPoint):
        return rules.LatLng(value.latitude, value.longitude)
    if isinstance(value, Reference):
        return rules.Path(rules_path(value.path))
    if isinstance(value, list):
        return [to_rules(element) for element in value]
    if isinstance(value, dict):
        return {name: to_rules(inner) for name, inner in value.items()}
    return value


def rules_path(path: DocumentPath) -> tuple[str, ...]:
    return ("databases", path.database.database, "documents", *path.segments)


def resource(document: Document | None) -> ResourceValue | None:
    if document is None:
        return None
    data = {name: to_rules(value) for name, value in document.fields.items()}
    return ResourceValue(data, document.path.id, rules.Path(rules_path(document.path)))


class Documents:
    """What get() and exists() see: the database before, and after, the operation. `read` are the segments
    they asked for.
    """

    def __init__(self, before: View, after: View | None = None) -> None:
        self._before = before
        self._after = after or before
        self.read: set[tuple[str, ...]] = set()

    def get(self, path: tuple[str, ...]) -> ResourceValue | None:
        self.read.add(path[3:])
        return resource(self._before.get(path_key(path[3:])))

    def get_after(self, path: tuple[str, ...]) -> ResourceValue | None:
        return resource(self._after.get(path_key(path[3:])))


_QUERY_OPERATORS = {
    Operator.EQUAL: "==",
    Operator.IS_NULL: "==",
    Operator.IS_NAN: "==",
    Operator.LESS_THAN: "<",
    Operator.LESS_THAN_OR_EQUAL: "<=",
    Operator.GREATER_THAN: ">",
    Operator.GREATER_THAN_OR_EQUAL: ">=",
    Operator.NOT_EQUAL: "!=",
    Operator.IS_NOT_NULL: "!=",
    Operator.IS_NOT_NAN: "!=",
    Operator.NOT_IN: "not-in",
    Operator.ARRAY_CONTAINS: "array-contains",
}


def _constraint(leaf: FieldFilter) -> FieldConstraint:
    value: Value = leaf.value
    if leaf.op in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        value = None
    elif leaf.op in (Operator.IS_NAN, Operator.IS_NOT_NAN):
        value = math.nan
    return FieldConstraint(leaf.field, _QUERY_OPERATORS[leaf.op], to_rules(value))


def _constraints(conjunction: Conjunction) -> tuple[FieldConstraint, ...]:
    return tuple(map(_constraint, conjunction))


def rules_query(query: NormalQuery, asked: Query) -> RulesQuery:
    """`request.query`: the explicit orders, and the filter in disjunctive normal form."""
    return RulesQuery(
        limit=query.limit,
        offset=query.offset,
        order_by=tuple(
            (order.field, "ASC" if order.direction is Direction.ASCENDING else "DESC")
            for order in asked.order_by
        ),
        disjuncts=tuple(map(_constraints, query.disjuncts)),
        all_descendants=query.all_descendants or query.collection is None,
        collection_id=query.collection,
    )


class Authorization:
    """The questions of one request; its operations share a budget of documents that rules may read.

    `ruleset` None allows everything. Observers hear of every decision, and of every time an admin skipped
    one. `read` are the segments of all documents that rules looked at to allow a read.
    """

    def __init__(
        self,
        ruleset: Ruleset | None,
        observers: Sequence[Observer],
        database: DatabaseId,
        caller: Caller,
        time: Timestamp,
        usage: Usage,
    ) -> None:
        self._ruleset = ruleset
        self._observers = observers
        self._database = database
        self._caller = caller
        self._time = time
        self._usage = usage
        self.read: set[tuple[str, ...]] = set()
        self._auth: Auth | None = None
        if caller.uid is not None or caller.token is not None:
            self._auth = Auth(caller.uid, caller.token or {})

    @property
    def idle(self) -> bool:
        """Whether nothing can be refused and nobody wants to know, so that questions need not be made up."""
        return (self._ruleset is None or self._caller.admin) and not self._observers

    def check_get(self, paths: Sequence[DocumentPath], view: View, *, in_transaction: bool = False) -> None:
        """PermissionDenied for the first document that may not be read."""
        if self.idle:
            return
        budget = AccessBudget.single() if len(paths) == 1 else AccessBudget.batch()
        documents = Documents(view)
        with self._counted(budget):
            for path in paths:
                request = self._request(
                    "get",
                    rules_path(path),
                    documents,
                    budget,
                    resource=_later(view, path),
                    in_transaction=in_transaction,
                )
                _refuse(self._decide(request, path.relative))
        self.read |= documents.read

    def check_list(
        self, query: NormalQuery, asked: Query, view: View, *, in_transaction: bool = False
    ) -> None:
        """PermissionDenied unless every disjunct of the query is allowed."""
        if self.idle:
            return
        described = rules_query(query, asked)
        path = rules_path(query.parent)
        shown = f"**/{query.collection or '*'}/*"
        if not described.all_descendants:
            assert query.collection is not None
            path = (*path, query.collection)
            shown = "/".join((*query.parent.segments, query.collection, "*"))
        budget, documents = AccessBudget.single(), Documents(view)
        request = self._request(
            "list", path, documents, budget, query=described, in_transaction=in_transaction
        )
        with self._counted(budget):
            _refuse(self._decide(request, shown))
        self.read |= documents.read

    def check_writes(self, writes: Sequence[PlannedWrite], before: View, after: View) -> None:
        """PermissionDenied for the first write that is not allowed.

        Each is judged against the state before the commit; getAfter() sees the state after all of it.
        """
        if self.idle:
            return
        budget = AccessBudget.single() if len(writes) == 1 else AccessBudget.batch()
        documents = Documents(before, after)
        with self._counted(budget):
            for write in writes:
                self._check_write(write, documents, budget, before)

    def _check_write(
        self, write: PlannedWrite, documents: Documents, budget: AccessBudget, before: View
    ) -> None:
        decision = self._decide_write(write, write.method, documents, budget, before)
        if decision is None:
            return
        if decision.allowed:
            if self._observers and write.other_method is not None:
                # Who watches is shown both kinds, as by the official emulator; it costs and decides nothing.
                self._decide_write(write, write.other_method, documents, AccessBudget.single(), before)
            return
        if write.other_method is None:
            raise PermissionDenied(decision.message)
        # The official emulator tries both kinds of a set without precondition, and its denial lists both.
        other = self._decide_write(write, write.other_method, documents, budget, before)
        assert other is not None
        pair = (decision, other) if write.method == "create" else (other, decision)
        raise PermissionDenied(denial_message(*pair))

    @contextmanager
    def _counted(self, budget: AccessBudget) -> Iterator[None]:
        """What rules read is paid for, also when they refuse."""
        try:
            yield
        finally:
            self._usage.rule_reads += budget.documents_read

    def _decide_write(
        self, write: PlannedWrite, method: str, documents: Documents, budget: AccessBudget, before: View
    ) -> Decision | None:
        request = self._request(
            method,
            rules_path(write.path),
            documents,
            budget,
            resource=_later(before, write.path),
            request_resource=resource(write.after) if method in ("create", "update") else None,
            in_transaction=True,
        )
        return self._decide(request, write.path.relative, write.write)

    def _request(
        self,
        method: str,
        path: tuple[str, ...],
        documents: Documents,
        budget: AccessBudget,
        *,
        resource: Callable[[], ResourceValue | None] | None = None,
        request_resource: ResourceValue | None = None,
        query: RulesQuery | None = None,
        in_transaction: bool,
    ) -> RulesRequest:
        return RulesRequest(
            service=SERVICE,
            method=method,
            path=path,
            auth=self._auth,
            time=rules.Timestamp(self._time.micros * 1000),
            documents=documents,
            resource=resource,
            request_resource=request_resource,
            access_budget=budget,
            query=query,
            in_transaction=in_transaction,
        )

    def _decide(self, request: RulesRequest, path: str, write: Write | None = None) -> Decision | None:
        """None when an admin, or the absence of rules, made the question moot."""
        decision = None
        if self._ruleset is not None and not self._caller.admin:
            decision = self._ruleset.evaluate(request)
        if self._observers:
            evaluation = RulesEvaluation(
                self._database,
                request.method,
                path,
                self._time,
                self._caller,
                self._ruleset,
                request,
                decision,
                write,
            )
            for observe in self._observers:
                observe(evaluation)
        return decision


def _later(view: View, path: DocumentPath) -> Callable[[], ResourceValue | None]:
    """`resource`, converted only when a rule looks at it."""
    return lambda: resource(view.get(path.key))


def _refuse(decision: Decision | None) -> None:
    if decision is not None and not decision.allowed:
        raise PermissionDenied(decision.message)
