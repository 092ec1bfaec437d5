"""What the closures of a ruleset see of one request."""

from collections.abc import Callable
from typing import TypeAlias

from emulator.rules.errors import EvaluationError, LimitExceeded
from emulator.rules.limits import MAX_CALL_DEPTH, MAX_EXPRESSIONS_EVALUATED
from emulator.rules.requests import PathSegments, Resource, ResourceValue, RulesRequest
from emulator.rules.scopes import STORAGE
from emulator.rules.types import Path, Value

_EXHAUSTED = (
    "Unable to evaluate the expression as the maximum of "
    f"{MAX_EXPRESSIONS_EVALUATED} expressions to evaluate has been reached."
)


class Environment:
    """The state of one decision. `captures` are the wildcards of the match block being evaluated."""

    __slots__ = (
        "_accessed",
        "_asked",
        "_resource",
        "_resource_is_known",
        "captures",
        "depth",
        "request",
        "spent",
    )

    def __init__(self, asked: RulesRequest) -> None:
        self._asked = asked
        self._accessed: set[tuple[str, PathSegments]] = set()
        self._resource: Value = None
        self._resource_is_known = False
        self.captures: tuple[Value, ...] = ()
        self.depth = 0
        self.spent = 0
        self.request = request_value(asked)

    def know_resource(self, resource: Value) -> None:
        """Set what `resource` is, where the request cannot: in a list, the part its query determines."""
        self._resource = resource
        self._resource_is_known = True

    @property
    def resource(self) -> Value:
        if not self._resource_is_known:
            given = self._asked.resource
            self.know_resource(resource_value(given() if callable(given) else given))
        return self._resource

    def spend(self, expressions: int) -> None:
        """Count expressions that are about to be evaluated."""
        self.spent += expressions
        if self.spent > MAX_EXPRESSIONS_EVALUATED:
            raise LimitExceeded(_EXHAUSTED)

    def enter(self) -> None:
        """Count a function call that begins."""
        if self.depth >= MAX_CALL_DEPTH:
            raise LimitExceeded(f"Function calls are nested deeper than {MAX_CALL_DEPTH}.")
        self.depth += 1

    def document(self, function: str, path: Path, after: bool) -> ResourceValue | None:
        """What get() and its kin read. `function` is for the error text."""
        documents = self._asked.documents
        load, state = (documents.get_after, "after") if after else (documents.get, "now")
        if not self._is_document(path.segments):
            raise _service_call_error(function, path)
        try:
            return self._asked.access_budget.read(state, path.segments, self._accessed, load)
        except EvaluationError:
            raise _service_call_error(function, path) from None

    def _is_document(self, segments: PathSegments) -> bool:
        """`/databases/{the request's own}/documents/...`; a Storage rule may name any database."""
        if len(segments) < 5 or len(segments) % 2 == 0 or not all(segments):
            return False
        if segments[0] != "databases" or segments[2] != "documents":
            return False
        return self._asked.service == STORAGE or segments[1] == self._asked.path[1]


Locals: TypeAlias = list[Value]
"""The parameters and lets of the function being evaluated."""

Evaluate: TypeAlias = Callable[[Environment, Locals], Value]
"""A compiled expression."""


def resource_value(resource: Resource | None) -> Value:
    """The map that rules see of a document or an object."""
    if resource is None:
        return None
    if isinstance(resource, ResourceValue):
        data = resource.data
        return {
            "data": data if type(data) is dict else dict(data),
            "id": resource.id,
            "__name__": resource.name,
        }
    return resource if type(resource) is dict else dict(resource)


def request_value(asked: RulesRequest) -> dict[str, Value]:
    """The `request` variable. What does not apply to the method is absent, and reading it an error."""
    auth = asked.auth
    request: dict[str, Value] = {
        "auth": None
        if auth is None
        else {"uid": auth.uid, "token": auth.token if type(auth.token) is dict else dict(auth.token)},
        "method": asked.method,
        "path": Path(asked.path),
        "time": asked.time,
    }
    if asked.request_resource is not None or asked.service == STORAGE:
        request["resource"] = resource_value(asked.request_resource)
    query = asked.query
    if query is not None:
        request["query"] = {
            "limit": query.limit,
            "offset": query.offset,
            "orderBy": {".".join(path): direction for path, direction in query.order_by},
        }
    return request


def _service_call_error(function: str, path: Path) -> EvaluationError:
    segments = " ".join(f'segments {{ simple: "{segment}" }}' for segment in path.segments)
    argument = f"path_value {{ {segments} }}"
    return EvaluationError(f"Service call error. Function: [{function}], Argument: [{argument}].")
