"""Files to upload, made on the spot: pictures of any size in bytes, and what only pretends to be one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from playwright.sync_api import FilePayload


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on the person's device, with the type their browser gives it."""

    name: str
    content_type: str
    data: bytes

    @property
    def payload(self) -> FilePayload:
        return {"name": self.name, "mimeType": self.content_type, "buffer": self.data}


def photo(name: str = "photo.jpg", size: tuple[int, int] = (640, 480)) -> LocalFile:
    """A JPEG of noise, which compresses badly: 640 by 480 are about 330 kB."""
    width, height = size
    image = Image.frombytes("RGB", size, os.urandom(width * height * 3))
    return LocalFile(name, "image/jpeg", encoded(image, "JPEG"))


def drawing(name: str, color: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> LocalFile:
    """A small PNG of one colour."""
    return LocalFile(name, "image/png", encoded(Image.new("RGB", size, color), "PNG"))


def note(name: str = "note.txt", text: str = "Remember the milk.\n") -> LocalFile:
    return LocalFile(name, "text/plain", text.encode())


def encoded(image: Image.Image, kind: str) -> bytes:
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()
