"""Which file goes where, and under which name."""

import sys
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest
from app.export_archive import Archive
from app.export_plan import Plan, has_original, make_plan, portable_name


def document(name="a.txt", size=1, state="ready", year=2026, **fields):
    created = datetime(year, 5, 1, tzinfo=UTC)
    stored = {"path": f"users/ann/files/x/{name}", "generation": "1"}
    return {"name": name, "size": size, "state": state, "createdAt": created} | stored | fields


def entries(plan: Plan) -> list[list[str]]:
    return [[file.entry for file in part.files] for part in plan.parts]


def planned(*documents, most_bytes=100, most_files=100) -> Plan:
    numbered = [(f"id-{number}", fields) for number, fields in enumerate(documents)]
    return make_plan(numbered, most_bytes, most_files)


def test_library_without_files_still_has_one_archive():
    assert entries(planned()) == [[]]
    assert planned().archive_name(1) == "drop-export.zip"


def test_files_lie_by_year_and_what_is_in_the_trash_apart():
    plan = planned(document("a.txt", year=2025), document("b.txt"), document("c.txt", state="trashed"))
    assert entries(plan) == [["files/2025/a.txt", "files/2026/b.txt", "trash/c.txt"]]


def test_archives_are_filled_up_to_their_size_in_order():
    plan = planned(*(document(f"{n}.txt", size=40) for n in range(5)))
    assert [part.bytes for part in plan.parts] == [80, 80, 40]
    assert (plan.files, plan.bytes) == (5, 200)
    assert plan.archive_name(2) == "drop-export-2-of-3.zip"


def test_many_small_files_are_spread_so_that_no_task_takes_too_long():
    plan = planned(*(document(f"{n}.txt") for n in range(7)), most_files=3)
    assert [len(part.files) for part in plan.parts] == [3, 3, 1]


def test_file_larger_than_an_archive_gets_one_for_itself():
    plan = planned(document("a", size=30), document("b", size=300), document("c", size=30))
    assert [part.bytes for part in plan.parts] == [30, 300, 30]


def test_order_of_the_documents_does_not_change_the_plan():
    documents = [(f"id-{n}", document(f"{n % 3}.txt", year=2020 + n % 2)) for n in range(9)]
    assert make_plan(documents) == make_plan(reversed(documents))


def test_equal_names_are_told_apart_also_where_case_does_not_count():
    plan = planned(document("a.jpg"), document("A.JPG"), document("a.jpg"), document("a (2).jpg"))
    assert entries(plan) == [
        ["files/2026/a.jpg", "files/2026/A (2).JPG", "files/2026/a (3).jpg", "files/2026/a (2) (2).jpg"]
    ]


def lines_run(count, names):
    """How many lines of Python planning so many files takes, whatever the machine."""
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return trace

    documents = [(f"id-{number:06}", document(names(number))) for number in range(count)]
    sys.settrace(trace)
    try:
        plan = make_plan(documents)
    finally:
        sys.settrace(None)
    assert len({file.entry for part in plan.parts for file in part.files}) == count
    return lines


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(lambda number: "photo.jpg", id="one name"),
        pytest.param(lambda number: "Photo.JPG" if number % 2 else "photo.jpg", id="one name in two cases"),
        pytest.param(
            lambda number: f"photo ({number // 2}).jpg" if number % 2 else "photo.jpg", id="numbered"
        ),
        pytest.param(lambda number: f"photo{'?*:'[number % 3]}.jpg", id="one name for Windows"),
        pytest.param(lambda number: f"photo {number}.jpg", id="a name each"),
    ],
)
def test_planning_takes_four_times_as_long_for_four_times_the_files(names):
    assert lines_run(1_000, names) < 4.2 * lines_run(250, names)


def test_plan_survives_being_kept_as_json():
    plan = planned(document("산책.txt"), document("b.txt", size=99))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        pytest.param(document(), True, id="ready"),
        pytest.param(document(state="trashed"), True, id="trashed"),
        pytest.param(document(state="processing"), True, id="looked at this moment"),
        pytest.param(document(state="rejected", reason="processing-failed"), True, id="given up, bytes kept"),
        pytest.param(document(state="rejected", reason="quota"), False, id="refused, bytes removed"),
        pytest.param({"name": "a", "size": 1, "state": "uploading"}, False, id="not uploaded yet"),
    ],
)
def test_only_files_with_bytes_are_planned(fields, kept):
    assert has_original(fields) is kept
    assert planned(fields).files == int(kept)


@pytest.mark.parametrize(
    ("name", "portable"),
    [
        pytest.param("여름 휴가.jpg", "여름 휴가.jpg", id="Korean stays"),
        pytest.param(".env", ".env", id="a leading dot stays"),
        pytest.param('a<b>c:d"e|f?g*.txt', "a_b_c_d_e_f_g_.txt", id="characters of Windows"),
        pytest.param("../../etc/passwd", ".._.._etc_passwd", id="no way out of the folder"),
        pytest.param("..\\up", ".._up", id="nor on Windows"),
        pytest.param("con.txt", "_con.txt", id="a device"),
        pytest.param("LPT1", "_LPT1", id="a device without suffix"),
        pytest.param("console.txt", "console.txt", id="no device"),
        pytest.param("end. . ", "end", id="dots and spaces at the end"),
        pytest.param("...", "_", id="nothing but dots"),
        pytest.param("e\u0301.txt", "é.txt", id="one form of accents"),
    ],
)
def test_name_can_be_unpacked_everywhere(name, portable):
    assert portable_name(name) == portable


@pytest.mark.parametrize(
    "name", ["👍" * 196 + ".jpg", "가" * 200, "a." + "나" * 198], ids=["emoji", "bare", "suffix"]
)
def test_long_name_keeps_within_240_bytes_and_whole_characters(name):
    portable = portable_name(name)
    assert 200 <= len(portable.encode()) <= 240
    assert portable.endswith(".jpg") is name.endswith(".jpg")
    assert "\ufffd" not in portable


def test_archive_is_the_same_bytes_for_the_same_content(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"hello" * 1000)

    def build(name):
        with Archive(str(tmp_path / name)) as archive:
            archive.add_text("README.txt", "안녕하세요\n")
            archive.add_lines("documents/files.jsonl", [{"id": "1"}, {"id": "2"}])
            archive.add_file("files/사진.jpg", str(source), "image/jpeg", "2024-02-29T12:30:10.123456+00:00")
            archive.add_file("files/old.txt", str(source), "text/plain", "1970-01-01T00:00:00+00:00")
        return (tmp_path / name).read_bytes()

    assert build("one.zip") == build("two.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("documents/files.jsonl") == b'{"id": "1"}\n{"id": "2"}\n'
        picture, text = archive.getinfo("files/사진.jpg"), archive.getinfo("files/old.txt")
        assert (picture.compress_type, picture.date_time) == (zipfile.ZIP_STORED, (2024, 2, 29, 12, 30, 10))
        assert (text.compress_type, text.date_time) == (zipfile.ZIP_DEFLATED, (1980, 1, 1, 0, 0, 0))
        assert text.compress_size < 100
