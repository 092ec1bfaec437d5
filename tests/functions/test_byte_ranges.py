import pytest
from app.byte_ranges import ByteRange, Unsatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", (0, 9)),
        ("bytes=90-", (90, 99)),
        ("bytes=90-500", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        ("Bytes=5-5", (5, 5)),
    ],
)
def test_range_is_read(header, expected):
    assert parse_range(header, 100) == ByteRange(*expected)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=0-1,4-5",
        "lines=0-1",
        "bytes=" + "9" * 400 + "-",
        "bytes=٣-٤",
    ],
)
def test_what_is_no_single_range_is_ignored(header):
    assert parse_range(header, 100) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=0-0", 0)]
)
def test_range_outside_of_the_file_cannot_be_satisfied(header, size):
    with pytest.raises(Unsatisfiable):
        parse_range(header, size)
