"""An account changed: a guest became one, an address was confirmed or changed. No event tells of that, so the
page does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import clients
from app.admission import admitted_email
from app.callables import Call, Nothing, callable_handler
from app.limits import Limit
from app.profiles import create_profile, follow_account, stored_email
from app.refusals import Refusal


@callable_handler(Nothing, Limit(60, timedelta(hours=1)), profile_needed=False)
def refresh_profile(call: Call[Nothing]) -> dict[str, Any]:
    """Copies e-mail, its confirmation, the role and, for a guest who became an account, the name from
    Firebase Authentication to the caller's profile.
    """
    user = clients.find_user(call.uid)
    if user is None:
        raise Refusal("sign-in-required")
    if call.profile is None or stored_email(user.email) != call.profile.email:
        admitted_email(user.email)
    if call.profile is None:
        create_profile(user)
        return {}
    changed = follow_account(user)
    call.log("profile refreshed", fields=sorted(changed))
    return {}
