"""Triggers for a created and a deleted user, which firebase-functions 0.6.0 does not have.

    @on_user_deleted()
    def forget(event: UserEvent) -> None:
        print(event.data.uid)

Event types and payload are those of Firebase Authentication's 2nd generation triggers, as the Node SDK
declares them and as the emulators send them: `google.firebase.auth.user.v2.created` carries the user in
`data.value`, `google.firebase.auth.user.v2.deleted` in `data.oldValue`. Events come at least once and in
any order. This module depends on firebase-functions alone: copy it to use it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import Any

from cloudevents.http import CloudEvent as RawEvent
from firebase_functions.core import CloudEvent, _with_init
from firebase_functions.options import RuntimeOptions
from firebase_functions.private.manifest import EventTrigger
from firebase_functions.private.util import set_func_endpoint_attr

CREATED = "google.firebase.auth.user.v2.created"
DELETED = "google.firebase.auth.user.v2.deleted"

# Users belong to a project, not to a place, and so do their events.
_REGION = "global"


@dataclass(frozen=True, slots=True)
class UserProvider:
    """One way the user can sign in. `uid` is the user's id at that provider."""

    provider_id: str
    uid: str | None = None
    email: str | None = None
    display_name: str | None = None
    photo_url: str | None = None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """The user as it was when the event happened."""

    uid: str
    email: str | None = None
    email_verified: bool = False
    display_name: str | None = None
    photo_url: str | None = None
    phone_number: str | None = None
    disabled: bool = False
    custom_claims: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    providers: tuple[UserProvider, ...] = ()

    @property
    def is_guest(self) -> bool:
        """Signed in anonymously: nothing is known of this user."""
        return not self.providers and self.email is None and self.phone_number is None


@dataclass(frozen=True)
class UserEvent(CloudEvent[UserRecord]):
    """A user was created or deleted. `tenant_id` is set in projects with Identity Platform tenants."""

    tenant_id: str | None = None


Handler = Callable[[UserEvent], None]
Function = Callable[[RawEvent], None]


def on_user_created(*, retry: bool = False, **options: Any) -> Callable[[Handler], Function]:
    """Runs after a user was created, by sign-up, sign-in as a guest or the Admin SDK.

    `retry` delivers the event again when the function fails; other options as in
    `firebase_functions.options.RuntimeOptions`, except the region.
    """
    return _trigger(CREATED, "value", retry, options)


def on_user_deleted(*, retry: bool = False, **options: Any) -> Callable[[Handler], Function]:
    """Runs after a user was deleted, with the user as it was. Options as for `on_user_created`."""
    return _trigger(DELETED, "oldValue", retry, options)


def _trigger(
    event_type: str, payload_key: str, retry: bool, options: dict[str, Any]
) -> Callable[[Handler], Function]:
    def decorate(handler: Handler) -> Function:
        @wraps(handler)
        def function(raw: RawEvent) -> None:
            _with_init(handler)(_parse_event(raw, payload_key))

        endpoint = replace(
            RuntimeOptions(**options)._endpoint(func_name=handler.__name__),
            region=[_REGION],
            eventTrigger=EventTrigger(eventType=event_type, eventFilters={}, retry=retry),
        )
        set_func_endpoint_attr(function, endpoint)
        return function

    return decorate


def _parse_event(raw: RawEvent, payload_key: str) -> UserEvent:
    """Raises ValueError when the event carries no user."""
    payload = raw.get_data()
    user = payload.get(payload_key) if isinstance(payload, Mapping) else None
    if not isinstance(user, Mapping) or not user.get("uid"):
        raise ValueError(f"event {raw['id']} of type {raw['type']} has no user in data.{payload_key}")
    return UserEvent(
        specversion=raw["specversion"],
        id=raw["id"],
        source=raw["source"],
        type=raw["type"],
        time=datetime.fromisoformat(raw["time"]),
        subject=raw.get("subject"),
        data=_parse_user(user),
        tenant_id=raw.get("tenantid"),
    )


def _parse_user(user: Mapping[str, Any]) -> UserRecord:
    metadata = user.get("metadata") or {}
    return UserRecord(
        uid=user["uid"],
        email=user.get("email"),
        email_verified=bool(user.get("emailVerified")),
        display_name=user.get("displayName"),
        photo_url=user.get("photoURL"),
        phone_number=user.get("phoneNumber"),
        disabled=bool(user.get("disabled")),
        custom_claims=dict(user.get("customClaims") or {}),
        created_at=_parse_time(metadata.get("createTime")),
        last_sign_in_at=_parse_time(metadata.get("lastSignInTime")),
        providers=tuple(_parse_provider(provider) for provider in user.get("providerData") or ()),
    )


def _parse_provider(provider: Mapping[str, Any]) -> UserProvider:
    return UserProvider(
        provider_id=provider["providerId"],
        uid=provider.get("uid"),
        email=provider.get("email"),
        display_name=provider.get("displayName"),
        photo_url=provider.get("photoURL"),
    )


def _parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
