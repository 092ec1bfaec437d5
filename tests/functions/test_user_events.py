"""The manifest was seen to fire in the emulators; the payloads are recordings of what they sent, ids
shortened.
"""

from datetime import UTC, datetime

import pytest
from app.user_events import UserProvider, on_user_created, on_user_deleted
from cloudevents.http import CloudEvent

CREATED = {
    "specversion": "1.0",
    "id": "8c1f7a6e",
    "time": "2026-11-22T11:13:38.120Z",
    "type": "google.firebase.auth.user.v2.created",
    "source": "//identitytoolkit.googleapis.com/projects/demo-kindling",
    "subject": "users/u1",
}
DELETED = CREATED | {"type": "google.firebase.auth.user.v2.deleted"}
USER = {
    "uid": "u1",
    "email": "ann@example.com",
    "emailVerified": False,
    "displayName": "Ann",
    "customClaims": {"role": "user"},
    "metadata": {"createTime": "2026-11-22T11:13:38.000Z", "lastSignInTime": "2026-11-22T11:13:39.000Z"},
    "providerData": [{"uid": "ann@example.com", "providerId": "password", "email": "ann@example.com"}],
}


@pytest.fixture
def named():
    """Decorated functions are known by their names."""

    def make(decorator, **options):
        @decorator(**options)
        def greet(event):
            pass

        return greet.__firebase_endpoint__

    return make


@pytest.mark.parametrize(
    ("decorator", "event_type"),
    [
        (on_user_created, "google.firebase.auth.user.v2.created"),
        (on_user_deleted, "google.firebase.auth.user.v2.deleted"),
    ],
)
def test_endpoint_declares_the_user_event_in_no_region(named, decorator, event_type):
    endpoint = named(decorator)
    assert endpoint.entryPoint == "greet"
    assert endpoint.region == ["global"]
    assert endpoint.eventTrigger == {"eventType": event_type, "eventFilters": {}, "retry": False}


def test_endpoint_takes_options_of_the_sdk(named):
    endpoint = named(on_user_deleted, retry=True, timeout_sec=540, memory=1024)
    assert (endpoint.eventTrigger["retry"], endpoint.timeoutSeconds, endpoint.availableMemoryMb) == (
        True,
        540,
        1024,
    )


def receiver(events):
    def receive_event(event):
        events.append(event)

    return receive_event


def test_created_event_carries_the_user_of_data_value():
    events = []
    on_user_created()(receiver(events))(CloudEvent(CREATED, {"value": USER}))
    (event,) = events
    assert (event.id, event.type, event.subject) == ("8c1f7a6e", CREATED["type"], "users/u1")
    assert event.time == datetime(2026, 11, 22, 11, 13, 38, 120000, tzinfo=UTC)
    assert (event.data.uid, event.data.email, event.data.display_name) == ("u1", "ann@example.com", "Ann")
    assert event.data.custom_claims == {"role": "user"}
    assert event.data.created_at == datetime(2026, 11, 22, 11, 13, 38, tzinfo=UTC)
    assert event.data.last_sign_in_at == datetime(2026, 11, 22, 11, 13, 39, tzinfo=UTC)
    assert event.data.providers == (UserProvider("password", uid="ann@example.com", email="ann@example.com"),)
    assert not event.data.is_guest


def test_deleted_event_carries_the_user_of_data_old_value():
    events = []
    on_user_deleted()(receiver(events))(CloudEvent(DELETED, {"oldValue": USER}))
    assert events[0].data.uid == "u1"


def test_user_without_anything_known_is_a_guest():
    events = []
    on_user_created()(receiver(events))(CloudEvent(CREATED, {"value": {"uid": "u2", "customClaims": {}}}))
    assert events[0].data.is_guest
    assert events[0].data.created_at is None


def test_tenant_is_passed_on():
    events = []
    on_user_created()(receiver(events))(CloudEvent(CREATED | {"tenantid": "t1"}, {"value": USER}))
    assert events[0].tenant_id == "t1"


@pytest.mark.parametrize(
    "data",
    [None, {}, {"value": None}, {"value": {}}, {"oldValue": USER}],
    ids=["none", "empty", "null", "no uid", "old value"],
)
def test_event_without_a_user_is_refused_with_its_id(data):
    with pytest.raises(ValueError, match="8c1f7a6e"):
        on_user_created()(receiver([]))(CloudEvent(CREATED, data))


def test_event_cannot_be_changed():
    events = []
    on_user_created()(receiver(events))(CloudEvent(CREATED, {"value": USER}))
    with pytest.raises(AttributeError):
        events[0].data.uid = "u3"
    with pytest.raises(AttributeError):
        events[0].id = "x"
