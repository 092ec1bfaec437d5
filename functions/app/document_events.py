"""`on_document_deleted` of firebase-functions, without its price at import.

Importing `firebase_functions.firestore_fn` loads the Firestore client, half a second that every function of
this codebase would pay on every cold start. This decorator declares the same endpoint and loads the SDK's
own when an event comes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from cloudevents.http import CloudEvent as RawEvent
from firebase_functions.options import FirestoreOptions
from firebase_functions.private.path_pattern import PathPattern
from firebase_functions.private.util import normalize_path, set_func_endpoint_attr

if TYPE_CHECKING:
    from firebase_functions.firestore_fn import DocumentSnapshot, Event

    Handler = Callable[[Event[DocumentSnapshot[Any] | None]], None]

Function = Callable[[RawEvent], None]

DELETED = "google.cloud.firestore.document.v1.deleted"


def on_document_deleted(*, document: str, **options: Any) -> Callable[[Handler], Function]:
    """Runs after a document was deleted, with the document as it was. Options as in the SDK's decorator."""

    def decorate(handler: Handler) -> Function:
        @wraps(handler)
        def function(raw: RawEvent) -> None:
            from firebase_functions import firestore_fn

            # What the SDK's decorator gives takes the raw event, whatever its type says.
            sdk_function: Any = firestore_fn.on_document_deleted(document=document, **options)(handler)
            sdk_function(raw)

        endpoint = FirestoreOptions(document=document, **options)._endpoint(
            func_name=handler.__name__,
            event_type=DELETED,
            document_pattern=PathPattern(normalize_path(document)),
        )
        set_func_endpoint_attr(function, endpoint)
        return function

    return decorate
