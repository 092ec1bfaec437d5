"""Errors a client can see.

FirestoreError
  one subclass per canonical code (google.rpc.Code): InvalidArgument, NotFound, AlreadyExists,
  PermissionDenied, Unauthenticated, FailedPrecondition, Aborted, OutOfRange, ResourceExhausted,
  Unimplemented, Unavailable, DeadlineExceeded, Cancelled, Internal, Unknown

The domain raises them; the transports translate them with `Code` and nobody else does.
Source of the table: google/rpc/code.proto.
"""

from __future__ import annotations

from enum import Enum


class Code(Enum):
    """Canonical code: its gRPC number and the HTTP status REST answers with."""

    OK = (0, 200)
    CANCELLED = (1, 499)
    UNKNOWN = (2, 500)
    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    PERMISSION_DENIED = (7, 403)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    ABORTED = (10, 409)
    OUT_OF_RANGE = (11, 400)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    UNAUTHENTICATED = (16, 401)

    @property
    def number(self) -> int:
        return self.value[0]

    @property
    def http_status(self) -> int:
        return self.value[1]


class FirestoreError(Exception):
    """A failure with a canonical code and the message the client reads."""

    code = Code.UNKNOWN

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class Cancelled(FirestoreError):
    code = Code.CANCELLED


class Unknown(FirestoreError):
    code = Code.UNKNOWN


class InvalidArgument(FirestoreError):
    code = Code.INVALID_ARGUMENT


class DeadlineExceeded(FirestoreError):
    code = Code.DEADLINE_EXCEEDED


class NotFound(FirestoreError):
    code = Code.NOT_FOUND


class AlreadyExists(FirestoreError):
    code = Code.ALREADY_EXISTS


class PermissionDenied(FirestoreError):
    code = Code.PERMISSION_DENIED


class ResourceExhausted(FirestoreError):
    code = Code.RESOURCE_EXHAUSTED


class FailedPrecondition(FirestoreError):
    code = Code.FAILED_PRECONDITION


class Aborted(FirestoreError):
    code = Code.ABORTED


class OutOfRange(FirestoreError):
    code = Code.OUT_OF_RANGE


class Unimplemented(FirestoreError):
    code = Code.UNIMPLEMENTED


class Internal(FirestoreError):
    code = Code.INTERNAL


class Unavailable(FirestoreError):
    code = Code.UNAVAILABLE


class Unauthenticated(FirestoreError):
    code = Code.UNAUTHENTICATED
