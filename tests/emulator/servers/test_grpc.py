"""gRPC below the clients: statuses, names, the two streams, and what no SDK sends."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import grpc
import grpc.aio
import pytest

from emulator.servers.grpc_server import _stream
from emulator.wire import protos

SERVICE = "/google.firestore.v1.Firestore/"
ADMIN = (("authorization", "Bearer owner"),)
DEADLINE = 20

#: TargetChange.TargetChangeType
REMOVED, CURRENT = 2, 3


def call(
    channel: grpc.Channel, method: str, request: Any, metadata: Any = ADMIN, service: str = SERVICE
) -> bytes:
    payload = request if isinstance(request, bytes) else request.SerializeToString()
    answer: bytes = channel.unary_unary(service + method)(payload, metadata=metadata, timeout=DEADLINE)
    return answer


def status_of(channel: grpc.Channel, method: str, request: Any, metadata: Any = ADMIN) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as failure:
        call(channel, method, request, metadata)
    return failure.value.code().name, failure.value.details()


def test_the_older_service_name_answers_too(channel: grpc.Channel, database: str) -> None:
    request = protos.BeginTransactionRequest(database=database)

    answer = call(channel, "BeginTransaction", request, service="/google.firestore.v1beta1.Firestore/")

    assert protos.BeginTransactionResponse.FromString(answer).transaction


def test_an_unknown_method_is_unimplemented(channel: grpc.Channel) -> None:
    assert status_of(channel, "NoSuchMethod", b"")[0] == "UNIMPLEMENTED"


def test_bytes_that_are_no_message_are_refused(channel: grpc.Channel) -> None:
    assert status_of(channel, "Commit", b"\x0a\xff") == ("INVALID_ARGUMENT", "Invalid protobuf byte sequence")


def test_pipelines_need_another_edition(channel: grpc.Channel) -> None:
    for name, complaint in {
        "projects/p/databases/d": "ExecutePipeline requires the Database Edition to be `enterprise`.",
        "projects/p": 'Database name "projects/p" lacks "/" at index 10.',
    }.items():
        request = protos.ExecutePipelineRequest(database=name).SerializeToString()
        stream = channel.unary_stream(SERVICE + "ExecutePipeline")(request, timeout=DEADLINE)

        with pytest.raises(grpc.RpcError) as failure:
            next(stream)

        assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert failure.value.details() == complaint


def test_compressed_requests_are_read(emulator: Any, database: str) -> None:
    options = [("grpc.default_compression_algorithm", int(grpc.Compression.Gzip))]
    with grpc.insecure_channel(emulator.host, options, grpc.Compression.Gzip) as channel:
        request = protos.CommitRequest(database=database)
        write = request.writes.add()
        write.update.name = f"{database}/documents/c/gzip"
        write.update.fields["s"].string_value = "x" * 10_000

        assert protos.CommitResponse.FromString(call(channel, "Commit", request)).HasField("commit_time")


def test_a_request_of_50_mebibytes_passes_and_one_above_100_does_not(
    channel: grpc.Channel, database: str
) -> None:
    request = protos.CommitRequest(database=database)
    for number in range(50):
        write = request.writes.add()
        write.update.name = f"{database}/documents/large/{number}"
        write.update.fields["s"].string_value = "x" * 1_000_000

    assert call(channel, "Commit", request)
    assert status_of(channel, "Commit", b"\0" * (101 * 1024 * 1024))[0] == "RESOURCE_EXHAUSTED"


GARBAGE = (("authorization", "Bearer garbage"),)
DOCUMENTS = "projects/p/databases/(default)/documents"


@pytest.mark.parametrize(
    ("method", "request_message", "message"),
    [
        pytest.param(
            "GetDocument",
            protos.GetDocumentRequest(name=f"{DOCUMENTS}/c"),
            f'Document name "{DOCUMENTS}/c" lacks "/" at index 42.',
            id="name before caller",
        ),
        pytest.param(
            "GetDocument",
            protos.GetDocumentRequest(name=f"{DOCUMENTS}/c/a", mask={"field_paths": ["a..b"]}),
            "invalid jwt",
            id="caller before mask",
        ),
        pytest.param(
            "Commit",
            protos.CommitRequest(database="projects/p"),
            'Database name "projects/p" lacks "/" at index 10.',
            id="database before caller",
        ),
        pytest.param(
            "Commit",
            protos.CommitRequest(database="projects/p/databases/d", writes=[{}]),
            "invalid jwt",
            id="caller before writes",
        ),
        pytest.param(
            "CreateDocument",
            protos.CreateDocumentRequest(parent=DOCUMENTS, collection_id=".."),
            'Collection id ".." is invalid because it is reserved.',
            id="new collection id before caller",
        ),
        pytest.param(
            "CreateDocument",
            protos.CreateDocumentRequest(parent=DOCUMENTS, collection_id="c", document_id="a/b"),
            'Resource id "a/b" is invalid because it contains "/".',
            id="new document id before caller",
        ),
        pytest.param(
            "UpdateDocument",
            protos.UpdateDocumentRequest(),
            'Document name "" lacks "projects" at index 0.',
            id="no document",
        ),
    ],
)
def test_names_are_checked_before_the_caller_and_all_else_after(
    channel: grpc.Channel, method: str, request_message: Any, message: str
) -> None:
    assert status_of(channel, method, request_message, GARBAGE) == ("INVALID_ARGUMENT", message)


def test_an_unknown_scheme_has_no_message(channel: grpc.Channel, database: str) -> None:
    request = protos.CommitRequest(database=database)

    assert status_of(channel, "Commit", request, (("authorization", "Basic eDp5"),)) == ("UNKNOWN", "")


class Stream:
    """A bidirectional stream driven step by step."""

    def __init__(self, channel: grpc.Channel, method: str, response: Any, metadata: Any = ADMIN) -> None:
        self._requests: queue.Queue[bytes | None] = queue.Queue()
        requests: Iterator[bytes] = iter(self._requests.get, None)
        self._response = response
        self.call = channel.stream_stream(SERVICE + method)(requests, metadata=metadata, timeout=DEADLINE)

    def send(self, request: Any) -> None:
        self._requests.put(request if isinstance(request, bytes) else request.SerializeToString())

    def receive(self) -> Any:
        return self._response.FromString(next(self.call))

    def half_close(self) -> None:
        self._requests.put(None)

    def status(self) -> tuple[str, str]:
        """Read to the end and give the status."""
        self.half_close()
        try:
            for _ in self.call:
                pass
        except grpc.RpcError as error:
            return error.code().name, error.details()
        return self.call.code().name, self.call.details()


@pytest.fixture
def write_stream(channel: grpc.Channel) -> Iterator[Stream]:
    stream = Stream(channel, "Write", protos.WriteResponse)
    yield stream
    stream.call.cancel()


def write_request(database: str, path: str) -> Any:
    request = protos.WriteRequest()
    request.writes.add().update.name = f"{database}/documents/{path}"
    return request


def test_the_write_stream_hands_out_tokens_and_ends_on_an_empty_request(
    write_stream: Stream, database: str
) -> None:
    write_stream.send(protos.WriteRequest(database=database))
    hello = write_stream.receive()
    write_stream.send(write_request(database, "c/a"))
    written = write_stream.receive()
    write_stream.send(protos.WriteRequest(stream_token=written.stream_token))
    last = write_stream.receive()

    assert hello.stream_id
    assert [hello.stream_token, written.stream_token, last.stream_token] == [b"0", b"1", b"2"]
    assert written.HasField("commit_time")
    assert len(written.write_results) == 1
    assert write_stream.status() == ("OK", "")


def test_a_failed_commit_ends_the_write_stream(write_stream: Stream, database: str) -> None:
    write_stream.send(protos.WriteRequest(database=database))
    write_stream.receive()
    request = write_request(database, "c/none")
    request.writes[0].current_document.exists = True
    write_stream.send(request)

    assert write_stream.status()[0] == "NOT_FOUND"


def test_the_write_stream_begins_with_a_handshake(write_stream: Stream, database: str) -> None:
    write_stream.send(write_request(database, "c/a"))

    assert write_stream.status() == (
        "INVALID_ARGUMENT",
        "'database' must be set on an initial write request.",
    )


@pytest.mark.parametrize("method", ["Listen", "Write"])
def test_a_stream_refuses_a_malformed_header_before_any_message(channel: grpc.Channel, method: str) -> None:
    stream = Stream(channel, method, protos.ListenResponse, GARBAGE)

    assert stream.status() == ("INVALID_ARGUMENT", "invalid jwt")


def listen_request(database: str, target_id: int, collection: str) -> Any:
    request = protos.ListenRequest(database=database)
    request.add_target.target_id = target_id
    request.add_target.query.parent = f"{database}/documents"
    request.add_target.query.structured_query.from_.add().collection_id = collection
    return request


def test_listen_answers_what_was_asked_before_the_client_stopped_asking(
    channel: grpc.Channel, database: str
) -> None:
    call(channel, "Commit", _commit(database, "c/a"))
    stream = Stream(channel, "Listen", protos.ListenResponse)
    stream.send(listen_request(database, 2, "c"))
    stream.half_close()

    kinds = [protos.ListenResponse.FromString(data).WhichOneof("response_type") for data in stream.call]

    assert "document_change" in kinds
    assert stream.call.code() is grpc.StatusCode.OK


def test_a_bad_target_is_removed_and_the_stream_goes_on(channel: grpc.Channel, database: str) -> None:
    stream = Stream(channel, "Listen", protos.ListenResponse)
    bad = listen_request(database, 2, "c")
    bad.add_target.query.structured_query.limit.value = -1
    stream.send(bad)
    stream.send(listen_request(database, 4, "c"))

    refused = _next_change(stream, REMOVED)
    accepted = _next_change(stream, CURRENT)
    stream.call.cancel()

    assert (list(refused.target_ids), refused.cause.code, refused.cause.message) == (
        [2],
        3,
        "limit is negative",
    )
    assert list(accepted.target_ids) == [4]


def _next_change(stream: Stream, kind: int) -> Any:
    while True:
        change = stream.receive().target_change
        if change.target_change_type == kind:
            return change


def test_bytes_that_are_no_message_end_a_stream(channel: grpc.Channel) -> None:
    stream = Stream(channel, "Listen", protos.ListenResponse)
    stream.send(b"\x0a\xff")

    assert stream.status() == ("INVALID_ARGUMENT", "Invalid protobuf byte sequence")


def _commit(database: str, path: str) -> Any:
    request = protos.CommitRequest(database=database)
    request.writes.add().update.name = f"{database}/documents/{path}"
    return request


@pytest.mark.parametrize(
    ("failure", "told"),
    [(grpc.aio.InternalError(), []), (RuntimeError(), [(grpc.StatusCode.INTERNAL, "Internal error.")])],
    ids=["the client has ended the call", "a fault of ours"],
)
async def test_only_faults_of_ours_are_logged(
    caplog: pytest.LogCaptureFixture, failure: Exception, told: list[Any]
) -> None:
    ended: list[Any] = []

    class Call:
        async def write(self, response: bytes) -> None:
            raise failure

        def invocation_metadata(self) -> tuple[()]:
            return ()

        async def abort(self, code: grpc.StatusCode, message: str) -> None:
            ended.append((code, message))

    handler = _stream(
        lambda request, authorization: b"", protos.RunQueryRequest, lambda result: iter([result])
    )
    await handler.unary_stream(b"", Call())

    assert ended == told
    assert len(caplog.records) == len(told)
