"""An export is there whole or not at all."""

import pytest

from emulator.errors import FailedPrecondition
from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import Timestamp
from emulator.servers.export import read_export, write_export
from emulator.wire.export_format import decode_overall, overall_name
from emulator.wire.leveldb import LogWriter, read_records

HERE = DatabaseId("demo")


def clock():
    return Timestamp(1_000_000)


def documents(*names):
    for name in names:
        yield Document(DocumentPath(HERE, ("c", name)), {}, Timestamp(1), Timestamp(1))


def names(folder):
    return [entity.path.segments[-1] for entity in read_export(folder / "e" / overall_name("e"))]


def failing():
    yield from documents("a")
    raise OSError(28, "No space left on device")


def test_export_that_fails_half_way_leaves_nothing(tmp_path):
    with pytest.raises(FailedPrecondition, match="No space left on device"):
        write_export(tmp_path, "e", failing(), clock)
    assert list(tmp_path.iterdir()) == []


def test_export_that_fails_half_way_leaves_the_one_before(tmp_path):
    write_export(tmp_path, "e", documents("before"), clock)
    with pytest.raises(FailedPrecondition):
        write_export(tmp_path, "e", failing(), clock)
    assert names(tmp_path) == ["before"]
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


def test_export_under_way_is_not_visible_at_its_place(tmp_path):
    def watched():
        yield from documents("a")
        assert not (tmp_path / "e").exists()

    write_export(tmp_path, "e", watched(), clock)
    assert names(tmp_path) == ["a"]


def test_export_of_windows_is_read(tmp_path):
    """The official emulator writes the separators of its system."""
    write_export(tmp_path, "e", documents("a"), clock)

    overall = tmp_path / "e" / overall_name("e")
    version, group = read_records(overall.read_bytes())
    log = LogWriter()
    overall.write_bytes(log.add(version) + log.add(group.replace(b"/", b"\\")))
    assert decode_overall(overall.read_bytes())[0].entities == 1
    assert names(tmp_path) == ["a"]
