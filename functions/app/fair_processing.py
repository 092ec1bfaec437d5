"""How many files of one user are processed at the same time: half of what there is room for.

Ten instances process uploads, one file each. Who uploads hundreds at once would have them all for minutes, so
from the sixth file on the others wait in the task queue, which tries again after 20 s, 40 s and so on. The
page sends three files at a time and is not held up.

Two that look at the same moment may both begin: the bound is a fair share and no exact number.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app import clients, optimistic
from app.paths import FileKey, files_path

MAX_OF_USER = 5
# As long as a function may take to process one.
_LONGEST = timedelta(minutes=2)
# A user's files that wait for their next attempt are in the same state; more of them hide those at work.
_LOOKED_AT = 30


def has_turn(key: FileKey, now: datetime) -> bool:
    """Whether the file may be processed now, as far as the other files of its user are concerned."""
    from google.cloud.firestore import FieldFilter

    files = clients.firestore().collection(files_path(key.uid))
    query = files.where(filter=FieldFilter("state", "==", "processing")).limit(_LOOKED_AT)
    at_work = 0
    found = query.select(["updatedAt", "retryAt"]).stream(
        retry=optimistic.patience(), timeout=optimistic.PATIENCE_SECONDS
    )
    for snapshot in found:
        fields = snapshot.to_dict() or {}
        since = fields.get("updatedAt")
        is_at_work = "retryAt" not in fields and since is not None and since > now - _LONGEST
        at_work += snapshot.id != key.file_id and is_at_work
    return at_work < MAX_OF_USER
