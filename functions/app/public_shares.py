"""What anybody who has a link may ask for, without signing in.

A link that does not exist, was revoked, has expired or is used up, and one whose file or owner is gone, get
one and the same answer, so nothing can be learned by trying. Bytes leave only as a download, whatever they
are.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from urllib.parse import quote

from app import clients, download_grants, logs
from app.budgets import Spent
from app.byte_ranges import ByteRange, Unsatisfiable, parse_range
from app.client_limits import NOBODY, Client, ClientLimits, Windows
from app.download_grants import Grant
from app.http_answers import Answer, ApiError
from app.sharing import Share, count_download, find_open

# Pieces end up whole in the memory of the function.
MAX_PIECE = 4 * 1024 * 1024

REQUESTS = ClientLimits(count=1200, seconds=60)
"""What a person with several downloads at once does not reach: 40 MiB/s in pieces is 600 requests."""
MISSES = ClientLimits(count=120, seconds=60)
"""Answers with 404: few who follow links get one, who tries ids gets nothing else."""
# How finely the bytes of a file are counted: half a KiB of the largest file.
_SHARES_OF_A_FILE = 100_000
READ_AGAIN = Windows(2 * _SHARES_OF_A_FILE, download_grants.LIFETIME_SECONDS, 10_000)
"""What a grant was used for: twice the file, so that broken pieces can be asked for again. Without it one
download that was counted would be any number of bytes.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route is given of a request."""

    share_id: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    range_header: str | None = None
    client: Client = NOBODY


Route = Callable[[Asked], Answer]


def _limited(route: Route) -> Route:
    @wraps(route)
    def answer(asked: Asked) -> Answer:
        now = time.monotonic()
        wait = max(REQUESTS.wait(asked.client, now), MISSES.wait(asked.client, now))
        if wait:
            raise ApiError(
                429, "RESOURCE_EXHAUSTED", "Too many requests. Try again later.", {"Retry-After": str(wait)}
            )
        REQUESTS.count(asked.client, now)
        try:
            return route(asked)
        except ApiError as error:
            if error.answer.status == 404:
                MISSES.count(asked.client, now)
            raise

    return answer


@_limited
def describe(asked: Asked) -> Answer:
    """What the link leads to: nothing that says whose it is or where it lies."""
    share = _open(asked.share_id)
    return Answer(
        200,
        {
            "name": share.name,
            "size": share.size,
            "contentType": share.content_type,
            "kind": share.kind,
            "expiresAt": share.expires_at.isoformat(timespec="milliseconds"),
            "downloadsLeft": share.downloads_left,
            "preview": share.thumbnail is not None,
        },
    )


@_limited
def preview(asked: Asked) -> Answer:
    """The thumbnail, which functions made and which is therefore shown as it is."""
    from google.api_core.exceptions import NotFound

    share = _open(asked.share_id)
    if share.thumbnail is None:
        raise ended()
    try:
        picture = clients.default_bucket().blob(share.thumbnail).download_as_bytes()
    except NotFound:
        raise ended() from None
    return Answer(200, picture, {"Content-Type": "image/webp", "Content-Disposition": "inline"})


@_limited
def start_download(asked: Asked) -> Answer:
    """Counts a download and its bytes, and gives the leave to read them."""
    share = count_download(asked.share_id, datetime.now(UTC))
    if share is None:
        raise ended()
    if isinstance(share, Spent):
        logs.info("download refused", reason="download-budget", wait=share.wait)
        raise _budget_spent(share)
    grant = download_grants.sign(Grant(share.id, share.generation))
    logs.info("download started", file=share.key.document, downloads=share.downloads + 1)
    return Answer(200, {"grant": grant, "size": share.size, "chunk": MAX_PIECE})


@_limited
def content(asked: Asked) -> Answer:
    """A piece of the bytes, at most MAX_PIECE. Without a range all of them, if they are not more."""
    leave, now = asked.query.get("grant", ""), time.monotonic()
    grant = download_grants.read(leave)
    if grant is None or grant.share_id != asked.share_id or READ_AGAIN.wait(leave, now):
        # Says nothing of the link, which has not been looked at.
        raise ApiError(403, "PERMISSION_DENIED", "The leave to download is missing or over.")
    share = find_open(asked.share_id, datetime.now(UTC), also_used_up=True)
    if share is None or share.generation != grant.generation:
        raise ended()
    try:
        asked_range = parse_range(asked.range_header, share.size)
    except Unsatisfiable:
        raise _unsatisfiable(share, "The range lies outside of the file.") from None
    if asked_range is None and share.size > MAX_PIECE:
        raise _unsatisfiable(share, f"Ask for pieces of at most {MAX_PIECE} bytes with a Range header.")
    answer = _piece(share, asked_range)
    READ_AGAIN.count(leave, now, times=math.ceil(_SHARES_OF_A_FILE * len(answer.body) / share.size))
    return answer


def _piece(share: Share, asked: ByteRange | None) -> Answer:
    """The bytes of a range, or all. A longer range is cut, as RFC 9110 section 15.3.7 lets a server do."""
    from google.api_core.exceptions import NotFound

    whole = ByteRange(0, share.size - 1)
    piece = asked or whole
    piece = ByteRange(piece.first, min(piece.last, piece.first + MAX_PIECE - 1))
    blob = clients.default_bucket().blob(share.path, generation=int(share.generation))
    try:
        data = blob.download_as_bytes(start=piece.first, end=piece.last, raw_download=True, checksum=None)
    except NotFound:
        raise ended() from None
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": attachment(share.name),
    }
    if asked is None:
        return Answer(200, data, headers)
    headers["Content-Range"] = f"bytes {piece.first}-{piece.last}/{share.size}"
    return Answer(206, data, headers)


def attachment(name: str) -> str:
    """The header value that makes a browser save what comes as `name` (RFC 6266)."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _open(share_id: str) -> Share:
    share = find_open(share_id, datetime.now(UTC))
    if share is None:
        raise ended()
    return share


def _budget_spent(spent: Spent) -> ApiError:
    message = "This file was downloaded too often today. Try again tomorrow."
    headers = {"Retry-After": str(spent.wait)}
    return ApiError(429, "RESOURCE_EXHAUSTED", message, headers, reason="download-budget")


def ended() -> ApiError:
    return ApiError(404, "NOT_FOUND", "This link does not exist or has ended.")


def _unsatisfiable(share: Share, message: str) -> ApiError:
    return ApiError(416, "OUT_OF_RANGE", message, {"Content-Range": f"bytes */{share.size}"})
