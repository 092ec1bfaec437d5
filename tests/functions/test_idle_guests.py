"""Guests who do not come back, against the emulators: Authentication says when they were here last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from app import clients, departures, sweeping
from app.profiles import GUEST_IDLE_AFTER
from pictures import jpeg

PHOTO = jpeg()
SOON = timedelta(minutes=1)


@pytest.fixture
def guest(everybody):
    """Makes a guest, by name, as signing in without an account does."""

    def make(name: str, **user):
        drop = everybody(name)
        clients.auth().create_user(uid=drop.uid, **user)
        drop.user_created()
        return drop

    return make


def sweep(now, **bounds):
    report = sweeping.run(now, **bounds)
    assert report.failed == []
    return report.counts["idleGuests"]


def until(drop):
    return drop.profile()["guestUntil"]


def test_guest_who_does_not_come_back_goes_with_everything(guest, task_queue):
    drop = guest("ann")
    drop.ready_file(PHOTO)
    assert sweep(until(drop) - SOON) == 0
    assert sweep(until(drop) + SOON) == 1
    assert drop.profile()["state"] == "deleting"
    task_queue.run()
    assert (drop.profile(), drop.objects()) == (None, [])
    assert clients.find_user(drop.uid) is None
    assert departures.count_remains(drop.uid).documents == 0


def test_guest_who_was_here_stays_for_as_long_again(guest, monkeypatch):
    drop = guest("ann")
    before = until(drop)
    find = clients.find_user

    def seen_lately(uid):
        user = find(uid)
        return replace(user, last_refresh_at=before - timedelta(days=3))

    monkeypatch.setattr(clients, "find_user", seen_lately)
    assert sweep(before + SOON) == 0
    assert drop.profile()["state"] == "active"
    assert until(drop) == before - timedelta(days=3) + GUEST_IDLE_AFTER
    assert sweep(before + 2 * SOON) == 0


def test_guest_who_became_an_account_stays(guest):
    drop = guest("ann", email="ann@example.com", password="secret words")
    assert sweep(until(drop) + SOON) == 0
    profile = drop.profile()
    assert (profile["state"], profile["email"]) == ("active", "ann@example.com")
    assert "guestUntil" not in profile
    assert sweep(datetime.now(UTC) + 2 * GUEST_IDLE_AFTER) == 0


def test_guest_who_was_suspended_stays_until_somebody_has_looked(guest):
    drop = guest("ann")
    drop.firestore.document(f"users/{drop.uid}").update({"state": "suspended"})
    now = until(drop) + SOON
    assert sweep(now) == 0
    assert (drop.profile()["state"], until(drop)) == ("suspended", now + GUEST_IDLE_AFTER)


def test_profile_of_a_guest_whom_authentication_does_not_know_goes(guest, task_queue):
    drop = guest("ann")
    clients.auth().delete_user(drop.uid)
    assert sweep(until(drop) + SOON) == 1
    task_queue.run()
    assert drop.profile() is None


def test_removal_that_is_under_way_is_not_begun_again(guest, task_queue):
    drop = guest("ann")
    now = until(drop) + SOON
    assert sweep(now) == 1
    task_queue.tasks.clear()
    assert sweep(now) == 0
    assert task_queue.tasks == []


def test_so_many_go_in_one_run_and_the_others_in_the_next(guest, task_queue):
    drops = [guest(name) for name in "abc"]
    now = max(map(until, drops)) + SOON
    assert sweep(now, documents=2) == 2
    task_queue.run()
    assert [drop.profile() is None for drop in drops] == [True, True, False]
    assert sweep(now, documents=2) == 1
    task_queue.run()
    assert drops[2].profile() is None
