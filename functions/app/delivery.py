"""Delivery again for events whose function failed.

firebase-functions 0.6.0 declares `retry: false` for Storage and Firestore events, whatever one asks for,
although the platform can retry them. Every handler here may run twice, so the work of a process that died
in the middle is simply done again. The emulators deliver an event once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from firebase_functions.private.manifest import EventTrigger, ManifestEndpoint

F = TypeVar("F", bound=Callable[..., Any])

# A failure that lasts longer is a defect, and a defect must not be paid for all day long.
MAX_EVENT_AGE = timedelta(hours=6)


def retried(function: F) -> F:
    """Marks an event function for delivery again until it succeeds. Goes above the SDK's decorator."""
    decorated: Any = function
    endpoint: ManifestEndpoint = decorated.__firebase_endpoint__
    assert endpoint.eventTrigger is not None, "only event functions can be delivered again"
    trigger = EventTrigger(**{**endpoint.eventTrigger, "retry": True})
    decorated.__firebase_endpoint__ = replace(endpoint, eventTrigger=trigger)
    return function


def is_expired(event_time: datetime, now: datetime) -> bool:
    """Whether delivering this event again has gone on for too long. A time without a zone is UTC."""
    if event_time.tzinfo is None:
        event_time = event_time.replace(tzinfo=UTC)
    return now - event_time > MAX_EVENT_AGE
