"""Rules over HTTP: replacing them, and the coverage of those that are active."""

from __future__ import annotations

from typing import Any

from emulator.errors import InvalidArgument, NotFound
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId
from emulator.rules import Issue, RulesCompileError, compile_ruleset
from emulator.rules.coverage import Coverage
from emulator.servers.http_app import Request, Response, json_body
from emulator.wire.identity import identify
from emulator.wire.rest_json import Json, parse_json, print_json

#: The name of rules that came without one, as the official emulator prints it.
DEFAULT_FILE_NAME = "security.rules"


class RulesHandlers:
    """Rules are those of the project in the URL, as the official emulator keeps them: tests that run side by
    side under projects of their own do not meet. Those of the start serve every other project. A URL that
    goes on to a database speaks of that one alone; the coverage of a project is that of `(default)`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def put_rules(self, request: Request) -> Response:
        """Compile and activate. Broken rules change nothing; with `ignore_errors` a 200 reports them."""
        body = parse_json(await request.body())
        identify(request.authorization)
        name, content = _rules_file(body)
        lenient = body.get("ignore_errors", body.get("ignoreErrors")) is True
        try:
            ruleset = compile_ruleset(content, file_name=name)
        except RulesCompileError as error:
            if not lenient:
                raise InvalidArgument(f"Error compiling rules: {error}") from None
            return _issues(error.issues)
        self._engine.set_rules(request.params["project"], ruleset, request.params.get("database"))
        return _issues(ruleset.warnings if lenient else ())

    async def coverage(self, request: Request) -> Response:
        return json_body(print_json(self._coverage(request).report()))

    async def coverage_page(self, request: Request) -> Response:
        page = self._coverage(request).report_html()
        return Response(page.encode(), headers=((b"content-type", b"text/html; charset=utf-8"),))

    def _coverage(self, request: Request) -> Coverage:
        database = DatabaseId(request.params["project"], request.params.get("database", "(default)"))
        rules = self._engine.rules(database)
        if rules is None or rules.coverage is None:
            raise NotFound("No rules are loaded.")
        return rules.coverage


def _issues(issues: tuple[Issue, ...]) -> Response:
    tree: Json = {"issues": [issue.to_json() for issue in issues]} if issues else {}
    return json_body(print_json(tree))


def _rules_file(body: Json) -> tuple[str, str]:
    """The name and content of the first file. rules-unit-testing sends no name."""
    files = _member(body, "rules", dict).get("files")
    if not isinstance(files, list) or not files or not isinstance(files[0], dict):
        raise InvalidArgument("rules.files is required.")
    return files[0].get("name") or DEFAULT_FILE_NAME, _member(files[0], "content", str)


def _member(tree: Json, name: str, kind: type) -> Any:
    value = tree.get(name)
    if not isinstance(value, kind):
        raise InvalidArgument(f"{name} is required.")
    return value
