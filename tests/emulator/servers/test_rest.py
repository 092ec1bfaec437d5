"""REST, byte for byte where clients can see bytes: what requests mean and how answers are printed.

The expected bodies are those of the official emulator.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.process import Answer, Emulator

ADMIN = {"Authorization": "Bearer owner"}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z"
BAD_PAYLOAD = (
    '{"error":{"code":400,"message":"Payload isn\'t valid for request.","status":"INVALID_ARGUMENT"}}'
)


@dataclass(frozen=True, slots=True)
class Rest:
    """The REST surface of one database, as an admin."""

    emulator: Emulator
    database: str

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        text = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        return self.emulator.http(
            method, f"/v1/{self.database}/documents{path}", text, ADMIN if headers is None else headers
        )


@pytest.fixture
def rest(emulator: Emulator, database: str) -> Rest:
    return Rest(emulator, database)


def matches(body: str, expected: str, database: str) -> bool:
    """Whether a body is the expected one; `<time>`, `<id>` and `{database}` stand for what varies."""
    pattern = re.escape(expected.replace("{database}", database))
    for place, meaning in {"<time>": TIME, "<id>": "[A-Za-z0-9+/]+=*", "<auto>": "[A-Za-z0-9]{20}"}.items():
        pattern = pattern.replace(re.escape(place), meaning)
    return re.fullmatch(pattern, body) is not None


EVERY_KIND = {
    "zero": {"nullValue": None},
    "yes": {"booleanValue": True},
    "whole": {"integerValue": "9223372036854775807"},
    "large": {"doubleValue": 1e7},
    "small": {"doubleValue": 0.0001},
    "negative": {"doubleValue": -0.0},
    "none": {"doubleValue": "NaN"},
    "endless": {"doubleValue": "-Infinity"},
    "text": {"stringValue": "<>&'\"\\\n\u0001é😀/"},
    "bytes": {"bytesValue": "AQI="},
    "time": {"timestampValue": "2020-01-01T00:00:00.123456789Z"},
    "point": {"geoPointValue": {"latitude": 1.5}},
    "list": {"arrayValue": {"values": [{"integerValue": "1"}, {"mapValue": {}}]}},
    "empty": {"arrayValue": {}},
    "map": {"mapValue": {"fields": {"b": {"integerValue": "1"}, "a": {"integerValue": "2"}}}},
}

EVERY_KIND_PRINTED = r"""{
  "name": "{database}/documents/c/all",
  "fields": {
    "zero": {
      "nullValue": null
    },
    "yes": {
      "booleanValue": true
    },
    "whole": {
      "integerValue": "9223372036854775807"
    },
    "large": {
      "doubleValue": 1.0E7
    },
    "small": {
      "doubleValue": 1.0E-4
    },
    "negative": {
      "doubleValue": 0.0
    },
    "none": {
      "doubleValue": "NaN"
    },
    "endless": {
      "doubleValue": "-Infinity"
    },
    "text": {
      "stringValue": "<>&'\"\\\n\u0001é😀/"
    },
    "bytes": {
      "bytesValue": "AQI="
    },
    "time": {
      "timestampValue": "2020-01-01T00:00:00.123456Z"
    },
    "point": {
      "geoPointValue": {
        "latitude": 1.5
      }
    },
    "list": {
      "arrayValue": {
        "values": [{
          "integerValue": "1"
        }, {
          "mapValue": {
          }
        }]
      }
    },
    "empty": {
      "arrayValue": {
      }
    },
    "map": {
      "mapValue": {
        "fields": {
          "b": {
            "integerValue": "1"
          },
          "a": {
            "integerValue": "2"
          }
        }
      }
    }
  },
  "createTime": "<time>",
  "updateTime": "<time>"
}
"""


def test_every_kind_of_value_is_printed_as_written(rest: Rest, database: str) -> None:
    written = rest("PATCH", "/c/all", {"fields": EVERY_KIND})
    read = rest("GET", "/c/all")

    assert written.status == read.status == 200
    assert written.headers["content-type"] == "application/json"
    assert matches(written.body, EVERY_KIND_PRINTED, database), written.body
    assert read.body == written.body


@pytest.fixture
def stored(rest: Rest) -> Rest:
    """Two documents: `c/e` without fields, `c/f` with two."""
    assert rest("PATCH", "/c/e", {}).status == 200
    fields = {"n": {"integerValue": "1"}, "s": {"stringValue": "x"}}
    assert rest("PATCH", "/c/f", {"fields": fields}).status == 200
    return rest


EMPTY_DOCUMENT = """{
  "name": "{database}/documents/c/e",
  "createTime": "<time>",
  "updateTime": "<time>"
}
"""

ANSWERED = [
    pytest.param("GET", "/c/e", None, EMPTY_DOCUMENT, id="get an empty document"),
    pytest.param(
        "GET",
        "/c/f?mask.fieldPaths=s&mask.fieldPaths=none&mask.fieldPaths=n",
        None,
        '{\n  "name": "{database}/documents/c/f",\n  "fields": {\n'
        '    "n": {\n      "integerValue": "1"\n    },\n    "s": {\n      "stringValue": "x"\n    }\n  },\n'
        '  "createTime": "<time>",\n  "updateTime": "<time>"\n}\n',
        id="get with a mask",
    ),
    pytest.param("GET", "/c/e/none", None, "{\n}\n", id="list an empty collection"),
    pytest.param("GET", "/c/e?unknown=1&alt=json&key=k", None, EMPTY_DOCUMENT, id="unknown parameters"),
    pytest.param("DELETE", "/c/e", None, "{\n}\n", id="delete"),
    pytest.param("POST", ":commit", None, "{\n}\n", id="commit without a body"),
    pytest.param("POST", ":commit", {"writes": []}, "{\n}\n", id="commit nothing"),
    pytest.param(
        "POST",
        ":commit",
        {"writes": [{"delete": "{database}/documents/c/none"}]},
        '{\n  "writeResults": [{\n  }],\n  "commitTime": "<time>"\n}\n',
        id="commit a delete",
    ),
    pytest.param(
        "POST",
        ":commit",
        {"writes": [{"verify": "{database}/documents/c/e", "currentDocument": {"exists": True}}]},
        '{\n  "writeResults": [{\n  }],\n  "commitTime": "<time>"\n}\n',
        id="commit a verify, as web transactions do",
    ),
    pytest.param(
        "POST",
        ":batchGet",
        {
            "documents": [
                *("{database}/documents/c/e", "{database}/documents/c/none"),
                *("{database}/documents/c/e", "{database}/documents/c/none"),
            ]
        },
        '[\n{\n  "found": {\n    "name": "{database}/documents/c/e",\n    "createTime": "<time>",\n'
        '    "updateTime": "<time>"\n  },\n  "readTime": "<time>"\n},\n{\n'
        '  "missing": "{database}/documents/c/none",\n  "readTime": "<time>"\n}\n]\n',
        id="batchGet, each name once",
    ),
    pytest.param("POST", ":batchGet", {"documents": []}, "[\n\n]\n", id="batchGet nothing"),
    pytest.param(
        "POST",
        ":runQuery",
        {"structuredQuery": {"from": [{"collectionId": "none"}]}, "newTransaction": {"readOnly": {}}},
        '[\n{\n  "transaction": "<id>"\n},\n{\n  "readTime": "<time>",\n  "done": true\n}\n]\n',
        id="runQuery in a new transaction",
    ),
    pytest.param(
        "POST",
        ":runQuery",
        {"structuredQuery": {"from": [{"collectionId": "c"}], "offset": 1, "select": {"fields": []}}},
        '[\n{\n  "document": {\n    "name": "{database}/documents/c/f",\n    "createTime": "<time>",\n'
        '    "updateTime": "<time>"\n  },\n  "readTime": "<time>",\n  "done": true\n}\n]\n',
        id="runQuery with offset and projection",
    ),
    pytest.param(
        "POST",
        ":runAggregationQuery",
        {
            "structuredAggregationQuery": {
                "structuredQuery": {"from": [{"collectionId": "c"}]},
                "aggregations": [{"count": {}, "alias": "n"}],
            }
        },
        '[\n{\n  "result": {\n    "aggregateFields": {\n      "n": {\n        "integerValue": "2"\n      }\n'
        '    }\n  },\n  "readTime": "<time>",\n  "done": true\n}\n]\n',
        id="runAggregationQuery",
    ),
    pytest.param("POST", ":beginTransaction", {}, '{\n  "transaction": "<id>"\n}\n', id="beginTransaction"),
    pytest.param(
        "POST", ":listCollectionIds", {}, '{\n  "collectionIds": ["c"]\n}\n', id="listCollectionIds"
    ),
    pytest.param(
        "POST",
        ":batchWrite",
        {
            "writes": [
                {"delete": "{database}/documents/c/none"},
                {"delete": "{database}/documents/c/gone", "currentDocument": {"exists": True}},
            ]
        },
        '{\n  "writeResults": [{\n  }, {\n  }],\n  "status": [{\n  }, {\n    "code": 5,\n    "message": "'
        'no entity to update: app: \\"dev~{project}\\"\\npath <\\n  Element {\\n    type: \\"c\\"\\n'
        '    name: \\"gone\\"\\n  }\\n>\\n"\n  }]\n}\n',
        id="batchWrite with one failure",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "expected"), ANSWERED)
def test_a_call_is_answered_in_the_official_form(
    stored: Rest, database: str, project: str, method: str, path: str, body: Any, expected: str
) -> None:
    text = None if body is None else json.dumps(body).replace("{database}", database)

    answer = stored(method, path, text)

    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert matches(answer.body, expected.replace("{project}", project), database), answer.body


def error(code: int, status: str, message: str) -> str:
    details = {"code": code, "message": message, "status": status}
    return json.dumps({"error": details}, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/")


REFUSED = [
    pytest.param(
        "GET",
        "/c/none",
        None,
        404,
        "NOT_FOUND",
        "Document ({database}/documents/c/none) not found.",
        id="missing",
    ),
    pytest.param(
        "GET",
        "/c/a%20b",
        None,
        404,
        "NOT_FOUND",
        "Document ({database}/documents/c/a b) not found.",
        id="missing with a space",
    ),
    pytest.param(
        "POST",
        "/c?documentId=e",
        {},
        409,
        "ALREADY_EXISTS",
        "entity already exists: EntityRef[partitionRef=dev~{project}, path=/c/e]",
        id="create what exists",
    ),
    pytest.param(
        "POST",
        ":runQuery",
        {"structuredQuery": {"from": [{"collectionId": "c"}], "limit": -1}},
        400,
        "INVALID_ARGUMENT",
        "limit is negative",
        id="negative limit",
    ),
    pytest.param(
        "POST",
        ":rollback",
        {"transaction": "AAAA"},
        400,
        "INVALID_ARGUMENT",
        "Invalid transaction.",
        id="rollback",
    ),
    pytest.param(
        "GET",
        "/c?pageSize=-1",
        None,
        400,
        "INVALID_ARGUMENT",
        "Page size must be nonnegative.",
        id="page size",
    ),
    pytest.param(
        "POST",
        ":executePipeline",
        {},
        400,
        "INVALID_ARGUMENT",
        "ExecutePipeline requires the Database Edition to be `enterprise`.",
        id="pipelines",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "code", "status", "message"), REFUSED)
def test_a_call_is_refused_on_one_line(
    stored: Rest,
    database: str,
    project: str,
    method: str,
    path: str,
    body: Any,
    code: int,
    status: str,
    message: str,
) -> None:
    answer = stored(method, path, body)

    expected = message.replace("{database}", database).replace("{project}", project)
    assert (answer.status, answer.body) == (code, error(code, status, expected))


BAD_BODIES = [
    pytest.param("{not json", id="no JSON"),
    pytest.param("[]", id="no object"),
    pytest.param('{"writes": "x"}', id="wrong type"),
    pytest.param('{"unknownField": 1}', id="unknown field"),
    pytest.param('{"transaction": "!!"}', id="bad base64"),
    pytest.param('{"transaction": "AAAAA"}', id="base64 of impossible length"),
    pytest.param(
        '{"writes": [{"update": {"fields": {"a": {"integerValue": "9223372036854775808"}}}}]}', id="int64"
    ),
    pytest.param('{"writes": [{"update": {"fields": {"a": {"bytesValue": "*"}}}}]}', id="bytes"),
    pytest.param('{"writes": [null]}', id="null item"),
    pytest.param('{"writes": [{"update": {"fields": {"a": {"arrayValue": []}}}}]}', id="list for a message"),
    pytest.param("[" * 100_000, id="deep nesting"),
    pytest.param('{"writes": ' * 50_000, id="deep objects"),
    pytest.param(b"\xff\xfe\x00", id="no text"),
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_malformed_body_is_refused(rest: Rest, body: str | bytes) -> None:
    answer = rest("POST", ":commit", body)

    assert (answer.status, answer.body) == (400, BAD_PAYLOAD)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/c/", 'has invalid trailing "/".'),
        ("/c/e/s/", 'has invalid trailing "/".'),
        ("//", "lacks a collection id at index {root}."),
        ("/c//", "lacks a resource id at index {behind_c}."),
    ],
)
def test_a_slash_behind_a_collection_is_no_name(
    stored: Rest, database: str, path: str, complaint: str
) -> None:
    root = len(f"{database}/documents/")
    problem = complaint.format(root=root, behind_c=root + len("c/"))

    answer = stored("GET", path)

    name = f'Document name "{database}/documents{path}" {problem}'
    assert answer.body == error(400, "INVALID_ARGUMENT", name)


def test_a_slash_behind_a_document_or_the_root_lists_every_collection_below(
    stored: Rest, database: str
) -> None:
    for path in ("/b/x", "/c/e/s/1", "/c/e/t/2"):
        assert stored("PATCH", path, {}).status == 200

    below = {path: json.loads(stored("GET", path).body).get("documents", []) for path in ("/", "/c/e/")}

    names = {path: [found["name"].split("/documents")[1] for found in below[path]] for path in below}
    assert names == {"/": ["/b/x", "/c/e", "/c/f"], "/c/e/": ["/c/e/s/1", "/c/e/t/2"]}
    assert json.loads(stored("GET", "/?pageSize=1").body)["documents"][0]["name"].endswith("/b/x")


NOT_FOUND = [
    ("GET", ""),
    ("GET", ":commit"),
    ("POST", ":nosuchverb"),
    ("POST", ":write"),
    ("POST", ":listen"),
    ("PUT", "/c/a"),
    ("POST", "/c/a"),
    ("HEAD", "/c/a"),
]


@pytest.mark.parametrize(("method", "path"), NOT_FOUND)
def test_what_is_no_route_is_plain_not_found(rest: Rest, method: str, path: str) -> None:
    answer = rest(method, path)

    assert answer.status == 404
    assert answer.body == ("" if method == "HEAD" else "Not Found\n")
    assert "content-type" not in answer.headers


def test_the_path_may_be_percent_encoded_and_the_version_old(stored: Rest, database: str) -> None:
    encoded = database.replace("(", "%28").replace(")", "%29")

    assert stored.emulator.http("GET", f"/v1beta1/{encoded}/documents/c/e", headers=ADMIN).status == 200


def test_input_is_lenient_where_the_json_mapping_is(rest: Rest, database: str) -> None:
    fields = {"i": {"integer_value": 5}, "d": {"doubleValue": "1.5"}}
    body = {
        "writes": [
            {"update": {"name": f"{database}/documents/c/x", "fields": fields}, "current_document": {}}
        ]
    }

    assert rest("POST", ":commit", body, ADMIN | {"Content-Type": "text/plain"}).status == 200
    assert json.loads(rest("GET", "/c/x").body)["fields"] == {
        "i": {"integerValue": "5"},
        "d": {"doubleValue": 1.5},
    }


def test_a_document_without_an_id_gets_one(rest: Rest, database: str) -> None:
    answer = rest("POST", "/gen", {"fields": {}})

    assert matches(answer.body, EMPTY_DOCUMENT.replace("c/e", "gen/<auto>"), database), answer.body


def test_pages_of_a_list_join_without_gap(rest: Rest) -> None:
    for name in "abc":
        rest("PATCH", f"/c/{name}", {})

    first = json.loads(rest("GET", "/c?pageSize=2").body)
    second = json.loads(rest("GET", f"/c?pageSize=2&pageToken={first['nextPageToken']}").body)

    names = [document["name"][-1] for document in first["documents"] + second["documents"]]
    assert names == ["a", "b", "c"]
    assert "nextPageToken" not in second


def test_the_empty_mask_of_the_emulator_ui_lists_names(stored: Rest) -> None:
    documents = json.loads(stored("GET", "/c?mask.fieldPaths=_none_").body)["documents"]

    assert [sorted(document) for document in documents] == [["createTime", "name", "updateTime"]] * 2


def test_a_read_time_shows_the_past(rest: Rest) -> None:
    first = json.loads(rest("PATCH", "/c/a", {"fields": {"n": {"integerValue": "1"}}}).body)
    rest("PATCH", "/c/a", {"fields": {"n": {"integerValue": "2"}}})

    past = json.loads(rest("GET", f"/c/a?readTime={first['updateTime']}").body)

    assert past["fields"] == {"n": {"integerValue": "1"}}


@pytest.mark.parametrize(
    "parameter", ["pageSize=x", "pageSize=99999999999", "showMissing=maybe", "transaction=!!", "readTime=now"]
)
def test_a_malformed_parameter_is_refused(rest: Rest, parameter: str) -> None:
    assert rest("GET", f"/c?{parameter}").status == 400
