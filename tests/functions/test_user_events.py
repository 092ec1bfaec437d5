"""The triggers are those that the Node SDK declares; the payloads are recordings of what the emulators sent,
ids shortened.
"""

from datetime import UTC, datetime

import pytest
from app.user_events import IS_NOT_TENANT, UserProvider, on_user_created, on_user_deleted
from cloudevents.http import CloudEvent
from firebase_functions.options import _GLOBAL_OPTIONS
from firebase_functions.params import StringParam
from firebase_functions.private.manifest import ManifestStack, manifest_to_spec_dict
from firebase_functions.private.serving import to_spec

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


@pytest.fixture(autouse=True)
def no_global_options(monkeypatch):
    """As in a codebase that sets none; main.py of another test sets some."""
    monkeypatch.setattr("firebase_functions.options._GLOBAL_OPTIONS", type(_GLOBAL_OPTIONS)())


def manifest_of(endpoint):
    """The endpoint as the CLI reads it."""
    stack = ManifestStack(endpoints={"greet": endpoint}, requiredAPIs=[], params=[])
    return to_spec(manifest_to_spec_dict(stack))["endpoints"]["greet"]


# What `__endpoint` of the Node SDK's `onUserCreated` holds in firebase-functions 7.4.0 for the same options.
NODE_TRIGGER = {
    "eventType": "google.firebase.auth.user.v2.created",
    "eventFilters": {},
    "retry": False,
    "region": "global",
}


@pytest.mark.parametrize(
    ("options", "of_node"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({"retry": True}, {"retry": True}, id="retry"),
        pytest.param({"tenant_id": "t1"}, {"eventFilters": {"tenantid": "t1"}}, id="one tenant"),
        pytest.param({"tenant_id": IS_NOT_TENANT}, {}, id="no tenant"),
        pytest.param(
            {"tenant_id": StringParam("TENANT")},
            {"eventFilters": {"tenantid": "{{ params.TENANT }}"}},
            id="tenant of a parameter",
        ),
    ],
)
def test_trigger_is_that_of_the_node_sdk(named, options, of_node):
    manifest = manifest_of(named(on_user_created, **options))
    assert manifest["eventTrigger"] == NODE_TRIGGER | of_node
    assert (manifest["platform"], manifest.get("region")) == ("gcfv2", None)


def test_deleted_trigger_differs_in_its_event_type_alone(named):
    trigger = manifest_of(named(on_user_deleted))["eventTrigger"]
    assert trigger == NODE_TRIGGER | {"eventType": "google.firebase.auth.user.v2.deleted"}


def test_function_is_where_its_options_say_and_the_trigger_stays_global(named):
    manifest = manifest_of(named(on_user_created, region="europe-west1"))
    assert (manifest["region"], manifest["eventTrigger"]["region"]) == (["europe-west1"], "global")


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


IN_ATTRIBUTE = (CREATED | {"tenantid": "t1"}, {"value": USER})
IN_DATA = (CREATED, {"value": USER | {"tenantId": "t1"}})


@pytest.mark.parametrize("sent", [IN_ATTRIBUTE, IN_DATA], ids=["in the attribute", "in the user"])
def test_tenant_is_passed_on(sent):
    events = []
    on_user_created()(receiver(events))(CloudEvent(*sent))
    assert events[0].tenant_id == "t1"


def test_function_for_no_tenant_passes_over_the_users_of_tenants():
    events = []
    function = on_user_created(tenant_id=IS_NOT_TENANT)(receiver(events))
    function(CloudEvent(*IN_ATTRIBUTE))
    function(CloudEvent(*IN_DATA))
    assert events == []
    function(CloudEvent(CREATED, {"value": USER}))
    assert [event.tenant_id for event in events] == [None]


@pytest.mark.parametrize(
    "user",
    [
        {
            "uid": "u1",
            "photoURL": "https://example.com/a",
            "metadata": {"createTime": "2026-11-22T11:13:38Z"},
        },
        {
            "uid": "u1",
            "photoUrl": "https://example.com/a",
            "metadata": {"creationTime": "2026-11-22T11:13:38Z"},
        },
    ],
    ids=["of the emulators", "of Eventarc"],
)
def test_both_spellings_of_a_field_are_read(user):
    events = []
    on_user_created()(receiver(events))(CloudEvent(CREATED, {"value": user}))
    assert events[0].data.photo_url == "https://example.com/a"
    assert events[0].data.created_at == datetime(2026, 11, 22, 11, 13, 38, tzinfo=UTC)


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
