"""The `hashing` namespace. Checksums are four bytes, the lowest first."""

import hashlib
import zlib

import google_crc32c

from emulator.rules.types.registry import function
from emulator.rules.types.string import to_utf8

_DATA = (str, bytes)


def _bytes(data: str | bytes) -> bytes:
    return to_utf8(data) if isinstance(data, str) else data


@function("hashing", "md5", _DATA)
def md5(data: str | bytes) -> bytes:
    return hashlib.md5(_bytes(data), usedforsecurity=False).digest()


@function("hashing", "sha256", _DATA)
def sha256(data: str | bytes) -> bytes:
    return hashlib.sha256(_bytes(data)).digest()


@function("hashing", "crc32", _DATA)
def crc32(data: str | bytes) -> bytes:
    return zlib.crc32(_bytes(data)).to_bytes(4, "little")


@function("hashing", "crc32c", _DATA)
def crc32c(data: str | bytes) -> bytes:
    return int(google_crc32c.value(_bytes(data))).to_bytes(4, "little")
