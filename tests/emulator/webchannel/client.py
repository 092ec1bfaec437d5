"""A WebChannel client that shows every step, on plain HTTP."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import requests

DATABASE = "projects/demo-raw/databases/(default)"
ROOT = f"{DATABASE}/documents"
DEADLINE = 5


class Frames:
    """Cuts the text of a back channel into frames as a browser does: by UTF-16 units."""

    def __init__(self) -> None:
        self._units = b""

    def feed(self, data: bytes) -> Iterator[Any]:
        self._units += data.decode().encode("utf-16-le")
        while True:
            head, newline, rest = self._units.partition("\n".encode("utf-16-le"))
            length = 2 * int(head.decode("utf-16-le")) if newline else 0
            if not newline or len(rest) < length:
                return
            self._units = rest[length:]
            yield json.loads(rest[:length].decode("utf-16-le"))


def read_frames(body: bytes) -> list[Any]:
    return list(Frames().feed(body))


class BackChannel:
    """An open GET and the arrays it delivers."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self._frames = Frames()
        self._chunks = response.iter_content(chunk_size=None)
        self._arrays: list[Any] = []

    def next(self) -> tuple[int, Any]:
        """The next array's number and content. Ends with StopIteration when the answer does."""
        while not self._arrays:
            for frame in self._frames.feed(next(self._chunks)):
                self._arrays += frame
        number, content = self._arrays.pop(0)
        return number, content

    def until(self, wanted: Any) -> list[Any]:
        """The contents up to the first that `wanted` says yes to."""
        seen = []
        while not seen or not wanted(seen[-1]):
            seen.append(self.next()[1])
        return seen

    def rest(self) -> list[Any]:
        """The contents until the answer ends."""
        seen = []
        try:
            while True:
                seen.append(self.next()[1])
        except StopIteration:
            return seen

    def close(self) -> None:
        self.response.close()


class Channel:
    """One session. Nothing is retried and nothing is hidden."""

    def __init__(self, port: int, service: str, *, authorization: str | None = "Bearer owner") -> None:
        self.url = f"http://127.0.0.1:{port}/google.firestore.v1.Firestore/{service}/channel"
        self.authorization = authorization
        self.sid = ""
        self._offset = 0
        self._rids = itertools.count(100)

    def form(self, *messages: Any, offset: int | None = None) -> dict[str, str]:
        first = self._offset if offset is None else offset
        if offset is None:
            self._offset += len(messages)
        texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
        numbered = {f"req{index}___data__": text for index, text in enumerate(texts)}
        return {"count": str(len(messages)), "ofs": str(first), **numbered}

    def open(self, *messages: Any) -> requests.Response:
        form = self.form(*messages)
        if self.authorization is not None:
            form["headers"] = f"X-Goog-Api-Client:gl-js/ fire/12\r\nAuthorization:{self.authorization}\r\n"
        query = {"VER": "8", "database": DATABASE, "RID": str(next(self._rids)), "CVER": "22", "t": "1"}
        response = requests.post(self.url, params=query, data=form, timeout=DEADLINE)
        if response.ok:
            self.sid = read_frames(response.content)[0][0][1][1]
        return response

    def send(self, *messages: Any, offset: int | None = None, acknowledged: int = 0) -> requests.Response:
        return self.post(self.form(*messages, offset=offset), acknowledged=acknowledged)

    def post(self, body: Any, *, acknowledged: int = 0, sid: str | None = None) -> requests.Response:
        query = self._query(str(next(self._rids)), acknowledged, sid)
        return requests.post(self.url, params=query, data=body, timeout=DEADLINE)

    def listen(
        self, *, acknowledged: int = 0, streaming: bool = True, sid: str | None = None, **more: str
    ) -> BackChannel:
        query = self._query("rpc", acknowledged, sid) | {"CI": "0" if streaming else "1", "TYPE": "xmlhttp"}
        response = requests.get(self.url, params=query | more, stream=True, timeout=DEADLINE)
        return BackChannel(response)

    def terminate(self, method: str = "POST") -> requests.Response:
        query = {"VER": "8", "SID": self.sid, "RID": str(next(self._rids)), "TYPE": "terminate"}
        return requests.request(method, self.url, params=query, timeout=DEADLINE)

    def _query(self, rid: str, acknowledged: int, sid: str | None) -> dict[str, str]:
        return {
            "VER": "8",
            "SID": self.sid if sid is None else sid,
            "RID": rid,
            "AID": str(acknowledged),
            "zx": "x",
            "t": "1",
        }


def add_query(collection: str, target_id: int = 2) -> dict[str, Any]:
    query = {"structuredQuery": {"from": [{"collectionId": collection}]}, "parent": ROOT}
    return {"database": DATABASE, "addTarget": {"query": query, "targetId": target_id}}


def add_document(path: str, target_id: int = 2) -> dict[str, Any]:
    return {
        "database": DATABASE,
        "addTarget": {"documents": {"documents": [f"{ROOT}/{path}"]}, "targetId": target_id},
    }


def set_document(port: int, path: str, fields: dict[str, Any]) -> None:
    url = f"http://127.0.0.1:{port}/v1/{ROOT}/{path}"
    headers = {"Authorization": "Bearer owner"}
    requests.patch(url, json={"fields": fields}, headers=headers, timeout=DEADLINE).raise_for_status()


def get_document(port: int, path: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/v1/{ROOT}/{path}"
    response = requests.get(url, headers={"Authorization": "Bearer owner"}, timeout=DEADLINE)
    return response.json() if response.ok else {}


def is_boundary(content: Any) -> bool:
    """The global snapshot boundary: no ids and no kind."""
    change = content[0].get("targetChange") if isinstance(content[0], dict) else None
    return change is not None and "targetIds" not in change and "targetChangeType" not in change


def is_current(content: Any) -> bool:
    return (
        isinstance(content[0], dict)
        and content[0].get("targetChange", {}).get("targetChangeType") == "CURRENT"
    )


def changed_documents(contents: list[Any]) -> dict[str, Any]:
    """Fields by document id."""
    changes = [
        content[0]["documentChange"]["document"] for content in contents if "documentChange" in content[0]
    ]
    return {change["name"].rpartition("/")[2]: change.get("fields", {}) for change in changes}
