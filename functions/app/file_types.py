"""What a file is, told from its first bytes, and whether that agrees with what was declared.

Signatures follow the WHATWG MIME Sniffing standard (https://mimesniff.spec.whatwg.org) where it has one,
and the formats' own specifications elsewhere. Short marks that ordinary text can begin with are checked
further, so that a letter which begins with "BM" or "MZ" stays a letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

# Enough for every signature below and for a tag behind a comment or an XML prolog.
HEAD_SIZE = 8192

OCTET_STREAM = "application/octet-stream"


class Family(Enum):
    """Kinds of file that a person would not take for one another."""

    IMAGE = "image"
    PDF = "pdf"
    AUDIO = "audio"
    VIDEO = "video"
    ZIP = "zip"
    ARCHIVE = "archive"
    OFFICE = "office"
    FONT = "font"
    ACTIVE = "active"
    """Runs, or is rendered as a page, in the hands of whoever opens it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A recognised format. Containers that hold sound as well as pictures have a type for each family."""

    types: tuple[tuple[Family, str], ...]

    @property
    def families(self) -> frozenset[Family]:
        return frozenset(family for family, _ in self.types)

    @property
    def content_type(self) -> str:
        return self.types[0][1]

    def content_type_for(self, family: Family) -> str:
        return dict(self.types)[family]


@dataclass(frozen=True, slots=True)
class AcceptedType:
    """The media type to store, and the family its bytes belong to, None for text and the unknown."""

    content_type: str
    family: Family | None = None


@dataclass(frozen=True, slots=True)
class RefusedType:
    """`reason` is one of the reasons in docs/data-model.md."""

    reason: str


Test = Callable[[bytes], bool]


def _one(family: Family, content_type: str) -> Signature:
    return Signature(((family, content_type),))


def _media(subtype: str, first: Family = Family.VIDEO) -> Signature:
    second = Family.AUDIO if first is Family.VIDEO else Family.VIDEO
    return Signature(tuple((family, f"{family.value}/{subtype}") for family in (first, second)))


def _starts(*prefixes: bytes) -> Test:
    return lambda head: head.startswith(prefixes)


def _at(offset: int, mark: bytes) -> Test:
    return lambda head: head.startswith(mark, offset)


def _riff(form: bytes) -> Test:
    return lambda head: head.startswith(b"RIFF") and head.startswith(form, 8)


def _brand(*brands: bytes) -> Test:
    """An ISO base media file (ISO/IEC 14496-12) whose major brand starts so."""
    return lambda head: head.startswith(b"ftyp", 4) and head.startswith(brands, 8)


def _is_bmp(head: bytes) -> bool:
    # Bytes 6 to 9 are reserved and zero; the size of the second header follows at 14.
    return head.startswith(b"BM") and head[6:10] == bytes(4) and head[15:18] == bytes(3)


def _is_portable_executable(head: bytes) -> bool:
    """An MZ header with a plausible last-page size: a DOS or Windows program."""
    return head.startswith(b"MZ") and len(head) >= 28 and int.from_bytes(head[2:4], "little") < 512


def _is_flash(head: bytes) -> bool:
    """One of the three marks and a version, which no text has there."""
    return head.startswith((b"CWS", b"FWS", b"ZWS")) and head[3:4] < b" "


def _is_mpeg_audio(head: bytes) -> bool:
    """A frame header of MPEG audio, layer III, with a legal bit rate and sampling rate."""
    return (
        len(head) >= 4
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[2] >> 4 not in (0, 15)
        and head[2] >> 2 & 3 != 3
    )


def _is_adts(head: bytes) -> bool:
    """A frame header of AAC (ISO/IEC 13818-7, ADTS) with a legal sampling rate."""
    return len(head) >= 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13


def _is_webm(head: bytes) -> bool:
    return head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]


def _is_ogg_video(head: bytes) -> bool:
    return head.startswith(b"OggS\x00") and head.startswith((b"\x80theora", b"\x01video"), 28)


# The tag that an HTML document may start with; white space or ">" ends it (MIME Sniffing, section 7.1).
_HTML_TAG = re.compile(
    rb"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta|link|img|object"
    rb"|embed|form|base|input|video|audio|marquee|template)(?:[\s>/]|$)|<!--",
    re.IGNORECASE,
)
# The root element of a document that begins like XML.
_XML_ACTIVE_ROOT = re.compile(
    rb"<(?:[\w.-]+:)?(?:svg|html|script|stylesheet|transform)[\s>/]|<\?xml-stylesheet\b", re.IGNORECASE
)
_SCRIPT_START = re.compile(rb"#!(?!AMR)|<\?php\b|<%@|@echo off\b", re.IGNORECASE)


def _is_active_text(head: bytes) -> bool:
    text = _as_ascii(head).lstrip(b"\t\n\f\r ")
    if _SCRIPT_START.match(text) or _HTML_TAG.match(text):
        return True
    return text.startswith(b"<") and _XML_ACTIVE_ROOT.search(text) is not None


def _as_ascii(head: bytes) -> bytes:
    """The head in a form that tags can be looked for in, whatever Unicode encoding its mark or its zero
    bytes show.
    """
    if head.startswith(b"\xef\xbb\xbf"):
        return head[3:]
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        if head.startswith(mark):
            return head[2:].decode(encoding, "ignore").encode("ascii", "replace")
    if head[:1] == b"<" and head[1:2] == b"\x00":
        return head.decode("utf-16-le", "ignore").encode("ascii", "replace")
    if head[:2] == b"\x00<":
        return head.decode("utf-16-be", "ignore").encode("ascii", "replace")
    return head


_ACTIVE: tuple[tuple[Test, str], ...] = (
    (_is_active_text, "text/html"),
    (_starts(b"\x7fELF"), "application/x-executable"),
    (_is_portable_executable, "application/vnd.microsoft.portable-executable"),
    # Mach-O, and its universal form, which a Java class file shares its mark with.
    (
        _starts(
            b"\xfe\xed\xfa\xce",
            b"\xfe\xed\xfa\xcf",
            b"\xce\xfa\xed\xfe",
            b"\xcf\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe",
        ),
        "application/x-executable",
    ),
    (_starts(b"\x00asm"), "application/wasm"),
    (_starts(b"dex\n03"), "application/vnd.android.dex"),
    (_starts(b"L\x00\x00\x00\x01\x14\x02\x00"), "application/x-ms-shortcut"),
    (_is_flash, "application/x-shockwave-flash"),
)

_PASSIVE: tuple[tuple[Test, Signature], ...] = (
    (_starts(b"\xff\xd8\xff"), _one(Family.IMAGE, "image/jpeg")),
    (_starts(b"\x89PNG\r\n\x1a\n"), _one(Family.IMAGE, "image/png")),
    (_starts(b"GIF87a", b"GIF89a"), _one(Family.IMAGE, "image/gif")),
    (_riff(b"WEBPVP"), _one(Family.IMAGE, "image/webp")),
    (_is_bmp, _one(Family.IMAGE, "image/bmp")),
    (
        _starts(b"II*\x00", b"MM\x00*", b"II+\x00\x08\x00", b"MM\x00+\x00\x08"),
        _one(Family.IMAGE, "image/tiff"),
    ),
    (_brand(b"avif", b"avis"), _one(Family.IMAGE, "image/avif")),
    (_brand(b"heic", b"heix", b"hevc", b"hevx"), _one(Family.IMAGE, "image/heic")),
    (_brand(b"mif1", b"msf1"), _one(Family.IMAGE, "image/heif")),
    (_starts(b"\x00\x00\x01\x00", b"\x00\x00\x02\x00"), _one(Family.IMAGE, "image/x-icon")),
    (_starts(b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"\xff\x0a"), _one(Family.IMAGE, "image/jxl")),
    (_starts(b"\x00\x00\x00\x0cjP  \r\n\x87\n"), _one(Family.IMAGE, "image/jp2")),
    (_starts(b"8BPS\x00\x01"), _one(Family.IMAGE, "image/vnd.adobe.photoshop")),
    (_starts(b"%PDF-"), _one(Family.PDF, "application/pdf")),
    (_starts(b"ID3\x02", b"ID3\x03", b"ID3\x04"), _one(Family.AUDIO, "audio/mpeg")),
    (_is_adts, _one(Family.AUDIO, "audio/aac")),
    (_is_mpeg_audio, _one(Family.AUDIO, "audio/mpeg")),
    (_starts(b"fLaC"), _one(Family.AUDIO, "audio/flac")),
    (_starts(b"MThd\x00\x00\x00\x06"), _one(Family.AUDIO, "audio/midi")),
    (_riff(b"WAVE"), _one(Family.AUDIO, "audio/wav")),
    (
        lambda head: head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"),
        _one(Family.AUDIO, "audio/aiff"),
    ),
    (_starts(b"#!AMR"), _one(Family.AUDIO, "audio/amr")),
    (_is_ogg_video, _media("ogg")),
    (_starts(b"OggS\x00"), _media("ogg", first=Family.AUDIO)),
    (_brand(b"M4A", b"M4B", b"M4P"), _media("mp4", first=Family.AUDIO)),
    (_brand(b"qt  "), _one(Family.VIDEO, "video/quicktime")),
    (_brand(b"3g2"), _media("3gpp2")),
    (_brand(b"3g"), _media("3gpp")),
    (_brand(b""), _media("mp4")),
    (_is_webm, _media("webm")),
    (_starts(b"\x1a\x45\xdf\xa3"), _media("x-matroska")),
    (_riff(b"AVI "), _one(Family.VIDEO, "video/x-msvideo")),
    (_starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), _media("x-ms-asf")),
    (_starts(b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"), _one(Family.VIDEO, "video/mpeg")),
    (_starts(b"FLV\x01"), _one(Family.VIDEO, "video/x-flv")),
    (_starts(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"), _one(Family.ZIP, "application/zip")),
    (_starts(b"\x1f\x8b\x08"), _one(Family.ARCHIVE, "application/gzip")),
    (_starts(b"7z\xbc\xaf\x27\x1c"), _one(Family.ARCHIVE, "application/x-7z-compressed")),
    (_starts(b"Rar!\x1a\x07"), _one(Family.ARCHIVE, "application/vnd.rar")),
    (_starts(b"\xfd7zXZ\x00"), _one(Family.ARCHIVE, "application/x-xz")),
    (_starts(b"\x28\xb5\x2f\xfd"), _one(Family.ARCHIVE, "application/zstd")),
    (
        lambda head: head.startswith(b"BZh") and head[4:10] == b"1AY&SY",
        _one(Family.ARCHIVE, "application/x-bzip2"),
    ),
    (_at(257, b"ustar"), _one(Family.ARCHIVE, "application/x-tar")),
    # Word, Excel, PowerPoint and Outlook files before 2007 share this container.
    (_starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), _one(Family.OFFICE, "application/x-ole-storage")),
    (_starts(b"{\\rtf"), _one(Family.OFFICE, "application/rtf")),
    (_starts(b"wOFF"), _one(Family.FONT, "font/woff")),
    (_starts(b"wOF2"), _one(Family.FONT, "font/woff2")),
    (_starts(b"OTTO\x00"), _one(Family.FONT, "font/otf")),
    (_starts(b"\x00\x01\x00\x00\x00"), _one(Family.FONT, "font/ttf")),
)

# Declared types that promise a signature. Those not listed here (text, data formats, unknown ones) promise
# nothing.
_DECLARED: dict[str, Family] = {
    "application/pdf": Family.PDF,
    "application/x-pdf": Family.PDF,
    "application/ogg": Family.AUDIO,
    "application/mp4": Family.VIDEO,
    "application/zip": Family.ZIP,
    "application/x-zip-compressed": Family.ZIP,
    "application/epub+zip": Family.ZIP,
    "application/gzip": Family.ARCHIVE,
    "application/x-gzip": Family.ARCHIVE,
    "application/x-tar": Family.ARCHIVE,
    "application/x-7z-compressed": Family.ARCHIVE,
    "application/x-rar-compressed": Family.ARCHIVE,
    "application/vnd.rar": Family.ARCHIVE,
    "application/x-bzip2": Family.ARCHIVE,
    "application/x-xz": Family.ARCHIVE,
    "application/zstd": Family.ARCHIVE,
    "application/msword": Family.OFFICE,
    "application/vnd.ms-excel": Family.OFFICE,
    "application/vnd.ms-powerpoint": Family.OFFICE,
    "application/vnd.ms-outlook": Family.OFFICE,
    "application/rtf": Family.OFFICE,
    "text/rtf": Family.OFFICE,
}
_DECLARED_PREFIXES: tuple[tuple[str, Family], ...] = (
    ("image/", Family.IMAGE),
    ("audio/", Family.AUDIO),
    ("video/", Family.VIDEO),
    ("font/", Family.FONT),
    ("application/vnd.openxmlformats-officedocument.", Family.ZIP),
    ("application/vnd.oasis.opendocument.", Family.ZIP),
)

# Containers whose declared type says more than their first bytes do.
_DECLARED_IS_NARROWER = frozenset({"application/zip", "application/x-ole-storage"})

# Declared types that no bytes can make harmless: scripts have no signature to contradict them with.
_DECLARED_ACTIVE = frozenset(
    {
        "text/html",
        "text/xml",
        "text/xsl",
        "application/xml",
        "image/svg",
        "text/javascript",
        "application/javascript",
        "application/x-javascript",
        "text/ecmascript",
        "application/ecmascript",
        "text/jscript",
        "text/vbscript",
        "application/hta",
        "text/x-php",
        "application/x-php",
        "application/x-httpd-php",
        "application/x-sh",
        "text/x-sh",
        "text/x-shellscript",
        "application/x-shellscript",
        "application/x-csh",
        "application/x-bat",
        "text/x-python",
        "application/x-python-code",
        "text/x-perl",
        "application/x-perl",
        "application/wasm",
        "application/java-archive",
        "application/java-vm",
        "application/x-java-archive",
        "application/x-msdownload",
        "application/x-msdos-program",
        "application/x-dosexec",
        "application/x-ms-shortcut",
        "application/x-msi",
        "application/vnd.microsoft.portable-executable",
        "application/x-executable",
        "application/x-elf",
        "application/x-sharedlib",
        "application/x-mach-binary",
        "application/vnd.android.package-archive",
        "application/x-shockwave-flash",
    }
)


def sniff(head: bytes) -> Signature | None:
    """The format that the first HEAD_SIZE bytes show, or None when they show none."""
    active = (_one(Family.ACTIVE, content_type) for test, content_type in _ACTIVE if test(head))
    passive = (signature for test, signature in _PASSIVE if test(head))
    return next(active, None) or next(passive, None)


def media_type(declared: str | None) -> str:
    """A declared content type without its parameters, in lower case; `application/octet-stream` when
    there is none.
    """
    return (declared or "").partition(";")[0].strip().lower() or OCTET_STREAM


def declared_family(declared: str) -> Family | None:
    """The family a media type promises, or None when its bytes may be anything."""
    # XML of any kind may hold a script, and multipart a page.
    if declared in _DECLARED_ACTIVE or declared.endswith("+xml") or declared.startswith("multipart/"):
        return Family.ACTIVE
    prefixed = (family for prefix, family in _DECLARED_PREFIXES if declared.startswith(prefix))
    return _DECLARED.get(declared) or next(prefixed, None)


def resolve(declared_type: str | None, head: bytes) -> AcceptedType | RefusedType:
    """The type to store for a file declared as `declared_type` whose first bytes are `head`."""
    declared = media_type(declared_type)
    promised = declared_family(declared)
    found = sniff(head)
    if promised is Family.ACTIVE or (found is not None and Family.ACTIVE in found.families):
        return RefusedType("blocked-type")
    if found is None:
        return AcceptedType(declared) if promised is None else RefusedType("type-mismatch")
    if declared == OCTET_STREAM:
        return AcceptedType(found.content_type, found.types[0][0])
    if promised is None or promised not in found.families:
        return RefusedType("type-mismatch")
    if found.content_type in _DECLARED_IS_NARROWER:
        return AcceptedType(declared, promised)
    return AcceptedType(found.content_type_for(promised), promised)
