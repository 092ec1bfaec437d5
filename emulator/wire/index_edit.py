"""An addition to the text of a firestore.indexes.json, with its comments and its layout left as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from emulator.wire.commented_json import Span, parse, spans
from emulator.wire.index_config import Json, merged

_NEW_FILE: Final[Json] = {"indexes": [], "fieldOverrides": []}
_INDENT: Final = "    "


def with_addition(text: str, addition: Mapping[str, Any], name: str = "firestore.indexes.json") -> str:
    """The text of the file with an addition of `to_add` in it. A text without a value becomes a new file.

    Raises ConfigFileError where the text is not JSON.
    """
    if not text.replace("\ufeff", "").strip():
        return _printed(merged(_NEW_FILE, addition))
    file = merged(parse(text, name), addition)
    for wanted in addition["fieldOverrides"]:
        text = _with_override(text, wanted)
    for wanted in addition["indexes"]:
        text = _appended(text, "indexes", wanted)
    # A file that lists a field twice loses one of the two, which takes more than an insertion.
    return text if _sorted(parse(text, name)) == _sorted(file) else _printed(file)


def _with_override(text: str, wanted: Json) -> str:
    """An override is given whole: it takes the place of the one of its field, but for what else that says."""
    listed = parse(text, "").get("fieldOverrides") or []
    for at, there in enumerate(listed):
        if all(there.get(key) == wanted[key] for key in ("collectionGroup", "fieldPath")):
            span = spans(text)[f"fieldOverrides[{at}]"]
            return text[: span.start] + _line({**there, **wanted}) + text[span.end :]
    return _appended(text, "fieldOverrides", wanted)


def _appended(text: str, key: str, wanted: Json) -> str:
    """The text with one more member at the end of a list of the file, which may have to be made."""
    places = spans(text)
    if key not in places:
        return _inserted(text, places[""], f'  "{key}": [\n{_INDENT}{_line(wanted)}\n  ]', "")
    span = places[key]
    if text[span.start] != "[":  # null, which counts as an empty list
        return f"{text[: span.start]}[\n{_INDENT}{_line(wanted)}\n  ]{text[span.end :]}"
    return _inserted(text, span, _INDENT + _line(wanted), "  ")


def _inserted(text: str, holder: Span, member: str, indent: str) -> str:
    """The text with a member before the closing bracket of an object or a list."""
    closing = holder.end - 1
    last = holder.start + 1 if holder.last is None else holder.last
    comma = "" if holder.last is None else ","
    return f"{text[:last]}{comma}{text[last:closing].rstrip()}\n{member}\n{indent}{text[closing:]}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _printed(value: Json) -> str:
    """One index a line, as the lines are that are added later."""
    parts = [
        f'  "{key}": {_list(held) if isinstance(held, list) else _line(held)}' for key, held in value.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _list(listed: list[Json]) -> str:
    lines = ",\n".join(f"{_INDENT}{_line(each)}" for each in listed)
    return f"[\n{lines}\n  ]" if lines else "[]"


def _sorted(file: Json) -> Json:
    lists = {key: sorted(map(_line, file.get(key) or [])) for key in ("indexes", "fieldOverrides")}
    return {**file, **lists}
