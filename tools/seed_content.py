"""What the seed holds: three people and their files. Everything is drawn or written here, so it is the same
every time.
"""

import hashlib
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

PASSWORD: Final = "kindling"  # noqa: S105 - of people who exist in emulators alone
BEGINNING: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When the first of them signed up; everything else follows from it."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Person:
    uid: str
    name: str
    role: str
    locale: str = "en"

    @property
    def email(self) -> str:
        return f"{self.uid}@example.com"


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A file of a person. `minutes` after the beginning it was uploaded."""

    uid: str
    name: str
    content_type: str
    minutes: int
    make: Callable[[], bytes]

    @property
    def file_id(self) -> str:
        """Twenty letters and digits, as Firestore's own ids have."""
        return hashlib.sha256(f"{self.uid}/{self.name}".encode()).hexdigest()[:20]

    @property
    def created(self) -> datetime:
        return BEGINNING + timedelta(minutes=self.minutes)

    @property
    def generation(self) -> str:
        """Generations of the Storage emulator are milliseconds."""
        return str(int(self.created.timestamp() * 1000))


PEOPLE: Final = (
    Person("alice", "Alice", "user"),
    Person("bob", "Bob", "user", locale="ko"),
    Person("admin", "Admin", "admin"),
)


def hills() -> bytes:
    return _landscape(960, 640, sky=((255, 214, 165), (120, 160, 210)), sun=(0.72, 0.36), ridges=_HILLS)


def harbour() -> bytes:
    return _landscape(600, 900, sky=((250, 180, 150), (60, 70, 120)), sun=(0.4, 0.42), ridges=_HARBOUR)


def desert() -> bytes:
    return _landscape(960, 540, sky=((255, 230, 190), (90, 170, 200)), sun=(0.2, 0.3), ridges=_DESERT)


def packing_list() -> bytes:
    things = [
        "tickets",
        "two shirts",
        "camera and its charger",
        "a book that is not about computers",
        "rain jacket",
    ]
    return ("Packing list\n\n" + "".join(f"[ ] {thing}\n" for thing in things)).encode()


def minutes() -> bytes:
    return "회의록\n\n1. 업로드 화면을 휴대폰 폭에서도 확인하기\n2. 다음 모임은 목요일 오전 열 시\n".encode()


def boarding_pass() -> bytes:
    return _pdf(["BOARDING PASS", "Passenger   Alice", "From / to   ICN - LIS", "Seat        14A"])


def plan() -> bytes:
    return _pdf(
        ["BACKUP PLAN", "Export the database every night.", "Keep seven days. Try a restore once a month."]
    )


FILES: Final = (
    SeedFile("alice", "Autumn hills.png", "image/png", 12, hills),
    SeedFile("alice", "Harbour at dawn.png", "image/png", 34, harbour),
    SeedFile("alice", "Packing list.txt", "text/plain", 51, packing_list),
    SeedFile("alice", "Boarding pass.pdf", "application/pdf", 73, boarding_pass),
    SeedFile("bob", "Desert road.png", "image/png", 95, desert),
    SeedFile("bob", "회의록.txt", "text/plain", 118, minutes),
    SeedFile("admin", "Backup plan.pdf", "application/pdf", 140, plan),
)


@dataclass(frozen=True, slots=True)
class _Ridge:
    """A line of hills: its height as a share of the picture, how far it swings, how often, and its colour."""

    height: float
    swing: float
    waves: float
    phase: float
    colour: Colour

    def top(self, x: float) -> float:
        """Where the ridge begins at `x`, both as shares of the picture."""
        slow = math.sin(x * self.waves * 2 * math.pi + self.phase)
        quick = math.sin(x * self.waves * 5.3 * math.pi + 2 * self.phase)
        return self.height + self.swing * (0.75 * slow + 0.25 * quick)


_HILLS = (
    _Ridge(0.52, 0.06, 1.1, 0.4, (196, 142, 118)),
    _Ridge(0.64, 0.07, 1.6, 2.1, (158, 92, 84)),
    _Ridge(0.78, 0.06, 2.1, 4.0, (104, 60, 66)),
    _Ridge(0.90, 0.04, 1.3, 1.0, (58, 38, 50)),
)
_HARBOUR = (
    _Ridge(0.50, 0.02, 2.4, 1.2, (112, 96, 130)),
    _Ridge(0.58, 0.004, 6.0, 0.3, (86, 104, 150)),
    _Ridge(0.72, 0.006, 5.0, 2.2, (62, 84, 132)),
    _Ridge(0.88, 0.008, 4.0, 3.1, (40, 58, 102)),
)
_DESERT = (
    _Ridge(0.55, 0.05, 0.9, 3.3, (226, 170, 110)),
    _Ridge(0.68, 0.06, 1.3, 0.9, (206, 140, 84)),
    _Ridge(0.84, 0.05, 1.1, 5.0, (168, 102, 62)),
)


def _landscape(
    width: int, height: int, sky: tuple[Colour, Colour], sun: tuple[float, float], ridges: tuple[_Ridge, ...]
) -> bytes:
    """A flat picture of hills before a sky: `sky` is its colour at the horizon and at the top."""
    tops = [[int(ridge.top(x / width) * height) for x in range(width)] for ridge in ridges]
    centre_x, centre_y, radius = int(sun[0] * width), int(sun[1] * height), int(min(width, height) * 0.09)
    rows = []
    for y in range(height):
        share = min(1.0, y / height / 0.6)
        row = bytearray(bytes(_mix(sky[1], sky[0], share)) * width)
        half = radius * radius - (y - centre_y) ** 2
        if half > 0:
            reach = math.isqrt(half)
            row[3 * (centre_x - reach) : 3 * (centre_x + reach)] = bytes((255, 244, 214)) * (2 * reach)
        for ridge, top in zip(ridges, tops, strict=True):
            for x in range(width):
                if y >= top[x]:
                    row[3 * x : 3 * x + 3] = bytes(ridge.colour)
        rows.append(bytes(row))
    return _png(width, height, rows)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _png(width: int, height: int, rows: list[bytes]) -> bytes:
    """An RGB image of eight bits a channel (PNG specification, sections 5 and 11.2), rows unfiltered."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _pdf(lines: list[str]) -> bytes:
    """One page of text in Helvetica (ISO 32000-1, 7.5: header, objects, cross-reference table, trailer)."""
    shown = " ".join(f"({line}) Tj 0 -26 Td" for line in lines)
    content = f"BT /F1 18 Tf 60 760 Td {shown} ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
