import pytest

from emulator.rules.types.type_tests import TYPE_TESTS
from tests.emulator.rules.asking import verdict

NULL = "Null value error."
OVERFLOW = "Integer overflow error."
ZERO = "Divide by zero error."


@pytest.mark.parametrize(
    "condition",
    [
        # precedence
        "1 + 2 * 3 == 7",
        "(1 + 2) * 3 == 9",
        "2 - 1 - 1 == 0",
        "5 / 2 is int",
        "!true == false",
        "-2 + 3 == 1",
        "1 < 2 == true",
        "true || false && false",
        "false ? false : true ? true : false",
        "1 in [1] && 2 in [2]",
        "- -1 == 1",
        "!!true",
        "[[1, 2], [3]][0][1] == 2",
        # numbers
        "7 / 2 == 3",
        "-7 / 2 == -3",
        "7 / -2 == -3",
        "-7 % 3 == -1",
        "7 % -3 == 1",
        "1 / 2.0 == 0.5",
        "1.0 / 0.0 > 9223372036854775807",
        "-1.0 / 0.0 < -9223372036854775808",
        "math.isNaN(0.0 / 0.0)",
        "5.5 % 2 == 1.5",
        "9223372036854775807 + 0 == 9223372036854775807",
        "1 + 1.5 == 2.5",
        "2 * 1.5 is float",
        "1 == 1.0",
        "1.5 > 1",
        # equality
        "null == null",
        "null != false",
        "true != 1",
        "1 != true",
        "'1' != 1",
        "[1] != [1.0]",
        "{'a': 1} != {'a': 1.0}",
        "[true] != [1]",
        "{'a': [1, {'b': null}]} == {'a': [1, {'b': null}]}",
        "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}",
        "[1, 2] != [2, 1]",
        "[1, 2].toSet() == [2, 1, 1].toSet()",
        "[1].toSet() != [1]",
        "0.0 / 0.0 != 0.0 / 0.0",
        "/a/b == /a/$('b')",
        # order
        "'a' < 'b'",
        "'Z' < 'a'",
        "'\\uFFFF' < '\\uD83D\\uDE00'",
        "'a'.toUtf8() < 'b'.toUtf8()",
        "duration.value(1, 's') < duration.value(1, 'm')",
        "timestamp.value(0) < request.time",
        # membership
        "1 in [1, 2]",
        "!(1.0 in [1, 2])",
        "!(true in [1])",
        "null in [null]",
        "{'a': 1} in [{'a': 1}]",
        "'a' in {'a': 1}",
        "!('b' in {'a': 1})",
        "'a' in ['a'].toSet()",
        # strings, times
        "'a' + 'b' == 'ab'",
        "timestamp.value(0) + duration.value(1, 's') == timestamp.value(1000)",
        "duration.value(1, 's') + timestamp.value(0) == timestamp.value(1000)",
        "timestamp.value(1000) - duration.value(1, 's') == timestamp.value(0)",
        "timestamp.value(1000) - timestamp.value(0) == duration.value(1, 's')",
        "duration.value(1, 'm') - duration.value(1, 's') == duration.value(59, 's')",
        # slices and indexes
        "'abc'[1] == 'b'",
        "[1, 2, 3][0:2] == [1, 2]",
        "'abc'[1:1] == ''",
        "'abc'[1:3] == 'bc'",
        "path('/a/b/c')[1:3] == /b/c",
        "path('/a/b/c')[0] == 'a'",
        "{'a b': 1}['a b'] == 1",
    ],
)
def test_condition_that_the_language_defines_as_true_is_true(condition):
    assert verdict(condition) == "true"


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ("9223372036854775807 + 1 == 0", OVERFLOW),
        ("-9223372036854775808 - 1 == 0", OVERFLOW),
        ("9223372036854775807 * 2 == 0", OVERFLOW),
        ("-9223372036854775808 / -1 == 0", OVERFLOW),
        ("-(-9223372036854775808) == 0", OVERFLOW),
        ("1 / 0 == 0", ZERO),
        ("1 % 0 == 0", ZERO),
        ("null < 1", NULL),
        ("1 + null == 1", NULL),
        ("1 in null", NULL),
        ("null.a == 1", NULL),
        ("null[0] == 1", NULL),
        ("-null == 1", NULL),
        ("!null", NULL),
        ("null.size() == 1", NULL),
        ("unknownName == 1", NULL),
        (
            "[1] + [2] == [1, 2]",
            "Unsupported operation error. Received: list + list. Expected: operands of +.",
        ),
        ("1 in {'a': 1}", "Type error. Received one of: [int]. Expected one of: [string]."),
        ("-'a' == 1", "Type error. Received one of: [string]. Expected one of: [number]."),
        ("!1", "Type error. Received one of: [int]. Expected one of: [bool]."),
        ("1 ? true : true", "Type error. Received one of: [int]. Expected one of: [bool]."),
        ("1", "Type error. Received one of: [int]. Expected one of: [bool]."),
        ("true && 1", "Type error. Received one of: [int]. Expected one of: [bool]."),
        ("{}.a == null", "Property a is undefined on object."),
        ("{}['a'] == null", "Property a is undefined on object."),
        ("'text'.toString == null", "Property toString is undefined on object."),
        ("{}.toString == null", "Property toString is undefined on object."),
        ("[1, 2, 3, 4][98] == 1", "Index out of bound error. Index: [98] , size: [4]."),
        ("[1][-1] == 1", "Index out of bound error. Index: [-1] , size: [1]."),
        ("'abc'[3] == 'd'", "Index out of bound error. Index: [3] , size: [3]."),
        ("path('/a')[1] == 'd'", "Index out of bound error. Index: [1] , size: [1]."),
        ("'abc'[0:0] == ''", "Index out of bound error. Index: [0:0] , size: [3]."),
        ("'abc'[3:3] == ''", "Index out of bound error. Index: [3:3] , size: [3]."),
        ("'abc'[0:4] == ''", "Index out of bound error. Index: [0:4] , size: [3]."),
        ("'abc'[2:1] == ''", "Index out of bound error. Index: [2:1] , size: [3]."),
        ("[1]['a'] == 1", "Type error. Received one of: [string]. Expected one of: [int]."),
        ("1.0[0] == 1", "Type error. Received one of: [float]. Expected one of: [list, map, path, string]."),
        ("/a/$(1) == /a/b", "Type error. Received one of: [int]. Expected one of: [path, string]."),
        ("/a/$(null) == /a/b", NULL),
        ("nothing()", "Function not found error: Name: [nothing]."),
        ("'a'.nothing()", "Function not found error: Name: [nothing]."),
        ("'a'.size(1) == 1", "Function not found error: Name: [size]."),
        ("math.nothing(1) == 1", "Function not found error: Name: [math.nothing]."),
        ("timestamp.value(9223372036854775807) == request.time", "Timestamp out of range."),
        ("duration.value(9223372036854775807, 'w') == duration.value(1, 's')", "Duration out of range."),
    ],
)
def test_condition_without_a_value_is_an_error_that_names_its_cause(condition, cause):
    assert verdict(condition) == cause


@pytest.mark.parametrize(
    ("condition", "received", "operator"),
    [
        ("true < false", "bool < bool", "<"),
        ("[1] < [2]", "list < list", "<"),
        ("'a' < 1", "string < int", "<"),
        ("'a' + 1 == 'a1'", "string + int", "+"),
        ("1 in /a/b", "int in path", "in"),
        ("'a' in 'abc'", "string in string", "in"),
        ("/a < /b", "path < path", "<"),
        ("/a + /b == 1", "path + path", "+"),
        ("duration.value(1, 's') * 2 == 1", "duration * int", "*"),
        ("latlng.value(1, 2) < latlng.value(2, 1)", "latlng < latlng", "<"),
        ("null is map || {} < {}", "map < map", "<"),
    ],
)
def test_operator_between_types_it_does_not_join_says_which(condition, received, operator):
    cause = f"Unsupported operation error. Received: {received}. Expected: operands of {operator}."
    assert verdict(condition) == cause


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 / 0 == 1 || true", "true"),
        ("true || 1 / 0 == 1", "true"),
        ("1 / 0 == 1 && false", "false"),
        ("false && 1 / 0 == 1", "false"),
        ("1 / 0 == 1 && true", ZERO),
        ("true && 1 / 0 == 1", ZERO),
        ("1 / 0 == 1 || false", ZERO),
        ("!(1 / 0 == 1)", ZERO),
        ("!(1 / 0 == 1 && false)", "true"),
        ("'' && false", "false"),
        ("true || null", "true"),
        ("null || true", "true"),
        ("1 / 0 == 1 || 'a' || true", "true"),
        ("1 / 0 == 1 || null.a", ZERO),
        ("true ? true : 1 / 0 == 1", "true"),
        ("false ? 1 / 0 == 1 : true", "true"),
        ("(1 / 0 == 1) ? true : true", ZERO),
        ("(1 / 0) == (1 / 0)", ZERO),
        ("[1 / 0].size() == 1", ZERO),
        ("{'a': 1 / 0}.size() == 1", ZERO),
    ],
)
def test_error_is_a_third_truth_value(condition, expected):
    assert verdict(condition) == expected


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ("true", {"bool"}),
        ("'a'.toUtf8()", {"bytes"}),
        ("1.5", {"float", "number"}),
        ("1", {"int", "number"}),
        ("latlng.value(1, 2)", {"latlng"}),
        ("[1]", {"list"}),
        ("{'a': 1}", {"map"}),
        ("/a/b", {"path"}),
        ("'a'", {"string"}),
        ("request.time", {"timestamp"}),
        ("duration.value(1, 's')", {"duration"}),
        ("[1].toSet()", set()),
        ("null", set()),
        ("request", {"map"}),
    ],
)
def test_is_answers_for_each_type(value, types):
    assert {name for name in TYPE_TESTS if verdict(f"{value} is {name}") == "true"} == types
