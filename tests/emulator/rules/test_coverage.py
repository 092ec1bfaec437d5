import json
from html.parser import HTMLParser

from emulator.rules import compile_ruleset
from emulator.rules.limits import MAX_COVERAGE_VALUES
from tests.emulator.rules.asking import request, rules

CONDITION = "request.auth != null && request.auth.uid == 'alice'"


def nodes(ruleset, source: str) -> list[dict]:
    """The report's nodes for the expressions with that text, outermost first."""
    assert ruleset.coverage
    found = []
    pending = list(ruleset.coverage.report().get("report", []))
    while pending:
        node = pending.pop(0)
        position = node["sourcePosition"]
        if ruleset.source[position["currentOffset"] : position["endOffset"] + 1] == source:
            found.append(node)
        pending.extend(node.get("children", []))
    return found


def values(ruleset, source: str) -> list[dict]:
    [node] = nodes(ruleset, source)
    return node.get("values", [])


def owned():
    return rules(f"match /notes/{{id}} {{ allow get: if {CONDITION}; }}")


def test_report_names_the_file_and_holds_its_text():
    ruleset = owned()
    files = ruleset.coverage.report()["rules"]["files"]
    assert files == [{"name": "firestore.rules", "content": ruleset.source}]


def test_expressions_are_counted_by_their_value():
    ruleset = owned()
    for uid in ("alice", "alice", "bob", None):
        ruleset.evaluate(request(uid=uid))
    assert values(ruleset, CONDITION) == [
        {"value": {"boolValue": True}, "count": 2},
        {"value": {"boolValue": False}, "count": 2},
    ]
    assert values(ruleset, "request.auth.uid") == [
        {"value": {"stringValue": "alice"}, "count": 2},
        {"value": {"stringValue": "bob"}, "count": 1},
    ]


def test_operand_that_was_skipped_is_counted_as_an_empty_value():
    ruleset = owned()
    ruleset.evaluate(request())
    assert values(ruleset, "request.auth.uid == 'alice'") == [{"value": {}, "count": 1}]


def test_failed_expression_is_reported_with_its_cause_and_place():
    ruleset = rules("match /notes/{id} { allow get: if resource.data.x == 1; }")
    ruleset.evaluate(request(resource={}))
    [seen] = values(ruleset, "resource.data.x")
    assert seen["count"] == 1
    assert seen["value"]["undefined"]["causeMessage"] == "Property x is undefined on object."
    assert seen["value"]["undefined"]["sourcePosition"]["line"] == 4


def test_nodes_carry_positions_and_literals_have_none():
    ruleset = owned()
    [root] = ruleset.coverage.report()["report"]
    start = ruleset.source.index(CONDITION)
    assert root["sourcePosition"] == {
        "line": 4,
        "column": 35,
        "currentOffset": start,
        "endOffset": start + len(CONDITION) - 1,
    }
    assert nodes(ruleset, "'alice'") == []
    assert nodes(ruleset, "null") == []


def test_values_of_other_types_are_shown_by_a_sample():
    ruleset = rules("match /notes/{id} { allow get: if request.path == /a && resource.data == {}; }")
    ruleset.evaluate(request(resource={"a": 1}))
    assert values(ruleset, "request.path")[0]["value"]["pathValue"]["segments"][3] == {"simple": "notes"}
    held = rules("match /notes/{id} { allow get: if resource.data == {}; }")
    held.evaluate(request(resource={"a": 1}))
    held.evaluate(request(resource={"a": 2}))
    assert values(held, "resource.data") == [
        {"value": {"mapValue": {"fields": {"a": {"intValue": "1"}}}}, "count": 2}
    ]


def test_true_and_one_are_different_values():
    ruleset = rules("match /notes/{id} { allow get: if resource.data.a == 2; }")
    for value in (True, 1, 1.0):
        ruleset.evaluate(request(resource={"a": value}))
    assert [each["value"] for each in values(ruleset, "resource.data.a")] == [
        {"boolValue": True},
        {"intValue": "1"},
        {"floatValue": 1.0},
    ]


def test_many_distinct_values_share_an_entry():
    ruleset = owned()
    for number in range(MAX_COVERAGE_VALUES * 3):
        ruleset.evaluate(request(uid=f"user{number}"))
    seen = values(ruleset, "request.auth.uid")
    assert len(seen) == MAX_COVERAGE_VALUES + 1
    assert sum(each["count"] for each in seen) == MAX_COVERAGE_VALUES * 3


def test_functions_and_lets_are_counted():
    ruleset = rules(
        """function f(x) { let y = x + 1; return y > 2; }
        match /notes/{id} { allow get: if f(2); }"""
    )
    ruleset.evaluate(request())
    assert values(ruleset, "x + 1") == [{"value": {"intValue": "3"}, "count": 1}]
    assert values(ruleset, "y > 2") == [{"value": {"boolValue": True}, "count": 1}]


def test_rules_of_constants_have_no_nodes():
    ruleset = rules("match /notes/{id} { allow get: if true; allow list; }")
    ruleset.evaluate(request())
    assert "report" not in ruleset.coverage.report()


def test_report_is_json():
    ruleset = owned()
    ruleset.evaluate(request(uid="alice"))
    assert json.loads(json.dumps(ruleset.coverage.report(), allow_nan=False)) == ruleset.coverage.report()


def test_ruleset_compiled_without_coverage_decides_the_same():
    counted = owned()
    plain = compile_ruleset(counted.source, coverage=False)
    assert plain.coverage is None
    for uid in ("alice", "bob", None):
        assert plain.evaluate(request(uid=uid)) == counted.evaluate(request(uid=uid))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        if tag == "tr":
            self.rows.append(about.get("class") or "")
        self.sources.extend(value for name, value in attrs if name in ("src", "href"))


def test_page_marks_lines_and_escapes_what_it_shows():
    ruleset = rules(
        """match /notes/{id} { allow get: if request.auth.uid
            == '<script>';
          allow update: if request.auth.uid == 'b'; }"""
    )
    ruleset.evaluate(request(uid="</code><b>"))
    text = ruleset.coverage.report_html()
    page = _Page()
    page.feed(text)
    assert page.rows == ["", "", "", "hit", "", "miss", "", "", ""]
    assert page.sources == []
    assert "<script>" not in text
    assert "<b>" not in text
