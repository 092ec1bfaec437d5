"""A damaged journal: what was hit is lost and said, all else is used, and nothing kept is overwritten."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from emulator.firestore.documents import Document
from emulator.firestore.engine import Engine
from emulator.firestore.paths import DatabaseId, DocumentPath
from emulator.firestore.values import Timestamp
from emulator.servers.journal import Journal
from emulator.servers.journal_file import keep_damaged
from emulator.servers.server import now
from emulator.wire.journal_format import encode_record
from emulator.wire.leveldb import LogWriter, Lost, Standing, salvage_records
from tests.emulator.process import ROOT, running_emulator, start_process

HERE = DatabaseId("demo-journal")
JOURNAL = "firestore.journal"
COMMITS = 200


def document(name: str, value: object) -> Document:
    return Document(DocumentPath(HERE, ("c", name)), {"n": value}, Timestamp(1_000), Timestamp(2_000))


def commits(seed: int = 1) -> list[bytes]:
    """Records as an emulator writes them: documents made and changed, deleted, and a database begun."""
    chance = random.Random(seed)
    records = [encode_record(HERE, ())]
    for number in range(1, COMMITS):
        name = str(chance.randrange(60))
        if chance.random() < 0.2:
            records.append(encode_record(HERE, [(DocumentPath(HERE, ("c", name)), None)]))
            continue
        text = "x" * chance.choice([0, 10, 10, 10, 10, 900, 40_000])
        changed = document(name, [number, text])
        records.append(encode_record(HERE, [(changed.path, changed)]))
    return records


def written(records: Iterable[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
    """The journal of these commits, and where each begins and ends."""
    writer, log, places = LogWriter(), bytearray(), []
    for record in records:
        start = len(log)
        log += writer.add(record)
        places.append((start, len(log)))
    return bytes(log), places


def model(records: Iterable[bytes]) -> dict[str, object]:
    """What commits leave, one after the other."""
    from emulator.wire.journal_format import decode_record

    left: dict[str, object] = {}
    for record in records:
        for path, after in decode_record(record).left:
            left.pop(path.id, None)
            if after is not None:
                left[path.id] = after.fields["n"]
    return left


def started(folder: Path) -> dict[str, object]:
    """What an emulator that is started on the folder holds."""
    engine, journal = Engine(clock=now, random=random.Random(1)), Journal(folder)
    journal.attach(engine)
    journal.close()
    return {found.path.id: found.fields["n"] for found in engine.documents(HERE)}


def flipped(log: bytes, *places: int) -> bytes:
    damaged = bytearray(log)
    for place in places:
        damaged[place] ^= 0xFF
    return bytes(damaged)


def test_flipped_byte_anywhere_loses_the_one_commit_it_hits_and_says_which():
    records = commits()
    log, places = written(records)
    headers = [place + offset for place, _ in places for offset in range(7)]
    for place in sorted({*headers, *range(0, len(log), 997), len(log) - 1}):
        found = list(salvage_records(flipped(log, place)))
        hit = next(at for at, (start, end) in enumerate(places) if start <= place < end)
        lost = [each for each in found if isinstance(each, Lost)]
        stands = [each.data for each in found if isinstance(each, Standing)]
        if not lost:
            assert stands == records, f"byte {place} is no record's: the end of a block"
            continue
        assert len(lost) == 1, place
        assert lost[0].start <= place < lost[0].end, place
        assert stands == records[:hit] + records[hit + 1 :], place


@pytest.mark.parametrize("seed", range(5))
def test_every_commit_that_is_not_hit_counts_though_many_others_are(tmp_path, caplog, seed):
    records = commits(seed)
    log, places = written(records)
    hits = random.Random(seed).sample(range(len(log)), 12)
    damaged = flipped(log, *hits)
    (tmp_path / JOURNAL).write_bytes(damaged)

    left = [
        record
        for record, (start, end) in zip(records, places, strict=True)
        if not any(start <= hit < end for hit in hits)
    ]
    assert started(tmp_path) == model(left)
    assert f"The other {len(left)} are used, and the file is kept as firestore.damaged." in caplog.text
    assert (tmp_path / "firestore.damaged").read_bytes() == damaged
    caplog.clear()
    assert started(tmp_path) == model(left), "the journal is whole again"
    assert not caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda log: log[:100_000] + bytes(50_000) + log[150_000:], id="a zeroed stretch"),
        pytest.param(
            lambda log: log[:100_000] + b"\xa5" * 50_000 + log[150_000:], id="an overwritten stretch"
        ),
        pytest.param(lambda log: bytes(100) + log[100:], id="the beginning"),
        pytest.param(lambda log: log[:-10], id="a torn end"),
        pytest.param(lambda log: log + random.Random(1).randbytes(90_000), id="something behind the end"),
    ],
)
def test_stretch_that_is_gone_costs_what_was_in_it(tmp_path, damage):
    records = commits()
    log, places = written(records)
    assert len(log) > 200_000
    damaged = damage(log)
    (tmp_path / JOURNAL).write_bytes(damaged)
    left = [
        record
        for record, (start, end) in zip(records, places, strict=True)
        if log[start:end] == damaged[start:end]
    ]
    assert started(tmp_path) == model(left)
    assert (tmp_path / "firestore.damaged").read_bytes() == damaged


@pytest.mark.parametrize("copies", [3, 1_000], ids=["short", "longer than a block"])
@pytest.mark.parametrize("offset", range(7), ids=lambda offset: f"header byte {offset}")
def test_log_stored_in_a_document_is_not_taken_for_part_of_the_journal(offset, copies):
    """The document of the damaged commit holds a whole journal that says something else."""
    foreign, _ = written(
        [encode_record(HERE, [(document("foreign", 1).path, document("foreign", 1))])] * copies
    )
    records = [
        encode_record(HERE, [(document(name, value).path, document(name, value))])
        for name, value in (("a", 1), ("b", foreign), ("c", 3))
    ]
    log, places = written(records)
    found = list(salvage_records(flipped(log, places[1][0] + offset)))
    assert [each.data for each in found if isinstance(each, Standing)] == [records[0], records[2]]
    assert [each for each in found if isinstance(each, Lost)] == [Lost(*places[1])]


def test_nothing_kept_is_overwritten_and_the_same_damage_is_kept_once(tmp_path):
    log, places = written(commits())
    kept = []
    for number, name in enumerate(["firestore.damaged", "firestore.damaged-2", "firestore.damaged-3"]):
        damaged = flipped(log, places[number + 5][0])
        (tmp_path / JOURNAL).unlink(missing_ok=True)
        (tmp_path / JOURNAL).write_bytes(damaged)
        assert keep_damaged(tmp_path / JOURNAL).name == name
        started(tmp_path)
        kept.append(damaged)
    names = ["firestore.damaged", "firestore.damaged-2", "firestore.damaged-3"]
    assert [(tmp_path / name).read_bytes() for name in names] == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, JOURNAL, "lock"]


def test_damaged_journal_is_kept_where_files_have_one_name_only(tmp_path, monkeypatch):
    log, _ = written(commits())
    damaged = flipped(log, 5_000)
    (tmp_path / JOURNAL).write_bytes(damaged)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / "firestore.damaged").write_text("of an earlier time")
    started(tmp_path)
    assert (tmp_path / "firestore.damaged").read_text() == "of an earlier time"
    assert (tmp_path / "firestore.damaged-2").read_bytes() == damaged


def command(*arguments: str | Path) -> tuple[int, str, str]:
    """`kindling-emulator journal ...`, as ./kit planted it beside Python."""
    program = [str(ROOT / ".venv" / "bin" / "kindling-emulator"), "journal", *map(str, arguments)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def damaged_folder(tmp_path: Path) -> Path:
    log, places = written(commits())
    (tmp_path / JOURNAL).write_bytes(flipped(log, places[7][0], places[20][0]))
    return tmp_path


def test_check_says_what_is_lost_and_changes_nothing(damaged_folder: Path):
    before = (damaged_folder / JOURNAL).read_bytes()
    code, said, _ = command("check", damaged_folder)
    assert code == 1
    assert "is damaged after 7 commits: at least 2 commits are lost (bytes " in said
    assert f"{COMMITS - 2} commits stand" in said
    code, said, _ = command("check", "--json", damaged_folder)
    report = json.loads(said)
    assert code == 1
    assert (report["whole"], report["inUse"], report["commits"]) == (False, False, COMMITS - 2)
    assert len(report["lost"]) == 2
    assert (damaged_folder / JOURNAL).read_bytes() == before
    assert [path.name for path in damaged_folder.iterdir()] == [JOURNAL]


def test_repair_keeps_the_damaged_journal_and_leaves_a_whole_one(damaged_folder: Path):
    before = (damaged_folder / JOURNAL).read_bytes()
    code, said, _ = command("repair", damaged_folder)
    assert code == 0
    assert f"the damaged one is kept as {damaged_folder / 'firestore.damaged'}" in said
    assert (damaged_folder / "firestore.damaged").read_bytes() == before
    assert command("check", damaged_folder)[0] == 0
    after = (damaged_folder / JOURNAL).read_bytes()
    code, said, _ = command("repair", "--json", damaged_folder)
    assert (code, json.loads(said)["whole"]) == (0, True)
    assert (damaged_folder / JOURNAL).read_bytes() == after, "a whole journal stays as it is"


def test_journal_in_use_is_checked_and_not_repaired(damaged_folder: Path):
    with running_emulator("--data-dir", str(damaged_folder)) as emulator:
        assert "is damaged after 7 commits" in emulator.log
        path = "/v1/projects/demo-journal/databases/(default)/documents/c/new"
        assert emulator.http("PATCH", path, "{}", {"Authorization": "Bearer owner"}).status == 200
        code, said, _ = command("check", damaged_folder)
        assert code == 0
        assert "is whole. An emulator uses it." in said
        with (damaged_folder / JOURNAL).open("ab") as journal:
            journal.write(b"half a header")  # as if the emulator were writing it
        assert command("check", damaged_folder)[0] == 0
        code, _, said = command("repair", damaged_folder)
        assert code == 1
        assert f"another emulator uses the data directory {damaged_folder}" in said
    assert command("check", damaged_folder)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [([], "arguments are required"), (["mend", "."], "invalid choice"), (["check"], "FOLDER")],
)
def test_wrong_use_is_told_and_ends_with_2(arguments: list[str], text: str):
    code, _, said = command(*arguments)
    assert code == 2
    assert text in said
    assert "kindling-emulator journal" in said


def test_folder_without_a_journal_is_told_and_not_made(tmp_path: Path):
    for name in ("check", "repair"):
        code, _, said = command(name, tmp_path / "none")
        assert code == 2
        assert "There is no journal" in said
    assert not list(tmp_path.iterdir())


def test_python_runs_it_too(tmp_path: Path):
    process = start_process("journal", "check", str(tmp_path))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"There is no journal" in output


def import_of(count: int) -> tuple[Engine, list[Document]]:
    return Engine(clock=now, random=random.Random(1)), [document(f"{at:05}", at) for at in range(count)]


@pytest.fixture
def large_import(tmp_path: Path) -> bytes:
    """The journal of 5,000 documents that were imported at once, between two small commits."""
    engine, documents = import_of(5_000)
    journal = Journal(tmp_path)
    journal.attach(engine)
    for step in ([document("before", 1)], documents, [document("after", 2)]):
        engine.load(HERE, step)
    journal.close()
    return (tmp_path / JOURNAL).read_bytes()


def test_damage_to_a_large_import_costs_a_part_of_it(tmp_path: Path, large_import: bytes):
    for place in range(len(large_import) // 10, len(large_import), len(large_import) // 7):
        (tmp_path / JOURNAL).unlink()
        (tmp_path / JOURNAL).write_bytes(flipped(large_import, place))
        left = started(tmp_path)
        assert 5_002 - 20 <= len(left) < 5_002, place
        assert {"before", "after"} <= left.keys()


def test_large_import_that_was_not_written_to_its_end_has_not_happened(tmp_path: Path, large_import: bytes):
    standing = [each for each in salvage_records(large_import) if isinstance(each, Standing)]
    first, last = standing[2].start, standing[-2].start
    assert len(standing) > 10
    for end in (first + 10, standing[5].start, standing[5].start + 100, last, last + 5):
        (tmp_path / JOURNAL).unlink()
        (tmp_path / JOURNAL).write_bytes(large_import[:end])
        code, said, _ = command("check", "--json", tmp_path)
        assert (code, json.loads(said)["lost"]) == (1, [{"start": first, "end": end}]), end
        assert started(tmp_path).keys() == {"before"}, end
        assert command("check", tmp_path)[0] == 0
