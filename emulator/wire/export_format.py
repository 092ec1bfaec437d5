"""The metadata files of a Firestore export, and what lies where in it.

An export named N is a folder of that name:

  N.overall_export_metadata                                                which groups of entities there are
  all_namespaces/all_kinds/all_namespaces_all_kinds.export_metadata        the output files of one group
  all_namespaces/all_kinds/output-0                                        entities, one LevelDB record each

The overall metadata is a LevelDB log, the group metadata a bare message. An empty database has no group.
Production has a group for each collection that was asked for, and several outputs in one; the official
emulator begins another output after 5,000 entities. Observed in exports of both, from 2020 on.

ExportError
  UnsupportedVersion, and itself for files that are not metadata
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from google.protobuf.message import DecodeError

from emulator.wire.export_format_messages import INT64, MESSAGE, STRING, Field, Table, message_class
from emulator.wire.leveldb import LogError, LogWriter, read_records

OVERALL_SUFFIX = ".overall_export_metadata"
GROUP_FOLDER = PurePosixPath("all_namespaces/all_kinds")
GROUP_METADATA = GROUP_FOLDER / "all_namespaces_all_kinds.export_metadata"
OUTPUT = "output-0"

_VERSION_RECORD = b"3"
_MAJOR, _MINOR = 2, 3


class ExportError(Exception):
    """The bytes are not metadata of an export."""


class UnsupportedVersion(ExportError):
    """The overall metadata is of a version nobody has described."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of entities: where its metadata is, from the overall metadata's folder, how many and how many
    bytes of output.
    """

    path: PurePosixPath
    entities: int
    size: int


# The names are ours; only numbers and types are in the files.
_OVERALL_TABLE: Table = {
    "Overall": (Field("group", 1, MESSAGE, "Group", repeated=True),),
    "Version": (Field("major", 1, INT64), Field("minor", 3, INT64)),
    "Group": (
        Field("version", 1, MESSAGE, "Version"),
        Field("path", 2, STRING),
        Field("entities", 3, INT64),
        Field("size", 4, INT64),
    ),
}
_GROUP_TABLE: Table = {
    "GroupMetadata": (
        Field("export", 1, MESSAGE, "Export"),
        Field("output", 2, MESSAGE, "Output", repeated=True),
    ),
    "Export": (Field("name", 1, STRING), Field("start_micros", 2, INT64), Field("end_micros", 3, INT64)),
    "Output": (Field("label", 1, STRING), Field("file", 2, STRING, repeated=True)),
}
_Overall = message_class(_OVERALL_TABLE, "Overall")
_GroupMetadata = message_class(_GROUP_TABLE, "GroupMetadata")


def overall_name(export_name: str) -> str:
    return export_name + OVERALL_SUFFIX


def encode_overall(groups: tuple[Group, ...]) -> bytes:
    """The overall metadata file."""
    log = LogWriter()
    data = log.add(_VERSION_RECORD)
    for group in groups:
        message = _Overall()
        item = message.group.add(path=str(group.path), entities=group.entities, size=group.size)
        item.version.major, item.version.minor = _MAJOR, _MINOR
        data += log.add(message.SerializeToString())
    return data


def decode_overall(data: bytes) -> tuple[Group, ...]:
    """The groups an overall metadata file lists. Raises ExportError."""
    try:
        version, *records = read_records(data)
        groups = [group for record in records for group in _Overall.FromString(record).group]
    except (LogError, DecodeError, ValueError) as error:
        raise ExportError(str(error)) from error
    if version != _VERSION_RECORD:
        raise UnsupportedVersion
    return tuple(Group(_inside(group.path), group.entities, group.size) for group in groups)


def encode_group(export_name: str, start_micros: int, end_micros: int) -> bytes:
    """The metadata of a group with one output file."""
    message = _GroupMetadata()
    message.export.name = export_name
    message.export.start_micros, message.export.end_micros = start_micros, end_micros
    message.output.add(label="", file=[OUTPUT])
    return bytes(message.SerializeToString())


def decode_group(data: bytes) -> tuple[PurePosixPath, ...]:
    """The output files of a group, from its own folder. Raises ExportError."""
    try:
        message = _GroupMetadata.FromString(data)
    except DecodeError as error:
        raise ExportError(str(error)) from error
    return tuple(_inside(file) for output in message.output for file in output.file)


def _inside(text: str) -> PurePosixPath:
    """A path that stays inside the export. An export written on Windows has backslashes."""
    path = PurePosixPath(text.replace("\\", "/"))
    if not text or path.is_absolute() or ".." in path.parts:
        raise ExportError(f"a path that leaves the export: {text!r}")
    return path
