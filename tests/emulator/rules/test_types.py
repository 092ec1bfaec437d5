import pytest

from emulator.rules.types import Path, Timestamp
from tests.emulator.rules.asking import document, request, ruled_by, told, verdict

TRUE_OF = {
    "string": [
        "'héllo'.size() == 5",
        "'\\uD83D\\uDE00'.size() == 1",
        "'AbÇ'.lower() == 'abç'",
        "'aß'.upper() == 'ASS'",
        "'  a b '.trim() == 'a b'",
        "'abc'.matches('a.c')",
        "!'xabc'.matches('abc')",
        "!'a\\nc'.matches('a.c')",
        "'a\\nc'.matches('(?s)a.c')",
        "'a.c'.matches('a\\\\.c')",
        "'한글'.matches('\\\\p{Hangul}+')",
        "'a,b,,c,,'.split(',') == ['a', 'b', '', 'c']",
        "'abc'.split('') == ['a', 'b', 'c']",
        "'abc'.split('x') == ['abc']",
        "',,'.split(',') == ['']",
        "''.split(',') == ['']",
        "',a'.split(',') == ['', 'a']",
        "'a1b22c'.replace('[0-9]+', '-') == 'a-b-c'",
        "'john smith'.replace('(\\\\w+) (\\\\w+)', '$2, $1') == 'smith, john'",
        "'é€x'.replace('x', 'y') == 'é€y'",
        "'ab'.replace('b', '\\\\$1') == 'a$1'",
        "'é'.toUtf8().size() == 2",
        "'a\\/b' == 'a/b'",
        "'\\u0000'.matches('\\\\0')",
        "'\\u0001'.matches('\\\\001')",
        "'A'.matches('(?i)a')",
        "'abc'[1] == 'b' && 'abc'[1:3] == 'bc'",
    ],
    "conversion": [
        "int('-12') == -12",
        "int(2.9) == 2",
        "int(-2.9) == -2",
        "float('1.5e2') == 150.0",
        "float(2) is float",
        "string(true) == 'true'",
        "string(null) == 'null'",
        "string(12) == '12'",
        "string(1.0) == '1.0'",
        "string(1.5) == '1.5'",
        "string(100000000.0) == '1.0E8'",
        "string(0.0001) == '1.0E-4'",
        "string(-0.0) == '-0.0'",
        "int('+5') == 5",
        "string('a') == 'a'",
        "string(/a/b) == '/a/b'",
        "debug(3) == 3",
    ],
    "list": [
        "[1, 2].size() == 2",
        "[1, 2,] == [1, 2]",
        "[1, 2, 3].hasAll([3, 1])",
        "![1, 2].hasAll([3, 1])",
        "[1, 2].hasAny([5, 2])",
        "![1, 2].hasAny([])",
        "[1, 1, 2].hasOnly([1, 2, 3])",
        "![1, 4].hasOnly([1, 2, 3])",
        "![1].hasAny([1.0, true])",
        "[1].hasAll([1].toSet())",
        "[1].concat(['a']) == [1, 'a']",
        "[1, 2, 1, 3].removeAll([1]) == [2, 3]",
        "['a', 1, true, null, 1.5].join('-') == 'a-1-true-null-1.5'",
        "[].join(',') == ''",
        "[1, 1].toSet().size() == 1",
    ],
    "set": [
        "[1, 2].toSet().hasAll([1])",
        "[1, 2].toSet().hasAny([2].toSet())",
        "[1].toSet().hasOnly([1, 2])",
        "[1].toSet().union([2].toSet()) == [2, 1].toSet()",
        "[1, 2].toSet().intersection([2, 3].toSet()) == [2].toSet()",
        "[1, 2].toSet().difference([2].toSet()) == [1].toSet()",
        "[1, 2, 2].toSet().size() == 2",
        "[1, 1.0, true].toSet().size() == 3",
    ],
    "map": [
        "{'a': 1}.a == 1",
        "{a: 1}.a == 1",
        "{'a': 1, 'b': 2}.size() == 2",
        "{'b': 1, 'a': 2}.keys() == ['a', 'b']",
        "{'b': 1, 'a': 2}.values() == [2, 1]",
        "{'a': 1}.get('a', 0) == 1",
        "{'a': 1}.get('b', 0) == 0",
        "{'a': {'b': 1}}.get(['a', 'b'], 0) == 1",
        "{'a': {'b': 1}}.get(['a', 'c'], 0) == 0",
        "{'a': 1}.get(['a', 'c'], 0) == 0",
        "{'a': null}.get('a', 0) == null",
        "{'size': 5}.size == 5",
        "{math: 1}.math == 1",
        "{'in': 1, 'if': 2}.in == 1",
        "{'a': 1}.keys().hasOnly(['a'])",
    ],
    "mapdiff": [
        "{'a': 1, 'b': 2}.diff({'a': 1}).addedKeys() == ['b'].toSet()",
        "{'a': 1}.diff({'a': 1, 'b': 2}).removedKeys() == ['b'].toSet()",
        "{'a': 1, 'b': 2}.diff({'a': 3, 'b': 2}).changedKeys() == ['a'].toSet()",
        "{'a': 1, 'b': 2}.diff({'a': 3, 'b': 2}).unchangedKeys() == ['b'].toSet()",
        "{'a': 1, 'b': 2}.diff({'a': 3, 'c': 2}).affectedKeys() == ['a', 'b', 'c'].toSet()",
        "{'a': 1}.diff({'a': 1.0}).affectedKeys().hasOnly(['a'])",
        "{'a': 1}.diff({'a': 1}).affectedKeys().size() == 0",
    ],
    "bytes": [
        "'abc'.toUtf8().size() == 3",
        "'\\u00FB\\u00FF'.toUtf8().toBase64() == 'w7vDvw=='",
        "'>>>?'.toUtf8().toBase64() == 'Pj4-Pw=='",
        "'\\u00FF'.toUtf8().toHexString() == 'C3BF'",
        "'a'.toUtf8() == 'a'.toUtf8()",
    ],
    "timestamp": [
        "request.time.year() == 2024",
        "request.time.month() == 2",
        "request.time.day() == 29",
        "request.time.hours() == 12",
        "request.time.minutes() == 30",
        "request.time.seconds() == 15",
        "request.time.nanos() == 123456789",
        "request.time.dayOfWeek() == 4",
        "request.time.dayOfYear() == 60",
        "request.time.toMillis() == 1709209815123",
        "request.time.date() == timestamp.date(2024, 2, 29)",
        "request.time.time() == duration.time(12, 30, 15, 123456789)",
        "timestamp.value(-1).year() == 1969",
        "timestamp.value(-1).nanos() == 999000000",
        "timestamp.date(1, 1, 1).year() == 1",
    ],
    "duration": [
        "duration.value(1, 'w') == duration.value(7, 'd')",
        "duration.value(1, 'd') == duration.value(24, 'h')",
        "duration.value(1, 'h') == duration.value(60, 'm')",
        "duration.value(1500, 'ms').seconds() == 1",
        "duration.value(1500, 'ms').nanos() == 500000000",
        "duration.value(-1500, 'ms').seconds() == -1",
        "duration.value(-1500, 'ms').nanos() == -500000000",
        "duration.value(1, 'ns').nanos() == 1",
        "duration.abs(duration.value(-5, 's')) == duration.value(5, 's')",
        "duration.time(1, 2, 3, 4).seconds() == 3723",
    ],
    "latlng": [
        "latlng.value(1, 2.5).latitude() == 1.0",
        "latlng.value(1, 2.5).longitude() == 2.5",
        "latlng.value(0, 0).distance(latlng.value(0, 0)) == 0.0",
        "latlng.value(37.5, 127).distance(latlng.value(35.1, 129)) > 300000.0",
        "latlng.value(37.5, 127).distance(latlng.value(35.1, 129)) < 340000.0",
        "latlng.value(1, 2) == latlng.value(1.0, 2.0)",
    ],
    "path": [
        "path('/a/b') == /a/b",
        "path('a/{x}/{y}').bind({'x': 'b', 'y': 'c'}) == /a/b/c",
        "/databases/(default)/documents == path('databases/(default)/documents')",
        "/a/$(path('b/c'))/d == /a/b/c/d",
        "/a/$('b' + 'c') == /a/bc",
    ],
    "math": [
        "math.abs(-3) == 3",
        "math.abs(-3) is int",
        "math.abs(-3.5) == 3.5",
        "math.ceil(1.2) == 2.0",
        "math.ceil(1.2) is float",
        "math.floor(-1.2) == -2.0",
        "math.round(1.5) == 2",
        "math.round(-1.5) == -1",
        "math.round(2.4) is int",
        "math.round(0.49999999999999994) == 0",
        "math.sqrt(9) == 3.0",
        "math.isNaN(math.sqrt(-1))",
        "math.pow(2, 10) == 1024.0",
        "math.pow(10, 400) == 1.0 / 0.0",
        "math.isNaN(math.pow(-8, 0.5))",
        "!math.isNaN(1)",
    ],
    "hashing": [
        "hashing.md5('abc').toHexString() == '900150983CD24FB0D6963F7D28E17F72'",
        "hashing.sha256('abc'.toUtf8()) == hashing.sha256('abc')",
        "hashing.sha256('abc').size() == 32",
        "hashing.crc32('abc').toHexString() == 'C2412435'",
        "hashing.crc32c('abc').toHexString() == 'B73F4B36'",
        "hashing.crc32c('abc').toBase64() == 'tz9LNg=='",
    ],
}


@pytest.mark.parametrize(
    "condition",
    [pytest.param(each, id=f"{kind}: {each}") for kind, group in TRUE_OF.items() for each in group],
)
def test_member_of_a_type_gives_its_documented_value(condition):
    assert verdict(condition) == "true"


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ("int('1.5') == 1", "Invalid integer: 1.5."),
        ("int(' 1') == 1", "Invalid integer:  1."),
        ("int('0x10') == 16", "Invalid integer: 0x10."),
        ("int('9223372036854775808') == 1", "Integer overflow error."),
        ("int('١') == 1", "Invalid integer: ١."),
        ("int(1.0 / 0.0) == 1", "Integer overflow error."),
        ("float('nan') == 1.0", "Invalid float: nan."),
        ("bool('true')", "Function not found error: Name: [bool]."),
        ("bytes('a') == 'a'.toUtf8()", "Function not found error: Name: [bytes]."),
        ("[[1]].join(',') == ''", "Unsupported operation error. Received: string(list)."),
        ("math.isInfinite(1.0)", "Function not found error: Name: [math.isInfinite]."),
        ("math.round(1.0 / 0.0) == 1", "Integer overflow error."),
        ("math.abs(-9223372036854775807 - 1) > 0", "Integer overflow error."),
        ("[1].toSet().toSet().size() == 1", "Function not found error: Name: [toSet]."),
        ("[1].hasAny(null)", "Null value error."),
        ("{'a': 1}.hasAll(['a'])", "Function not found error: Name: [hasAll]."),
        ("path('/a').size() == 1", "Function not found error: Name: [size]."),
        ("path('/{x}').bind({}) == /a", "Invalid path binding. Path: [/{x}]."),
        ("path('/{x}').bind({'x': 'a', 'y': 'b'}) == /a", "Invalid path binding. Path: [/{x}]."),
        ("timestamp.date(2023, 2, 29) == request.time", "Invalid date: 2023-2-29."),
        ("duration.value(1, 'y') == duration.value(1, 's')", "Invalid duration unit: y."),
        ("latlng.value(91, 0) == latlng.value(0, 0)", "LatLng out of range: 91, 0."),
        ("'a'.matches(string('('))", "Invalid regular expression pattern. Pattern: (."),
        ("'a'.replace('a', '$1') == ''", "No group 1 in the regular expression."),
        ("'\\uD800'.matches('.')", "String is not valid Unicode."),
        ("[].upper() == 1", "Function not found error: Name: [upper]."),
        ("'x'.matches(null)", "Null value error."),
        (
            "-duration.value(1, 's') == 1",
            "Type error. Received one of: [duration]. Expected one of: [number].",
        ),
        ("null in {'a': 1}", "Type error. Received one of: [null]. Expected one of: [string]."),
    ],
)
def test_call_that_a_type_does_not_have_is_an_error(condition, cause):
    assert verdict(condition) == cause


@pytest.mark.parametrize(
    ("condition", "received", "expected"),
    [
        ("int(true) == 1", "int(bool)", "int(float|int|string)"),
        ("string([1]) == ''", "string(list)", "string(bool|float|int|null|path|string)"),
        ("math.abs('a') == 1", "math.abs(string)", "math.abs(float|int)"),
        ("[1].toSet().difference([1]).size() == 0", "set.difference(list)", "set.difference(set)"),
        ("{'a': 1}.get(1, 2) == 2", "map.get(int, int)", "map.get(list|string, any)"),
        ("path(path('/a')) == /a", "path(path)", "path(string)"),
        ("hashing.md5(1).size() == 16", "hashing.md5(int)", "hashing.md5(bytes|string)"),
    ],
)
def test_call_with_an_argument_of_another_type_says_what_it_takes(condition, received, expected):
    cause = f"Unsupported operation error. Received: {received}. Expected: {expected}."
    assert verdict(condition) == cause


def test_value_built_by_doubling_a_string_stops_at_a_limit_of_its_length():
    lets = "let a = '0123456789abcdef0123456789abcdef'; " + "".join(
        f"let {new} = {old} + {old} + {old} + {old} + {old};"
        for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    assert verdict("grown() == 1", f"function grown() {{ {lets} return j.size(); }}") == "String is too long."


def test_list_built_by_doubling_stops_at_a_limit_of_its_length():
    lets = "let a = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];" + "".join(
        f"let {new} = {old}.concat({old}).concat({old}).concat({old}).concat({old});"
        for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    assert verdict("grown() == 1", f"function grown() {{ {lets} return j.size(); }}") == "List is too long."


def test_regular_expression_known_for_runaway_backtracking_answers_at_once():
    assert verdict(f"'{'a' * 5000}!'.matches('(a+)+')") == "false"


@pytest.mark.parametrize("call", ["replace('a(.*b)?', 'c')", "split('a(.*b)?')"])
def test_regular_expression_that_looks_through_a_long_string_at_every_match_stops(call):
    condition = f"resource.data.text.{call}.size() > 1"
    assert verdict(condition, resource={"text": "a" * 1_000_000}) == (
        "The regular expression matches too often in so long a string."
    )
    assert verdict(condition, resource={"text": "-a" * 1_000}) == "true"


def test_document_values_of_every_type_are_read_as_they_are():
    data = {
        "none": None, "flag": True, "int": 2**63 - 1, "float": 0.5, "text": "é", "bytes": b"\x00\xff",
        "time": Timestamp(1), "ref": Path(("databases", "(default)", "documents", "users", "a")),
        "list": [1, {"deep": [None]}], "map": {"a.b": {"": 1}},
    }  # fmt: skip
    condition = """let d = resource.data; return d.none == null && d.flag == true
      && d.int == 9223372036854775807 && d.float == 0.5 && d.text == 'é'
      && d.bytes.toHexString() == '00FF' && d.time.nanos() == 1
      && d.ref == /databases/$(database)/documents/users/a && d.list[1].deep == [null]
      && d.map['a.b'][''] == 1 && resource.id == 'n1' && resource.__name__[4] == 'n1';"""
    assert verdict("all()", f"function all() {{ {condition} }}", resource=data) == "true"


def test_resource_given_as_a_function_is_loaded_once_and_only_when_a_rule_needs_it():
    loads = []

    def load():
        loads.append(1)
        return document("notes/n1", {"open": True})

    lazy = request(uid="alice")
    lazy.resource = load
    assert told(ruled_by("request.auth.uid == 'alice'").evaluate(lazy)) == "true"
    assert loads == []
    assert told(ruled_by("resource.data.open && resource.data.open").evaluate(lazy)) == "true"
    assert loads == [1]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("1970-01-01T09:00:00+09:00", 0),
    ],
)
def test_timestamp_is_read_from_rfc_3339(text, nanoseconds):
    assert Timestamp.parse(text) == Timestamp(nanoseconds)


@pytest.mark.parametrize("text", ["", "now", "2024-02-30T00:00:00Z", "2024-01-01", "2024-01-01T00:00:00"])
def test_timestamp_that_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"RFC 3339|day|month"):
        Timestamp.parse(text)


@pytest.mark.parametrize("nanoseconds", [0, 1, 10**9, 1_709_209_815_123_456_789, -1])
def test_timestamp_text_reads_back_as_the_same_time(nanoseconds):
    assert Timestamp.parse(Timestamp(nanoseconds).isoformat()) == Timestamp(nanoseconds)
