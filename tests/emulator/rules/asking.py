"""Short ways to put one question to the engine through its public door."""

from emulator.rules import (
    FIRESTORE,
    AccessBudget,
    Auth,
    Decision,
    FieldConstraint,
    ResourceValue,
    Ruleset,
    RulesQuery,
    RulesRequest,
    compile_ruleset,
)
from emulator.rules.types import Path, Timestamp, Value

ROOT = ("databases", "(default)", "documents")
NOON = Timestamp.parse("2024-02-29T12:30:15.123456789Z")


def document(path: str, data: dict[str, Value]) -> ResourceValue:
    segments = (*ROOT, *path.split("/"))
    return ResourceValue(data, segments[-1], Path(segments))


class Documents:
    """Documents before and after a commit; counts what is loaded."""

    def __init__(self, now: dict[str, dict] | None = None, after: dict[str, dict] | None = None) -> None:
        self._now = now or {}
        self._after = self._now if after is None else after
        self.loads: list[str] = []

    def get(self, path: tuple[str, ...]) -> ResourceValue | None:
        return self._find(self._now, path)

    def get_after(self, path: tuple[str, ...]) -> ResourceValue | None:
        return self._find(self._after, path)

    def _find(self, state: dict[str, dict], path: tuple[str, ...]) -> ResourceValue | None:
        name = "/".join(path[3:])
        self.loads.append(name)
        return document(name, state[name]) if name in state else None


def request(
    method: str = "get",
    path: str = "notes/n1",
    *,
    uid: str | None = None,
    token: dict[str, Value] | None = None,
    resource: dict[str, Value] | None = None,
    written: dict[str, Value] | None = None,
    documents: Documents | None = None,
    query: RulesQuery | None = None,
    budget: AccessBudget | None = None,
) -> RulesRequest:
    return RulesRequest(
        service=FIRESTORE,
        method=method,
        path=(*ROOT, *path.split("/")),
        auth=None if uid is None else Auth(uid, token or {}),
        time=NOON,
        documents=documents or Documents(),
        resource=None if resource is None else document(path, resource),
        request_resource=None if written is None else document(path, written),
        query=query,
        access_budget=budget or AccessBudget.single(),
    )


def rules(body: str, version: str = "rules_version = '2';") -> Ruleset:
    """The body stands inside the match of the documents root, on line 4."""
    opening = f"{version}\nservice cloud.firestore {{\n  match /databases/{{database}}/documents {{\n"
    return compile_ruleset(f"{opening}{body}\n  }}\n}}\n")


def ruled_by(condition: str, functions: str = "") -> Ruleset:
    """A ruleset whose one condition, on line 5, is for everything in `notes`."""
    return rules(f"{functions}\nmatch /notes/{{id}} {{ allow read, write: if {condition}; }}")


def verdict(condition: str, functions: str = "", **about: object) -> str:
    """ "true", "false", or the cause of the error that the condition is."""
    return told(ruled_by(condition, functions).evaluate(request(**about)))  # type: ignore[arg-type]


def told(decision: Decision) -> str:
    if decision.allowed:
        return "true"
    [reason] = decision.reasons
    return reason.cause or "false"


def listing(*filters: tuple[str, str, Value], **about: object) -> RulesQuery:
    """A query whose filters are one conjunction."""
    return RulesQuery(disjuncts=(conjunction(*filters),), **about)  # type: ignore[arg-type]


def conjunction(*filters: tuple[str, str, Value]) -> tuple[FieldConstraint, ...]:
    return tuple(FieldConstraint(tuple(field.split(".")), op, value) for field, op, value in filters)
