"""Triggers for a created and a deleted user, which firebase-functions 0.6.0 does not have.

    @on_user_deleted()
    def forget(event: UserEvent) -> None:
        print(event.data.uid)

Endpoint, event types and payload are those of Firebase Authentication's 2nd generation triggers, as the Node
SDK (firebase-functions 7.4.0) declares them and as the emulators send them:
`google.firebase.auth.user.v2.created` carries the user in `data.value`,
`google.firebase.auth.user.v2.deleted` in `data.oldValue`. Events come at least once and in any order. This
module depends on firebase-functions alone: copy it to use it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import Any, cast

from cloudevents.http import CloudEvent as RawEvent
from firebase_functions.core import CloudEvent, _with_init
from firebase_functions.options import RESET_VALUE, RuntimeOptions
from firebase_functions.params import Expression
from firebase_functions.private.manifest import EventTrigger
from firebase_functions.private.util import Sentinel, set_func_endpoint_attr

CREATED = "google.firebase.auth.user.v2.created"
DELETED = "google.firebase.auth.user.v2.deleted"

# Where the trigger is, not the function: users and their events belong to a project and not to a place.
_TRIGGER_REGION = "global"

IS_NOT_TENANT = RESET_VALUE
"""For `tenant_id`: the users of the project itself, and of none of its tenants."""

TenantId = str | Expression[str] | Sentinel | None


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
    last_refresh_at: datetime | None = None
    """When a session was renewed last; events do not say."""
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


def on_user_created(
    *, retry: bool = False, tenant_id: TenantId = None, **options: Any
) -> Callable[[Handler], Function]:
    """Runs after a user was created, by sign-up, sign-in as a guest or the Admin SDK.

    `retry` delivers the event again when the function fails. `tenant_id` is the Identity Platform tenant to
    listen to, `IS_NOT_TENANT` for none of them; without it every user counts. Other options are those of
    `firebase_functions.options.RuntimeOptions`.
    """
    return _trigger(CREATED, "value", retry, tenant_id, options)


def on_user_deleted(
    *, retry: bool = False, tenant_id: TenantId = None, **options: Any
) -> Callable[[Handler], Function]:
    """Runs after a user was deleted, with the user as it was. Options as for `on_user_created`."""
    return _trigger(DELETED, "oldValue", retry, tenant_id, options)


def _trigger(
    event_type: str, payload_key: str, retry: bool, tenant_id: TenantId, options: dict[str, Any]
) -> Callable[[Handler], Function]:
    def decorate(handler: Handler) -> Function:
        @wraps(handler)
        def function(raw: RawEvent) -> None:
            event = _parse_event(raw, payload_key)
            # A filter cannot ask for the absence of an attribute, so these events arrive and are passed over.
            if tenant_id is IS_NOT_TENANT and event.tenant_id is not None:
                return
            _with_init(handler)(event)

        endpoint = replace(
            RuntimeOptions(**options)._endpoint(func_name=handler.__name__),
            eventTrigger=_event_trigger(event_type, retry, tenant_id),
        )
        set_func_endpoint_attr(function, endpoint)
        return function

    return decorate


def _event_trigger(event_type: str, retry: bool, tenant_id: TenantId) -> EventTrigger:
    listens_to_one_tenant = tenant_id is not None and tenant_id is not IS_NOT_TENANT
    trigger = {
        "eventType": event_type,
        "eventFilters": {"tenantid": tenant_id} if listens_to_one_tenant else {},
        "retry": retry,
        "region": _TRIGGER_REGION,
    }
    return cast(EventTrigger, trigger)  # the SDK's type lacks `region`, which the CLI takes


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
        tenant_id=raw.get("tenantid") or user.get("tenantId"),
    )


def _parse_user(user: Mapping[str, Any]) -> UserRecord:
    metadata = user.get("metadata") or {}
    return UserRecord(
        uid=user["uid"],
        email=user.get("email"),
        email_verified=bool(user.get("emailVerified")),
        display_name=user.get("displayName"),
        photo_url=_parse_photo_url(user),
        phone_number=user.get("phoneNumber"),
        disabled=bool(user.get("disabled")),
        custom_claims=dict(user.get("customClaims") or {}),
        created_at=_parse_time(metadata.get("createTime") or metadata.get("creationTime")),
        last_sign_in_at=_parse_time(metadata.get("lastSignInTime")),
        providers=tuple(_parse_provider(provider) for provider in user.get("providerData") or ()),
    )


def _parse_provider(provider: Mapping[str, Any]) -> UserProvider:
    return UserProvider(
        provider_id=provider["providerId"],
        uid=provider.get("uid"),
        email=provider.get("email"),
        display_name=provider.get("displayName"),
        photo_url=_parse_photo_url(provider),
    )


def _parse_photo_url(fields: Mapping[str, Any]) -> str | None:
    """The emulators write the name as the Admin SDKs do, Eventarc as its message type does."""
    return fields.get("photoURL") or fields.get("photoUrl")


def _parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
