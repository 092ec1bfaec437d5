"""Sessions of a user on all their devices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import clients
from app.callables import Call, Nothing, callable_handler
from app.limits import Limit
from app.paths import profile_path


@callable_handler(Nothing, Limit(10, timedelta(hours=1)))
def sign_out_everywhere(call: Call[Nothing]) -> dict[str, Any]:
    """Ends every session, the caller's too: refresh tokens at once, ID tokens for callables at once and
    elsewhere when they expire, within an hour. The profile tells open pages.
    """
    from google.cloud.firestore import SERVER_TIMESTAMP

    # Whole seconds, as tokens carry them: who signs in again within this second is not signed out.
    ended_at = call.now.replace(microsecond=0)
    clients.auth().revoke_refresh_tokens(call.uid)
    clients.firestore().document(profile_path(call.uid)).update(
        {"sessionsEndedAt": ended_at, "updatedAt": SERVER_TIMESTAMP}
    )
    call.log("signed out everywhere")
    return {}
