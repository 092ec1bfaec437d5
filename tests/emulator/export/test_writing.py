"""An export is there whole or not at all."""

import signal
import subprocess
import sys

import pytest

from emulator.errors import FailedPrecondition
from emulator.firestore.documents import Document
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import Timestamp
from emulator.servers.export_files import read_export, write_export
from emulator.wire.export_format import decode_overall, overall_name
from emulator.wire.leveldb import LogWriter, read_records
from tests.emulator.process import ROOT

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


KILLED_WHILE_EXPORTING = """
import os, signal, sys
from pathlib import Path
from emulator.servers import export_files
from tests.emulator.export.test_writing import clock, documents

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def dying():
    yield from documents(*map(str, range(1000)))
    if sys.argv[2] == "in the middle":
        die()

if sys.argv[2] == "before the last file":
    export_files.encode_overall = die
if sys.argv[2] == "between the renames":
    rename = Path.rename
    Path.rename = lambda path, target: (die if path.name.endswith(".partial") else rename)(path, target)
export_files.write_export(Path(sys.argv[1]), "e", dying(), clock)
"""


@pytest.mark.parametrize("moment", ["in the middle", "before the last file"])
@pytest.mark.parametrize("before", [(), ("before",)], ids=["first", "again"])
def test_export_that_is_killed_leaves_nothing_that_can_be_imported_but_the_one_before(
    tmp_path, before, moment
):
    if before:
        write_export(tmp_path, "e", documents(*before), clock)
    command = [sys.executable, "-c", KILLED_WHILE_EXPORTING, str(tmp_path), moment]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL

    left = [path for path in tmp_path.iterdir() if path.name != "e"]
    assert left, "it was killed while it wrote"
    assert not any((path / overall_name("e")).exists() for path in left)
    if before:
        assert names(tmp_path) == ["before"]
    else:
        with pytest.raises(FailedPrecondition, match="Failed to parse overall export metadata"):
            names(tmp_path)
    write_export(tmp_path, "other", documents("after"), clock)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(["e"] if before else []), "other"]
    write_export(tmp_path, "e", documents("after"), clock)
    assert names(tmp_path) == ["after"]


def test_export_under_way_is_not_removed_by_another(tmp_path):
    def watched():
        yield from documents("a")
        write_export(tmp_path, "other", documents("b"), clock)
        yield from documents("c")

    write_export(tmp_path, "e", watched(), clock)
    assert names(tmp_path) == ["a", "c"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e", "other"]


def test_export_killed_after_it_was_in_place_leaves_nothing_behind_the_next(tmp_path):
    write_export(tmp_path, "e", documents("before"), clock)
    (tmp_path / "e").rename(tmp_path / ".e.0123abcd.replaced")
    (tmp_path / "e").mkdir()
    write_export(tmp_path, "e", documents("after"), clock)
    assert [path.name for path in tmp_path.iterdir()] == ["e"]
    assert names(tmp_path) == ["after"]


@pytest.mark.parametrize("again", ["read", "written"])
def test_export_that_a_killed_one_was_about_to_replace_is_brought_back(tmp_path, again):
    write_export(tmp_path, "e", documents("before"), clock)
    command = [sys.executable, "-c", KILLED_WHILE_EXPORTING, str(tmp_path), "between the renames"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert not (tmp_path / "e").exists()

    if again == "written":
        with pytest.raises(FailedPrecondition):
            write_export(tmp_path, "e", failing(), clock)

    assert names(tmp_path) == ["before"]
    assert not list(tmp_path.glob(".e.*.replaced"))


def test_export_that_lost_whole_records_is_refused(tmp_path):
    write_export(tmp_path, "e", documents("a", "b"), clock)
    output = next((tmp_path / "e").rglob("output-0"))
    first, _ = read_records(output.read_bytes())
    output.write_bytes(LogWriter().add(first))

    with pytest.raises(FailedPrecondition, match="has 1 of its 2 entities"):
        names(tmp_path)


def test_export_of_windows_is_read(tmp_path):
    """The official emulator writes the separators of its system."""
    write_export(tmp_path, "e", documents("a"), clock)

    overall = tmp_path / "e" / overall_name("e")
    version, group = read_records(overall.read_bytes())
    log = LogWriter()
    overall.write_bytes(log.add(version) + log.add(group.replace(b"/", b"\\")))
    assert decode_overall(overall.read_bytes())[0].entities == 1
    assert names(tmp_path) == ["a"]
