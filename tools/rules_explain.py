"""kit rules explain: why a request would be allowed or denied, expression by expression."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emulator.wire.firebase_json import DEFAULT_DATABASE
from tools.configuration import configuration, rules_of
from tools.project import FIREBASE_JSON
from tools.terminal import Failure, styled

if TYPE_CHECKING:
    from emulator.rules import ExplainedMatch, Explanation, RulesRequest, Step

HELP = "tell why a request is allowed or denied, with the value of every expression"
EPILOG = """\
examples
  ./kit rules explain --as alice --op get users/alice
  ./kit rules explain --as alice --op update users/alice/files/f1 \\
      --before '{"state": "ready", "name": "a.png"}' \\
      --data '{"state": "trashed", "trashedAt": {"$time": "now"}, "updatedAt": {"$time": "now"}}'
  ./kit rules explain --as alice --op list users/alice/files --where 'state == ready' --limit 10
  ./kit rules explain --as alice --storage --op create users/alice/files/f1/a.png \\
      --data '{"size": 10, "contentType": "image/png"}' --documents documents.json

JSON has no times, paths, points and bytes; write {"$time": "now"}, {"$path": "/databases/..."},
{"$latlng": [37.5, 127]}, {"$bytes": "base64"}. --data of an update holds the fields that change and is laid
over --before, which is a document without fields when it is not given. --documents is a file of fields by
path, {"users/alice": {"state": "active"}}, which get() and exists() read; the document itself may be in it,
and one of another database under its whole path, /databases/second/documents/users/alice.
The exit code is 0 whether the request is allowed or denied; --json says which in "allowed".
"""
WIDTH: Final = 100
VALUE_WIDTH: Final = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="the document, collection or object, as users/alice")
    parser.add_argument("--op", required=True, metavar="OP", help="get, list, create, update or delete")
    parser.add_argument("--as", dest="uid", metavar="UID", help="who asks; nobody signed in without it")
    parser.add_argument("--admin", action="store_true", help="short for --claim role=admin")
    parser.add_argument("--claim", action="append", default=[], metavar="K=V", help="a claim, JSON or text")
    parser.add_argument("--data", metavar="JSON", help="the fields written")
    parser.add_argument("--before", metavar="JSON", help="the document or object as it is")
    parser.add_argument("--documents", metavar="FILE", help="documents for get() and exists(), by path")
    parser.add_argument("--where", action="append", default=[], metavar="FILTER", help="a filter of a list")
    parser.add_argument("--limit", type=int, metavar="N", help="the limit of a list")
    parser.add_argument("--time", metavar="TIME", help="request.time in RFC 3339; now without it")
    parser.add_argument("--storage", action="store_true", help="ask the rules of Storage about an object")
    parser.add_argument(
        "--database", default=DEFAULT_DATABASE, metavar="ID", help=f"default: {DEFAULT_DATABASE}"
    )
    parser.add_argument("--rules", metavar="FILE", help="default: what firebase.json names for the database")
    parser.add_argument("--all", action="store_true", help="show the values of plain names and constants too")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    from emulator.rules import RulesCompileError, explain

    path, name = Path(arguments.rules or ""), arguments.rules
    if not arguments.rules:
        service = "storage" if arguments.storage else "firestore"
        named = rules_of(configuration(FIREBASE_JSON), service, _database(arguments))
        path, name = named.path, named.name
    source = _read(path)
    request = _request(arguments)
    try:
        explanations = explain(source, request, name)
    except RulesCompileError as error:
        raise Failure(f"{name} has errors.", f"./kit rules check {name} shows where.", str(error)) from error
    decisive = next((each for each in explanations if not each.decision.allowed), explanations[-1])
    if arguments.json:
        print(json.dumps(_json(explanations, decisive), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_text(decisive, request, everything=arguments.all)))
    return 0


def _database(arguments: argparse.Namespace) -> str:
    """That of a whole path, /databases/second/documents/users/alice, or the one that was named."""
    from tools.rules_request import database_of

    return database_of(arguments.path) or str(arguments.database)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Failure(f"cannot read {path}: {error}.") from error


def _request(arguments: argparse.Namespace) -> "RulesRequest":
    from emulator.rules.types import Timestamp
    from emulator.wire.commented_json import ConfigFileError, parse
    from tools.rules_request import Asked, BadRequest, request_of

    if arguments.uid is None and (arguments.admin or arguments.claim):
        raise Failure("claims belong to somebody: give --as as well.")
    try:
        now = Timestamp.parse(arguments.time) if arguments.time else Timestamp(time.time_ns())
        given = arguments.documents
        documents = parse(_read(Path(given)), given) if given else {}
        asked = Asked(
            operation=arguments.op,
            path=arguments.path,
            storage=arguments.storage,
            database=_database(arguments),
            uid=arguments.uid,
            claims=_claims(arguments),
            data=arguments.data,
            before=arguments.before,
            documents=documents,
            filters=tuple(arguments.where),
            limit=arguments.limit,
        )
        return request_of(asked, now)
    except BadRequest as error:
        raise Failure(f"{error}.") from error
    except (ConfigFileError, ValueError) as error:
        raise Failure(f"cannot understand the request: {error}.") from error
    except RecursionError as error:
        raise Failure("the JSON is nested too deeply.") from error


def _claims(arguments: argparse.Namespace) -> dict[str, Any]:
    claims: dict[str, Any] = {"role": "admin"} if arguments.admin else {}
    for text in arguments.claim:
        name, mark, value = text.partition("=")
        if not mark:
            raise Failure(f"a claim is written NAME=VALUE, not {text}.")
        try:
            claims[name] = json.loads(value)
        except ValueError:
            claims[name] = value
    return claims


# ---- JSON


def _json(explanations: "list[Explanation]", decisive: "Explanation") -> dict[str, Any]:
    decision = decisive.decision
    parts = [[_match_json(match, each) for match in each.matches] for each in explanations]
    return {
        "allowed": decision.allowed,
        "reason": decision.message.strip(),
        "matches": parts[explanations.index(decisive)],
    } | ({"disjuncts": parts} if len(parts) > 1 else {})


def _match_json(match: "ExplainedMatch", explanation: "Explanation") -> dict[str, Any]:
    from emulator.rules import step_json, typed_value

    return {
        "path": match.path,
        "line": match.line,
        "wildcards": {name: typed_value(value) for name, value in match.wildcards.items()},
        "allows": [
            {
                "line": allow.line,
                "methods": list(allow.methods),
                "state": allow.state,
                "condition": None if allow.step is None else step_json(allow.step, explanation.source),
            }
            for allow in match.allows
        ],
    }


# ---- text

_MARKS: Final = {
    "allow": ("✓", "green"),
    "deny": ("✗", "red"),
    "error": ("!", "yellow"),
    "not evaluated": ("·", "dim"),
}


def _text(explanation: "Explanation", request: "RulesRequest", *, everything: bool) -> list[str]:
    who = "nobody signed in" if request.auth is None else str(request.auth.uid)
    lines = [f"{request.method} /{'/'.join(request.path)} as {who}", ""]
    for match in explanation.matches:
        lines += _match_lines(match, everything=everything)
    if not explanation.matches:
        lines.append("No match statement is for this path.")
    decision = explanation.decision
    if decision.allowed:
        line = next(line for line, outcome in decision.outcomes if outcome == "allow")
        verdict = styled("ALLOWED", "green", "bold", stream=sys.stdout)
        return [*lines, "", f"{verdict} by the allow on L{line} of {explanation.source.file_name}"]
    verdict = styled("DENIED", "red", "bold", stream=sys.stdout)
    return [*lines, "", f"{verdict}: {decision.message.strip()}"]


def _match_lines(match: "ExplainedMatch", *, everything: bool) -> list[str]:
    from emulator.rules import shortened, value_text

    taken = ", ".join(f"{name} = {value_text(value)}" for name, value in match.wildcards.items())
    lines = [f"match {match.path}  {_dim(f'L{match.line}  {taken}')}"]
    if not match.allows:
        lines.append(_dim("  no allow for this operation"))
    for allow in match.allows:
        mark, style = _MARKS[allow.state]
        heading = f"  {styled(mark, style, stream=sys.stdout)} allow {', '.join(allow.methods)}"
        lines.append(f"{heading}  {_dim(f'L{allow.line}')}  {allow.state}")
        if allow.step is not None:
            step = allow.step if everything else shortened(allow.step)
            lines += _step_lines(step, 3, evaluated=allow.state != "not evaluated")
    return lines


def _step_lines(step: "Step", depth: int, *, evaluated: bool = True) -> list[str]:
    """The expression with its value, and below it what it was made of."""
    from emulator.rules import Step, print_expression

    text = _cut(print_expression(step.expression), WIDTH - 2 * depth)
    if not evaluated:
        return [f"{'  ' * depth}{_dim(f'{text}  not evaluated')}"]
    result = styled(f"→ {_cut(step.result, VALUE_WIDTH)}", _style(step), stream=sys.stdout)
    lines = [f"{'  ' * depth}{text}  {result}"]
    for inner in step.parts():
        if isinstance(inner, Step):
            lines += _step_lines(inner, depth + 1)
        else:
            lines += _step_lines(Step(inner), depth + 1, evaluated=False)
    return lines


def _style(step: "Step") -> str:
    if step.error is not None:
        return "yellow"
    return {"true": "green", "false": "red"}.get(step.result, "cyan")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def _dim(text: str) -> str:
    return styled(text, "dim", stream=sys.stdout)
