"""Objects in the bucket, always by generation: a function must never touch a newer object than the one
it was told of.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from app import clients

# How long a call is tried again here. The library's own two minutes are all that a function has; what lasts
# longer is for the task queue.
PATIENCE_SECONDS = 15.0

# The custom metadata in which Firebase keeps the tokens of download addresses.
_DOWNLOAD_TOKENS = "firebaseStorageDownloadTokens"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One generation of one object. `generation` is a string, as events and documents carry it."""

    bucket: str
    name: str
    generation: str


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """The bytes of an object on this machine's disk, measured while they came in. `sha256` is lower-case
    hex.
    """

    path: str
    size: int
    sha256: str


@cache
def patience() -> Any:  # google-cloud-storage ships no types
    """When and how long a call that failed for a passing reason is made again."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(PATIENCE_SECONDS)


def live_blob(stored: StoredObject) -> Any | None:
    """The object's current metadata, or None when this generation is gone or overwritten."""
    blob = clients.bucket(stored.bucket).get_blob(stored.name, retry=patience())
    return blob if blob is not None and str(blob.generation) == stored.generation else None


class _MeasuredFile:
    """A file to write to that counts and hashes what passes, so that the bytes are read once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> int:
        self._sha256.update(chunk)
        self.size += len(chunk)
        return self._file.write(chunk)

    def sha256(self) -> str:
        return self._sha256.hexdigest()


@contextmanager
def local_copy(blob: Any) -> Iterator[LocalCopy]:
    """Streams the object to a temporary file that is gone when the block ends.

    `raw_download` keeps the stored bytes: an object marked as gzip would otherwise be unpacked on the way,
    and what was checked would not be what is stored. Raises google.api_core.exceptions.NotFound when the
    object went away.
    """
    descriptor, path = tempfile.mkstemp(prefix="drop-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            measured = _MeasuredFile(file)
            blob.download_to_file(
                cast(BinaryIO, measured), raw_download=True, checksum=None, retry=patience()
            )
        yield LocalCopy(path=path, size=measured.size, sha256=measured.sha256())
    finally:
        Path(path).unlink()


def describe(blob: Any, content_type: str, content_disposition: str) -> None:
    """Makes an object say of itself this and nothing else: what the client said goes.

    A cache of the client's choice would keep private bytes where anybody finds them, and an encoding would
    have Storage unpack them on the way. Without a word Storage says `private, max-age=0`. Two things stay,
    since there is no taking them away: the token of a download address, which the owner could have made anew
    at once, and `customTime`, which clients of Firebase cannot set.
    """
    from google.api_core.exceptions import MethodNotImplemented

    wanted: dict[str, Any] = {
        "contentType": content_type,
        "contentDisposition": content_disposition,
        "contentEncoding": None,
        "contentLanguage": None,
        "cacheControl": None,
    }
    said = {
        "contentType": blob.content_type,
        "contentDisposition": blob.content_disposition,
        "contentEncoding": blob.content_encoding or None,
        "contentLanguage": blob.content_language or None,
        "cacheControl": blob.cache_control or None,
    }
    foreign = [name for name in blob.metadata or {} if name != _DOWNLOAD_TOKENS]
    if said == wanted and not foreign:
        return
    blob.content_type, blob.content_disposition = content_type, content_disposition
    blob.content_encoding = blob.content_language = blob.cache_control = None
    if foreign:
        blob.metadata = wanted["metadata"] = dict.fromkeys(foreign)
    try:
        blob.patch(retry=patience())
    except MethodNotImplemented:
        _patch_in_emulator(blob, wanted)


def _patch_in_emulator(blob: Any, fields: dict[str, Any]) -> None:
    """The Storage emulator of firebase-tools 15 knows this call only without `/storage/v1`."""
    url = f"{os.environ['STORAGE_EMULATOR_HOST']}/b/{blob.bucket.name}/o/{quote(blob.name, safe='')}"
    blob.client._http.patch(url, json=fields, timeout=10).raise_for_status()


def store(blob: Any, data: bytes, content_type: str) -> None:
    """Writes an object that its owner's browser may keep for a day."""
    blob.cache_control = "private, max-age=86400"
    blob.upload_from_string(data, content_type=content_type, retry=patience())


def delete(stored: StoredObject) -> None:
    """Deletes this generation. An object that is gone or newer is left as it is."""
    from google.api_core.exceptions import NotFound, PreconditionFailed

    # The Storage emulator ignores the precondition, hence the look before.
    blob = live_blob(stored)
    if blob is None:
        return
    try:
        blob.delete(if_generation_match=int(stored.generation), retry=patience())
    except (NotFound, PreconditionFailed):
        return


def delete_prefix(bucket: Any, prefix: str) -> int:
    """Deletes every object under `prefix` (which ends in a slash) and says how many there were."""
    from google.api_core.exceptions import NotFound

    count = 0
    for blob in bucket.list_blobs(prefix=prefix, retry=patience()):
        try:
            blob.delete(retry=patience())
        except NotFound:
            continue
        count += 1
    return count
