"""The runtime of the Storage rules, which the Storage emulator starts in place of Google's jar.

    python -m emulator.storage_rules serve

One JSON object a line on stdin and stdout; `lib/emulator/storage/rules/runtime.js` of firebase-tools is the
other end. A ruleset is loaded under a name; a verify names it and carries the request as typed values. Rules
that read Firestore make the runtime ask the host for documents, under the id of the verify, so each runs in
a thread of its own and several can wait at once. Whatever a line with an id holds, it is answered: what can
not be understood is reported in `errors`, which the host takes as not permitted.
"""

import json
import math
import os
import signal
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, BinaryIO, TypeAlias

from emulator.rules import (
    STORAGE,
    AccessBudget,
    Auth,
    ResourceValue,
    RulesCompileError,
    Ruleset,
    RulesRequest,
    compile_ruleset,
)
from emulator.rules.types import LatLng, Path, RulesSet, Timestamp, Value

Json: TypeAlias = dict[str, Any]

METHODS = ("get", "list", "create", "update", "delete")
FETCH_DEADLINE_SECONDS = 30.0
_INT64 = range(-(2**63), 2**63)


class ProtocolError(ValueError):
    """A message of the host that makes no sense. Its text goes into `errors`."""


# ---- values


def rules_value(typed: Any) -> Value:
    """A typed value of the host, such as `{"string_value": "a"}`."""
    if not isinstance(typed, dict) or len(typed) != 1:
        raise ProtocolError(f"Not a typed value: {_shown(typed)}")
    [(kind, value)] = typed.items()
    decode = _TYPED.get(kind)
    if decode is None:
        raise ProtocolError(f"Unknown kind of value: {kind}")
    try:
        return decode(value)
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
        if isinstance(error, ProtocolError):
            raise
        raise ProtocolError(f"Not a {kind}: {_shown(value)}") from None


def document_value(encoded: Any) -> Value:
    """A value of a document in the encoding of the Firestore REST API, such as `{"integerValue": "1"}`."""
    [(kind, value)] = encoded.items()
    return _FIRESTORE[kind](value)


def _number(value: Any) -> float | int:
    """The host marks every whole number as an int; JSON has made null of what is not finite."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return int(value) if int(value) in _INT64 else float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _items(decode: Callable[[Any], Value]) -> Callable[[Any], list[Value]]:
    return lambda value: [decode(item) for item in value.get("values", [])]


def _fields(decode: Callable[[Any], Value]) -> Callable[[Any], dict[str, Value]]:
    return lambda value: {name: decode(item) for name, item in value.get("fields", {}).items()}


def _reference(name: str) -> Path:
    """The path of a referenced document, without the project that every document of the emulator is in."""
    segments = tuple(name.split("/"))
    return Path(segments[2:] if segments[0] == "projects" else segments)


_TYPED: dict[str, Callable[[Any], Value]] = {
    "null_value": lambda value: None,
    "bool_value": _bool,
    "int_value": _number,
    "float_value": lambda value: math.nan if value is None else float(value),
    "string_value": _text,
    "timestamp_value": Timestamp.parse,
    "list_value": _items(rules_value),
    "set_value": lambda value: RulesSet(_items(rules_value)(value)),
    "map_value": _fields(rules_value),
    "path_value": lambda value: Path(tuple(_text(each["simple"]) for each in value["segments"])),
}
_FIRESTORE: dict[str, Callable[[Any], Value]] = {
    "nullValue": lambda value: None,
    "booleanValue": _bool,
    "integerValue": int,
    "doubleValue": float,
    "timestampValue": Timestamp.parse,
    "stringValue": _text,
    "bytesValue": b64decode,
    "referenceValue": _reference,
    "geoPointValue": lambda at: LatLng(float(at.get("latitude", 0)), float(at.get("longitude", 0))),
    "arrayValue": _items(document_value),
    "mapValue": _fields(document_value),
}


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]


# ---- requests


class HostDocuments:
    """Firestore as one verify sees it: each read is a question to the host and a wait for its answer."""

    def __init__(self, ask: Callable[[str], Json | None]) -> None:
        self._ask = ask

    def get(self, path: tuple[str, ...]) -> ResourceValue | None:
        answer = self._ask("/" + "/".join(path))
        if answer is None or answer.get("status") != "ok":
            return None
        try:
            document = answer["result"]
            name = _text(document["name"])
            data = _fields(document_value)({"fields": document.get("fields") or {}})
        except (KeyError, TypeError, AttributeError, ValueError):
            return None
        return ResourceValue(data, path[-1], Path(tuple(name.split("/"))))

    def get_after(self, path: tuple[str, ...]) -> ResourceValue | None:
        """Storage rules have no getAfter(): nothing is being written to Firestore."""
        return self.get(path)


def rules_request(context: Json, documents: HostDocuments) -> RulesRequest:
    """The request that a verify describes. Raises ProtocolError."""
    method = context.get("method")
    if method not in METHODS:
        raise ProtocolError(f"Unknown method: {_shown(method)}")
    path, variables = context.get("path"), context.get("variables")
    if not isinstance(path, str) or not isinstance(variables, dict):
        raise ProtocolError("A verify needs a path and variables.")
    request = rules_value(variables.get("request"))
    if not isinstance(request, dict):
        raise ProtocolError("The variable request is not a map.")
    time = request.get("time")
    if not isinstance(time, Timestamp):
        raise ProtocolError("The variable request has no time.")
    return RulesRequest(
        service=STORAGE,
        method=method,
        path=tuple(segment for segment in path.split("/") if segment),
        auth=_auth(request.get("auth")),
        time=time,
        documents=documents,
        resource=_object(rules_value(variables.get("resource", {"null_value": None}))),
        request_resource=_object(request.get("resource")),
        access_budget=AccessBudget.storage(),
    )


def _auth(value: Value) -> Auth | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("token"), dict):
        raise ProtocolError("The variable request.auth has no token.")
    return Auth(value.get("uid"), value["token"])


def _object(value: Value) -> dict[str, Value] | None:
    if value is None or isinstance(value, dict):
        return value
    raise ProtocolError("A resource is a map or null.")


# ---- the runtime


class Runtime:
    """Rulesets by name, and the verifies that wait for a document. `send` writes one message to the host."""

    def __init__(self, send: Callable[[Json], None]) -> None:
        self._send = send
        self._rulesets: dict[str, Ruleset] = {}
        self._answers: dict[int, SimpleQueue[Json]] = {}

    def receive(self, line: bytes) -> None:
        """Act on one line. Raises ProtocolError for one that cannot be answered."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise ProtocolError(f"Not JSON: {line[:80]!r}") from None
        identifier = message.get("id") if isinstance(message, dict) else None
        if not isinstance(identifier, int):
            raise ProtocolError(f"A message without id: {line[:80]!r}")
        if "action" in message:
            self._act(identifier, message)
        elif identifier in self._answers:
            self._answers[identifier].put(message)
        else:
            raise ProtocolError(f"Nothing waits for an answer with id {identifier}.")

    def _act(self, identifier: int, message: Json) -> None:
        action, context = message["action"], message.get("context")
        if not isinstance(context, dict):
            self._fail(identifier, f"The action {_shown(action)} has no context.")
        elif action == "load_ruleset":
            self._load(identifier, context)
        elif action == "verify" and identifier in self._answers:
            raise ProtocolError(f"A verify with id {identifier} is still in flight.")
        elif action == "verify":
            # Registered here, not in the thread: the host may answer before the thread runs again.
            self._answers[identifier] = SimpleQueue()
            threading.Thread(target=self._verify, args=(identifier, context), daemon=True).start()
        else:
            self._fail(identifier, f"Unknown action: {_shown(action)}")

    def _load(self, identifier: int, context: Json) -> None:
        try:
            name, file = context["rulesetName"], context["source"]["files"][0]
            file_name, content = str(file.get("name", "storage.rules")), _text(file["content"])
        except (KeyError, IndexError, TypeError, AttributeError):
            self._fail(identifier, "A load_ruleset needs rulesetName and source.files with name and content.")
            return
        try:
            ruleset = compile_ruleset(content, file_name, coverage=False)
        except RulesCompileError as error:
            self._answer(identifier, errors=[_issue_text(issue) for issue in error.issues])
            return
        self._rulesets[str(name)] = ruleset
        warnings = [_issue_text(issue) for issue in ruleset.warnings]
        self._answer(identifier, result={"rulesVersion": ruleset.version}, warnings=warnings)

    def _verify(self, identifier: int, context: Json) -> None:
        permit, error = False, ""
        try:
            permit = self._permits(identifier, context)
        except ProtocolError as problem:
            error = str(problem)
        except Exception as problem:
            # The host waits without limit for each answer, so one is due whatever went wrong here.
            error = f"The Storage rules runtime failed: {type(problem).__name__}: {problem}"
        del self._answers[identifier]
        if error:
            self._fail(identifier, error)
        else:
            self._answer(identifier, result={"permit": permit})

    def _permits(self, identifier: int, context: Json) -> bool:
        ruleset = self._rulesets.get(str(context.get("rulesetName")))
        if ruleset is None:
            raise ProtocolError(f"No ruleset is loaded as {_shown(context.get('rulesetName'))}.")
        try:
            request = rules_request(context, HostDocuments(lambda path: self._fetch(identifier, path)))
        except RecursionError:
            raise ProtocolError("The variables are nested too deeply.") from None
        return ruleset.evaluate(request).allowed

    def _fetch(self, identifier: int, path: str) -> Json | None:
        """Ask the host for a document. None when it does not answer in time."""
        self._send(
            {"server_request_id": identifier, "action": "fetch_firestore_document", "context": {"path": path}}
        )
        try:
            return self._answers[identifier].get(timeout=FETCH_DEADLINE_SECONDS)
        except Empty:
            return None

    def _fail(self, identifier: int, error: str) -> None:
        self._answer(identifier, errors=[error])

    def _answer(
        self,
        identifier: int,
        result: Json | None = None,
        errors: Iterable[str] = (),
        warnings: Iterable[str] = (),
    ) -> None:
        """`status` is always ok: the host drops anything else without telling whoever waits."""
        message: Json = {"id": identifier, "status": "ok", "errors": list(errors), "warnings": list(warnings)}
        self._send(message | ({} if result is None else {"result": result}))


def _issue_text(issue: Any) -> str:
    """An issue as the host reads it: JSON whose names end in an underscore."""
    position = {"fileName_": issue.file_name, "line_": issue.line, "column_": issue.column}
    position |= {"currentOffset_": issue.current_offset, "endOffset_": issue.end_offset}
    return json.dumps(
        {"sourcePosition_": position, "description_": issue.description, "severity_": issue.severity}
    )


def serve(lines: BinaryIO, output: BinaryIO) -> None:
    """Answer until the end of the input."""
    writing = threading.Lock()

    def send(message: Json) -> None:
        line = json.dumps(message).encode("ascii") + b"\n"
        with writing:
            output.write(line)
            output.flush()

    runtime = Runtime(send)
    send({"id": -1, "status": "ok", "errors": [], "warnings": []})
    for line in lines:
        if line.strip():
            try:
                runtime.receive(line)
            except ProtocolError as error:
                print(f"storage rules: {error}", file=sys.stderr, flush=True)


def _exit_at_once(_signal: int, _frame: FrameType | None) -> None:
    """The host waits for the exit; verifies in flight have no one left to hear them."""
    os._exit(0)


def main(arguments: list[str]) -> int:
    if arguments != ["serve"]:
        print("usage: python -m emulator.storage_rules serve", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, _exit_at_once)
    signal.signal(signal.SIGTERM, _exit_at_once)
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # The host is gone. Nothing more can be written, not even by the interpreter's own flush at exit.
        os._exit(0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
