"""Clients of Google's services, built on first use.

Importing their libraries takes longer than all the rest of a cold start, and most functions need one of
them or none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from google.cloud.firestore import Client, Transaction

    from app.user_events import UserRecord

T = TypeVar("T")

_APPS_LOCK = Lock()


def _project() -> str | None:
    return os.environ.get("GCLOUD_PROJECT") or os.environ.get("GOOGLE_CLOUD_PROJECT")


@cache
def firestore() -> Client:
    from google.cloud.firestore import Client

    return Client(project=_project())


def will_pass(error: Exception) -> bool:
    """Whether trying again in a moment may do, since a service was busy or away."""
    from google.api_core.exceptions import Aborted, DeadlineExceeded, RetryError, ServiceUnavailable

    return isinstance(error, Aborted | DeadlineExceeded | RetryError | ServiceUnavailable)


def in_transaction(body: Callable[[Transaction], T]) -> T:
    """Runs `body` in a Firestore transaction, again when others got in between; gives what it returned."""
    from google.api_core.retry import Retry
    from google.cloud.firestore import transactional

    def attempt() -> T:
        result: T = transactional(body)(firestore().transaction(max_attempts=1))
        return result

    # The client itself does not retry an aborted read, and gives up after five aborted commits.
    return Retry(predicate=_is_aborted, initial=0.05, maximum=1, timeout=30)(attempt)()


def _is_aborted(error: Exception) -> bool:
    """Whether others got in between. Of a commit the client says so in the cause of a ValueError."""
    from google.api_core.exceptions import Aborted

    return isinstance(error, Aborted) or (
        isinstance(error, ValueError) and isinstance(error.__cause__, Aborted)
    )


@cache
def _storage() -> Any:  # google-cloud-storage ships no types
    from google.cloud.storage import Client

    return Client(project=_project())


def bucket(name: str) -> Any:
    return _storage().bucket(name)


def default_bucket() -> Any:
    """The project's default bucket, as the CLI tells functions in FIREBASE_CONFIG."""
    import json

    return bucket(json.loads(os.environ["FIREBASE_CONFIG"])["storageBucket"])


def auth() -> Any:  # firebase-admin ships no types
    """The Auth client of an app of our own, since the SDK and others may use the default one."""
    # Two first calls at once would both initialise the app, which fails for the second.
    with _APPS_LOCK:
        return _auth_client(_project())


def ensure_default_app() -> None:
    """Makes firebase-admin's default app, with which the SDK checks the tokens of callables."""
    with _APPS_LOCK:
        _default_app()


@cache
def _default_app() -> None:
    import firebase_admin

    try:
        firebase_admin.get_app()
    except ValueError:
        firebase_admin.initialize_app()


def task_queue(function_name: str) -> Any:
    """The queue of a task function."""
    from firebase_admin import functions

    with _APPS_LOCK:
        return functions.task_queue(function_name, app=_own_app(_project()))


@cache
def _auth_client(project: str | None) -> Any:
    from firebase_admin import auth as admin_auth

    return admin_auth.Client(_own_app(project))


@cache
def _own_app(project: str | None) -> Any:
    """The app of a project. There is one project but in tests, where each has an app of its own."""
    import firebase_admin

    try:
        first = firebase_admin.get_app("drop")
    except ValueError:
        return firebase_admin.initialize_app(name="drop")
    return first if first.project_id == project else firebase_admin.initialize_app(name=f"drop of {project}")


def find_user(uid: str) -> UserRecord | None:
    """The user as Firebase Authentication knows it now, or None when there is none."""
    from firebase_admin.auth import UserNotFoundError

    try:
        return record_of(auth().get_user(uid))
    except UserNotFoundError:
        return None


def record_of(user: Any) -> UserRecord:
    """A user of the Admin SDK in the form of the events."""
    from app.user_events import UserProvider, UserRecord

    return UserRecord(
        uid=user.uid,
        email=user.email,
        email_verified=user.email_verified,
        display_name=user.display_name,
        phone_number=user.phone_number,
        photo_url=user.photo_url,
        disabled=user.disabled,
        custom_claims=user.custom_claims or {},
        created_at=_from_milliseconds(user.user_metadata.creation_timestamp),
        last_sign_in_at=_from_milliseconds(user.user_metadata.last_sign_in_timestamp),
        last_refresh_at=_from_milliseconds(user.user_metadata.last_refresh_timestamp),
        providers=tuple(
            UserProvider(provider.provider_id, provider.uid, provider.email, provider.display_name)
            for provider in user.provider_data
        ),
    )


def _from_milliseconds(timestamp: int | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp / 1000, UTC)
