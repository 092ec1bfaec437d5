"""Files that are announced and never uploaded, against the Firestore emulator; three are too many here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from app import unfinished
from app.sweep_steps import Cursors, Step

MOST = 3


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(unfinished, "MOST_PENDING", MOST)


def announce(drop, count, **fields):
    keys = [drop.announce() for _ in range(count)]
    for key in keys:
        if fields:
            drop.firestore.document(key.document).update(fields)
    return keys


def test_user_with_fewer_is_left_alone(drop):
    drop.make_profile()
    announce(drop, MOST - 1)
    before = drop.profile()
    assert not unfinished.recount(drop.uid)
    assert drop.profile() == before


def test_user_with_too_many_is_told_apart_and_counted_once(drop):
    drop.make_profile()
    announce(drop, MOST + 1)
    announce(drop, 1, state="ready")
    assert [unfinished.recount(drop.uid) for _ in range(2)] == [True, False]
    assert drop.profile()["pending"] == MOST + 1


def test_user_without_a_profile_gets_none(drop):
    announce(drop, MOST)
    assert not unfinished.recount(drop.uid)
    assert drop.profile() is None


def test_usage_that_changes_leaves_the_count_where_it_is(drop):
    drop.make_profile()
    announce(drop, MOST)
    unfinished.recount(drop.uid)
    drop.ready_file(b"text", "a.txt", "text/plain")
    assert (drop.profile()["pending"], drop.usage()) == (MOST, (4, 1))


def test_deleting_one_of_too_many_counts_again_whenever_and_however_often_its_event_comes(drop):
    drop.make_profile()
    keys = announce(drop, MOST + 1)
    unfinished.recount(drop.uid)
    first, second = ((key, drop.delete_document(key)) for key in keys[:2])
    drop.document_deleted(*second)
    assert "pending" not in drop.profile()
    drop.document_deleted(*first)
    drop.document_deleted(*second)
    assert "pending" not in drop.profile()


def test_deleting_one_of_few_or_one_that_was_ready_counts_nothing(drop, monkeypatch):
    drop.make_profile()
    (waiting,) = announce(drop, 1)
    ready, _ = drop.ready_file(b"text", "a.txt", "text/plain")
    monkeypatch.setattr(unfinished, "recount", pytest.fail)
    drop.document_deleted(waiting, drop.delete_document(waiting))
    drop.document_deleted(ready, drop.delete_document(ready))


def test_sweep_finds_who_announced_too_many_and_whose_deletions_were_lost(everybody):
    now = datetime.now(UTC)
    ann, ben, cleo, dan = (everybody(name) for name in ("ann", "ben", "cleo", "dan"))
    for drop in (ann, ben, cleo):
        drop.make_profile()
    dan.make_profile(pending=700)
    announce(ann, MOST, createdAt=now - timedelta(hours=23))
    announce(ben, MOST - 1)
    announce(cleo, MOST, createdAt=now - timedelta(hours=25))

    def recounted():
        steps = {"crowded": unfinished.recount_crowded, "announcing": unfinished.recount_announcing}
        return [step(Step(name, now)).count for name, step in steps.items()]

    assert recounted() == [1, 1]
    assert [drop.profile().get("pending") for drop in (ann, ben, cleo, dan)] == [MOST, None, None, None]
    assert recounted() == [0, 0]


def test_flood_of_one_user_does_not_hide_that_of_another(everybody):
    now = datetime.now(UTC)
    drops = [everybody(name) for name in ("ann", "ben")]
    for minutes, drop in zip((50, 40), drops, strict=True):
        drop.make_profile()
        announce(drop, MOST, createdAt=now - timedelta(minutes=minutes))
    cursors = Cursors()
    step = Step("announcing", now, cursors=cursors, reads=MOST)
    assert (unfinished.recount_announcing(step).count, drops[1].profile().get("pending")) == (1, None)
    assert (unfinished.recount_announcing(step).count, drops[1].profile()["pending"]) == (1, MOST)
