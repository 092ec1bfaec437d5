"""Short leave to read what a link shares, given when a download is counted.

A grant is signed, so it can be checked without asking the database, and names the link and the generation of
the object: it opens nothing else, and nothing after ten minutes. No two are alike, so what each was used for
can be counted.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from firebase_functions.params import SecretParam
from itsdangerous import BadData, URLSafeTimedSerializer

SHARE_KEY = SecretParam(
    "SHARE_KEY",
    label="Key of download grants",
    description="Signs the leave to download from a link. Any long random text; a new one ends downloads "
    "that are under way.",
)

LIFETIME_SECONDS = 600

# A key for less than this many characters could be found by trying.
_SHORTEST_KEY = 32


class KeyMissing(Exception):
    """The secret SHARE_KEY is not set, or too short to keep anybody out."""


@dataclass(frozen=True, slots=True)
class Grant:
    share_id: str
    generation: str


def sign(grant: Grant) -> str:
    text = _serializer().dumps([grant.share_id, grant.generation, secrets.token_urlsafe(6)])
    return text if isinstance(text, str) else text.decode()


def read(text: str) -> Grant | None:
    """The grant in a text, None when it is none of ours or too old."""
    try:
        share_id, generation, *_ = _serializer().loads(text, max_age=LIFETIME_SECONDS)
    except BadData:
        return None
    return Grant(share_id, generation)


def _serializer() -> URLSafeTimedSerializer:
    key = SHARE_KEY.value
    if len(key) < _SHORTEST_KEY:
        raise KeyMissing("set SHARE_KEY: ./kit env makes one, firebase functions:secrets:set stores one")
    return URLSafeTimedSerializer(
        key, salt="download", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    )
