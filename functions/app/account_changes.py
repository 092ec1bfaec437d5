"""An account changed: a guest became one, an address was confirmed or changed. No event tells of that, so the
page does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import clients, suspensions
from app.addresses import admit, judge, stored_email
from app.callables import Call, Nothing, callable_handler
from app.deletion_trace import read_trace
from app.limits import Limit
from app.profiles import create_profile, follow_account
from app.refusals import Refusal


@callable_handler(Nothing, Limit(60, timedelta(hours=1)), profile_needed=False)
def refresh_profile(call: Call[Nothing]) -> dict[str, Any]:
    """Copies e-mail, its confirmation, the role and, for a guest who became an account, the name from
    Firebase Authentication to the caller's profile. Makes the profile when the event that should have done so
    was lost.
    """
    user = clients.find_user(call.uid)
    if user is None:
        raise Refusal("sign-in-required")
    if call.profile is None or stored_email(user.email) != call.profile.email:
        admit(judge(user.email, user.email_verified))
        suspensions.check(user)
    if call.profile is None:
        trace = read_trace(call.uid)
        if trace is not None and trace.keeps_out(user.created_at):
            raise Refusal("deleting")
        created = create_profile(user)
        call.log("profile created" if created else "profile was there")
        return {}
    changed = follow_account(user)
    call.log("profile refreshed", fields=sorted(changed))
    return {}
