"""Walks over all profiles: some in each run of the sweep, in the order of their ids, and from the first again
at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import clients
from app.paths import profile_path

if TYPE_CHECKING:
    from google.cloud.firestore import DocumentSnapshot

    from app.sweep_steps import Step


def next_profiles(step: Step, limit: int) -> list[DocumentSnapshot[Any]]:
    """The profiles of at most `limit` users who come after those of the last run.

    Where to go on is kept before the users are looked at, so one that nobody can deal with keeps no other
    from its turn; the next round comes to it again.
    """
    client = clients.firestore()
    last = step.cursors.get(step.name)
    query = client.collection("users").order_by("__name__").limit(limit)
    if last is not None:
        query = query.start_after({"__name__": client.document(profile_path(last))})
    found = list(query.stream())
    step.cursors.keep(step.name, found[-1].id if len(found) == limit else None)
    return found
