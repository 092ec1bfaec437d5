from datetime import UTC, datetime, timedelta

import pytest
from app.delivery import MAX_EVENT_AGE, is_expired, retried
from firebase_functions import https_fn, storage_fn

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "expired"), [(MAX_EVENT_AGE, False), (MAX_EVENT_AGE + timedelta(seconds=1), True)]
)
def test_an_event_expires_after_its_age_limit(age, expired):
    assert is_expired(NOW - age, NOW) is expired


def test_a_time_without_zone_is_utc():
    assert not is_expired(NOW.replace(tzinfo=None), NOW)


def test_retried_changes_the_retry_of_an_event_function_and_nothing_else():
    @storage_fn.on_object_finalized(bucket="b")
    def plain(event):
        pass

    @retried
    @storage_fn.on_object_finalized(bucket="b")
    def again(event):
        pass

    before, after = plain.__firebase_endpoint__.eventTrigger, again.__firebase_endpoint__.eventTrigger
    assert (before["retry"], after["retry"]) == (False, True)
    assert {**before, "retry": True} == after


def test_retried_is_for_event_functions():
    @https_fn.on_request()
    def page(request):
        pass

    with pytest.raises(AssertionError, match="only event functions"):
        retried(page)
