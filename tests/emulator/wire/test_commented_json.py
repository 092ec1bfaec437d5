"""JSON as the Firebase CLI reads it, compared with the reader that the CLI itself has installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emulator.wire.commented_json import ConfigFileError, load, parse, place_of, spans

CJSON = Path(__file__).parents[3] / "node_modules" / "cjson"
READ_ALL = """
const cjson = require(process.argv[1]);
const results = process.argv.slice(2).map((path) => {
  try { return { value: cjson.load(path) }; } catch { return { error: true }; }
});
console.log(JSON.stringify(results));
"""

READ = {
    "plain": '{"a": [1, -2.5e3, true, false, null]}',
    "line comment": '// one\n{"a": 1} // two',
    "line comment with windows lines": '// one\r\n{"a": 1}\r\n// two\r\n',
    "block comment": '{/* one\n two */"a"/**/:/***/1}',
    "comment that never ends": '{"a": 1} /* open',
    "commented quote": '{"a": 1 /* "b */}',
    "slashes in a string": '{"a": "http://x/*y*/ //z"}',
    "quote in a string": '{"a": "say \\"//\\" /*"}',
    "mark of windows": '\ufeff{"a": 1}',
    "mark inside": '{"a": "x\ufeffy"}',
    "same key twice": '{"a": 1, "a": 2}',
    "no object": "[1]",
    "null": "null",
    "deep": '{"a": {"b": [[{}]]}}',
    "escapes": '{"a": "\\u00e9\\n\\ud83d\\ude00"}',
}
REFUSED = {
    "empty": "",
    "blanks": " \r\n\t",
    "mark alone": "\ufeff",
    "comment alone": "// nothing",
    "trailing comma in an object": '{"a": 1,}',
    "trailing comma in a list": "[1, 2, // last\n]",
    "single quotes": "{'a': 1}",
    "no quotes": "{a: 1}",
    "missing comma": '{"a": 1 "b": 2}',
    "hash comment": '# no\n{"a": 1}',
    "not a number": '{"a": NaN}',
    "infinity": '{"a": -Infinity}',
    "tab in a string": '{"a": "\t"}',
    "no-break space": '\u00a0{"a": 1}',
    "cut off": '{"a": [1, 2',
    "two values": "{} {}",
    "carriage return does not end a comment": '// a\r{"a": 1}',
}


def test_same_texts_are_read_with_the_same_result_as_by_the_cli(tmp_path: Path):
    texts = {**READ, **REFUSED}
    paths = []
    for at, text in enumerate(texts.values()):
        paths.append(tmp_path / f"{at}.json")
        paths[-1].write_bytes(text.encode())
    command = [shutil.which("node") or "node", "-e", READ_ALL, str(CJSON), *map(str, paths)]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert dict(zip(texts, map(_ours, paths), strict=True)) == dict(zip(texts, theirs, strict=True))


def _ours(path: Path) -> dict[str, Any]:
    try:
        return {"value": load(path)}
    except ConfigFileError:
        return {"error": True}


@pytest.mark.parametrize("name", REFUSED)
def test_every_refusal_has_a_line_and_a_column(name: str):
    with pytest.raises(ConfigFileError, match=r"^f\.json:\d+:\d+: "):
        parse(REFUSED[name], "f.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.json:1:1: the file is empty"),
        ("\n// mine\n", "f.json:1:1: the file holds nothing but comments"),
        ('{\n  "a": 1, // x\n}', "f.json:2:9: a comma with nothing behind it is not JSON"),
        ('{ /* a\n b */ "a": 1\n  "b": 2 }', "f.json:3:3: a comma is missing before this"),
        ('{\n  "a": NaN}', "f.json:2:8: NaN is not JSON"),
        ("[" * 100_000, "f.json: the file is nested too deeply"),
    ],
    ids=["empty", "comments", "trailing comma", "missing comma", "NaN", "deep"],
)
def test_what_is_wrong_is_said_with_its_place_in_the_file_as_it_is(text: str, said: str):
    with pytest.raises(ConfigFileError) as told:
        parse(text, "f.json")
    assert str(told.value) == said


def test_number_of_more_digits_than_python_converts_is_infinite_as_in_javascript():
    assert parse('{"a": ' + "9" * 5000 + "}", "f.json") == {"a": float("inf")}


def test_file_that_is_not_there_or_not_utf_8_is_told(tmp_path: Path):
    with pytest.raises(ConfigFileError, match="there is no such file"):
        load(tmp_path / "none.json")
    (tmp_path / "a.json").write_bytes('{"a": 1}'.encode("utf-16"))
    with pytest.raises(ConfigFileError, match="save it as UTF-8"):
        load(tmp_path / "a.json")
    (tmp_path / "b.json").write_bytes(b'{"a": "\xff"}')
    assert load(tmp_path / "b.json") == {"a": "\ufffd"}


TEXT = """\ufeff{ // "no": 1
  "a": [{"b": "x]"}, 2, [3]],
  "c": {"d,": null}
}"""


@pytest.mark.parametrize(
    ("where", "place"),
    [("", (1, 1)), ("a", (2, 8)), ("a[0].b", (2, 15)), ("a[2][0]", (2, 26)), ("c.d,", (3, 15))],
)
def test_place_of_a_value_is_found_by_its_name(where: str, place: tuple[int, int]):
    assert place_of(TEXT, where) == place


def test_place_of_a_value_that_is_missing_is_that_of_what_should_hold_it():
    assert place_of(TEXT, "a[0].z.y") == place_of(TEXT, "a[0]") == (2, 9)


def test_spans_cut_values_out_of_the_text():
    found = {name: TEXT[span.start : span.end] for name, span in spans(TEXT).items()}
    assert found["a[0]"] == '{"b": "x]"}'
    assert found["c"] == '{"d,": null}'
    assert found[""] == TEXT[1:]
