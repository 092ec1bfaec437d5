import time

import pytest
from app import download_grants
from app.download_grants import Grant

GRANT = Grant("a" * 22, "1234567890")


def test_grant_is_read_as_it_was_signed():
    assert download_grants.read(download_grants.sign(GRANT)) == GRANT


@pytest.mark.parametrize("text", ["", "nonsense", "a.b.c", "é.b.c", "." * 5000])
def test_text_that_was_not_signed_is_no_grant(text):
    assert download_grants.read(text) is None


def test_grant_that_was_changed_is_none():
    signed = download_grants.sign(GRANT)
    payload, time_, signature = signed.rsplit(".", 2)
    other = download_grants.sign(Grant("b" * 22, "1234567890")).rsplit(".", 2)[0]
    assert download_grants.read(f"{payload}.{time_}.{signature}") == GRANT
    assert download_grants.read(f"{other}.{time_}.{signature}") is None


def test_grant_of_another_key_is_none(monkeypatch):
    signed = download_grants.sign(GRANT)
    monkeypatch.setenv("SHARE_KEY", "another key that is just as long as it")
    assert download_grants.read(signed) is None


def test_grant_ends_after_ten_minutes(monkeypatch):
    signed = download_grants.sign(GRANT)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 599)
    assert download_grants.read(signed) == GRANT
    monkeypatch.setattr(time, "time", lambda: now + 602)
    assert download_grants.read(signed) is None


@pytest.mark.parametrize("key", ["", "short"])
def test_nothing_is_signed_without_a_real_key(monkeypatch, key):
    monkeypatch.setenv("SHARE_KEY", key)
    with pytest.raises(download_grants.KeyMissing):
        download_grants.sign(GRANT)
