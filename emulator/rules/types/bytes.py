"""Byte strings."""

from base64 import urlsafe_b64encode

from emulator.rules.types.registry import method


@method(bytes, "size")
def size(value: bytes) -> int:
    return len(value)


@method(bytes, "toBase64")
def to_base64(value: bytes) -> str:
    """The URL-safe alphabet, padded. Observed on the official emulator."""
    return urlsafe_b64encode(value).decode("ascii")


@method(bytes, "toHexString")
def to_hex_string(value: bytes) -> str:
    return value.hex().upper()
