import pytest
from app.usage import DEFAULT_QUOTA, NOTHING, Amount


def test_a_file_comes_and_goes():
    assert NOTHING.with_file(10).with_file(5).without_file(10) == Amount(bytes=5, files=1)


def test_usage_is_never_negative():
    assert Amount(bytes=3, files=0).without_file(10) == NOTHING


@pytest.mark.parametrize(
    ("usage", "fits"),
    [
        (Amount(100, 2), True),
        (Amount(101, 2), False),
        (Amount(100, 3), False),
    ],
)
def test_usage_fits_up_to_the_quota(usage, fits):
    assert usage.fits(Amount(100, 2)) is fits


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        pytest.param({"bytes": 1, "files": 2}, Amount(1, 2), id="whole"),
        pytest.param({"bytes": 1}, Amount(1, DEFAULT_QUOTA.files), id="half"),
        pytest.param(None, DEFAULT_QUOTA, id="missing"),
        pytest.param({"bytes": "1", "files": True}, DEFAULT_QUOTA, id="wrong types"),
    ],
)
def test_parse_takes_the_default_for_what_is_missing(value, amount):
    assert Amount.parse(value, DEFAULT_QUOTA) == amount
