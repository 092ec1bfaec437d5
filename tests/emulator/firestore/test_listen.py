from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.errors import FirestoreError, InvalidArgument, PermissionDenied
from emulator.firestore.callers import ADMIN, Caller
from emulator.firestore.documents import Document
from emulator.firestore.listen import (
    DocumentChanged,
    DocumentDeleted,
    DocumentRemoved,
    ExistenceFilter,
    ListenEvent,
    ListenSession,
    Target,
    TargetChanged,
)
from emulator.firestore.matching import Matcher
from emulator.firestore.values import Timestamp
from emulator.rules import compile_ruleset
from tests.emulator.firestore.world import (
    DATABASE,
    SECOND,
    World,
    delete,
    order,
    path,
    query,
    queued,
    update,
    where,
)

ALICE = Caller(uid="alice", token={"sub": "alice"})


def _said(events: list[ListenEvent]) -> list[str]:
    """Events in short: `+c/d 1` changed, `-c/d 1` deleted, `~c/d 1` removed, kinds with their targets."""
    return [_short(event) for event in events]


def _short(event: ListenEvent) -> str:
    match event:
        case TargetChanged(kind, target_ids):
            return " ".join([kind.name, *map(str, target_ids)])
        case DocumentChanged(document, target_ids, removed):
            parts = [f"+{document.path.relative}", *map(str, target_ids), *(f"!{each}" for each in removed)]
            return " ".join(parts)
        case DocumentDeleted(gone, removed):
            return " ".join([f"-{gone.relative}", *map(str, removed)])
        case DocumentRemoved(hidden, removed):
            return " ".join([f"~{hidden.relative}", *map(str, removed)])
        case ExistenceFilter(target_id, count):
            return f"FILTER {target_id} {count}"


def _heard(session: ListenSession) -> list[str]:
    return _said(queued(session))


def _token(events: list[ListenEvent]) -> bytes:
    last = events[-1]
    assert isinstance(last, TargetChanged)
    return last.resume_token


def _documents(*names: str) -> tuple[Any, ...]:
    return tuple(map(path, names))


# --- the first answer


async def test_query_target_answers_with_its_documents_current_and_one_boundary(world: World) -> None:
    await world.put(a={"n": 1}, b={"n": 2})
    session = world.listen()

    await session.add_target(Target(1, query=query()))
    events = queued(session)

    assert _said(events) == ["ADD 1", "+c/a 1", "+c/b 1", "CURRENT 1", "NO_CHANGE"]
    current, boundary = events[-2:]
    assert isinstance(current, TargetChanged)
    assert isinstance(boundary, TargetChanged)
    assert current.resume_token == boundary.resume_token != b""
    assert current.read_time == boundary.read_time is not None


async def test_documents_target_says_which_are_missing(world: World) -> None:
    await world.put(a={})
    session = world.listen()

    await session.add_target(Target(3, documents=_documents("c/a", "c/none")))

    assert _heard(session) == ["ADD 3", "+c/a 3", "-c/none 3", "CURRENT 3", "NO_CHANGE"]


async def test_target_without_id_gets_the_first_free_one(world: World) -> None:
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    await session.add_target(Target(0, query=query()))
    await session.add_target(Target(-5, query=query()))

    assert [said for said in _heard(session) if said.startswith("ADD")] == ["ADD 1", "ADD 2", "ADD -5"]


async def test_target_id_in_use_ends_the_stream_after_what_is_queued(world: World) -> None:
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    await session.add_target(Target(1, query=query("d")))

    assert _heard(session) == ["ADD 1", "CURRENT 1", "NO_CHANGE"]
    with pytest.raises(InvalidArgument):
        await session.next_events()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Target(1, query=query(limit=-1)), "limit is negative"),
        (Target(1), "A target must have a query or documents."),
        (Target(1, query=query(), resume_token=b"garbage"), "bad resume token"),
    ],
    ids=["query", "empty", "token"],
)
async def test_refused_target_is_removed_with_its_cause_and_the_stream_goes_on(
    world: World, target: Target, message: str
) -> None:
    session = world.listen()

    await session.add_target(target)
    events = queued(session)
    await session.add_target(Target(1, query=query()))

    assert _said(events) == ["ADD 1", "REMOVE 1"]
    removed = events[-1]
    assert isinstance(removed, TargetChanged)
    assert isinstance(removed.cause, FirestoreError)
    assert removed.cause.message == message
    assert _heard(session) == ["ADD 1", "CURRENT 1", "NO_CHANGE"]


# --- commits


async def test_commit_is_one_snapshot_of_what_it_changed(world: World) -> None:
    await world.put(kept={"n": 1}, changed={"n": 1}, gone={"n": 1}, left={"n": 1}, outside={"n": 9})
    session = world.listen()
    await session.add_target(Target(1, query=query(where=where("n", "<", 5))))
    queued(session)

    result = await world.commit(
        update("c/changed", {"n": 2}),
        delete("c/gone"),
        update("c/left", {"n": 6}),
        update("c/new", {"n": 3}),
        update("c/outside", {"n": 8}),
        update("d/x", {"n": 1}),
    )
    events = queued(session)

    assert _said(events) == ["+c/changed 1", "-c/gone 1", "+c/left !1", "+c/new 1", "NO_CHANGE"]
    boundary = events[-1]
    assert isinstance(boundary, TargetChanged)
    assert boundary.read_time == result.commit_time


async def test_commit_elsewhere_wakes_nobody(world: World) -> None:
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    queued(session)

    await world.commit(update("d/x", {}), update("c/x/c/y", {}), delete("c/none"))

    assert _heard(session) == []


async def test_document_in_several_targets_comes_once_for_all(world: World) -> None:
    session = world.listen()
    await session.add_target(Target(1, query=query(where=where("a", "==", 1))))
    await session.add_target(Target(2, query=query(where=where("b", "==", 1))))
    await session.add_target(Target(3, documents=_documents("c/x")))
    await session.add_target(Target(4, query=query(all_descendants=True)))
    queued(session)

    await world.put(x={"a": 1, "b": 1})
    entered = queued(session)[0]
    assert isinstance(entered, DocumentChanged)
    assert sorted(entered.target_ids) == [1, 2, 3, 4]
    await world.put(x={"b": 1})
    changed = queued(session)[0]
    assert isinstance(changed, DocumentChanged)
    assert (sorted(changed.target_ids), changed.removed_target_ids) == ([2, 3, 4], (1,))
    await world.commit(delete("c/x"))
    gone = queued(session)[0]
    assert isinstance(gone, DocumentDeleted)
    assert sorted(gone.removed_target_ids) == [2, 3, 4]


async def test_sessions_hear_the_same_document_object(world: World) -> None:
    sessions = [world.listen() for _ in range(3)]
    for session in sessions:
        await session.add_target(Target(1, query=query()))
        queued(session)

    await world.put(x={})

    heard = [queued(session)[0] for session in sessions]
    assert len({id(event.document) for event in heard if isinstance(event, DocumentChanged)}) == 1


async def test_write_that_changes_nothing_shows_the_document_again_to_those_who_wait_for_their_write(
    world: World,
) -> None:
    await world.put(x={"n": 1})
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    first = queued(session)[1]

    await world.put(x={"n": 1})
    again = queued(session)

    assert isinstance(first, DocumentChanged)
    assert isinstance(again[0], DocumentChanged)
    assert again[0].document is first.document
    assert _said(again) == ["+c/x 1", "NO_CHANGE"]


async def test_limit_query_replaces_what_leaves_within_one_snapshot(world: World) -> None:
    await world.put(a={"n": 1}, b={"n": 2}, d={"n": 3}, e={"n": 4})
    session = world.listen()
    await session.add_target(Target(1, query=query(order_by=(order("n"),), limit=2)))
    assert _heard(session) == ["ADD 1", "+c/a 1", "+c/b 1", "CURRENT 1", "NO_CHANGE"]

    await world.commit(delete("c/a"))
    assert _heard(session) == ["+c/d 1", "-c/a 1", "NO_CHANGE"]
    await world.put(new={"n": 0})
    assert _heard(session) == ["+c/new 1", "+c/d !1", "NO_CHANGE"]
    await world.put(b={"n": 9})
    assert _heard(session) == ["+c/d 1", "+c/b !1", "NO_CHANGE"]
    await world.put(e={"n": 5})
    assert _heard(session) == []


async def test_clear_and_load_are_seen(world: World) -> None:
    await world.put(a={}, b={})
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    queued(session)
    documents = list(world.engine.documents(DATABASE))

    world.engine.clear(DATABASE)
    assert _heard(session) == ["-c/a 1", "-c/b 1", "NO_CHANGE"]
    world.engine.load(DATABASE, documents)
    assert _heard(session) == ["+c/a 1", "+c/b 1", "NO_CHANGE"]


async def test_next_events_waits_for_a_commit(world: World) -> None:
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    queued(session)

    waiting = asyncio.create_task(session.next_events())
    await asyncio.sleep(0)
    assert not waiting.done()
    await world.put(x={})

    assert _said(await asyncio.wait_for(waiting, 5)) == ["+c/x 1", "NO_CHANGE"]


async def test_removed_target_and_closed_session_hear_nothing_more(world: World) -> None:
    session, closed = world.listen(), world.listen()
    for each in (session, closed):
        await each.add_target(Target(1, query=query()))
        queued(each)

    session.remove_target(1)
    session.remove_target(7)
    closed.close()
    closed.close()
    await world.put(x={})

    assert _heard(session) == ["REMOVE 1"]
    assert world.engine.database(DATABASE).listeners._by_place == {}


# --- resuming


async def test_resumed_target_gets_the_delta_alone(world: World) -> None:
    await world.put(kept={"n": 1}, changed={"n": 1}, gone={"n": 1}, left={"n": 1})
    session = world.listen()
    asked = query(where=where("n", "<", 5))
    await session.add_target(Target(1, query=asked))
    token = _token(queued(session))
    session.close()
    await world.commit(update("c/changed", {"n": 2}), delete("c/gone"), update("c/passing", {}))
    await world.commit(update("c/left", {"n": 7}), update("c/new", {"n": 1}), delete("c/passing"))

    resumed = world.listen()
    await resumed.add_target(Target(9, query=asked, resume_token=token))

    heard = _heard(resumed)
    assert sorted(heard[1:-2]) == sorted(["+c/changed 9", "-c/gone 9", "+c/left !9", "+c/new 9"])
    assert (heard[0], heard[-2:]) == ("ADD 9", ["CURRENT 9", "NO_CHANGE"])


async def test_resumed_target_with_a_count_gets_the_count(world: World) -> None:
    await world.put(a={}, b={})
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    token = _token(queued(session))
    await world.commit(delete("c/a"))

    resumed = world.listen()
    await resumed.add_target(Target(1, query=query(), resume_token=token, expected_count=2))

    assert _heard(resumed) == ["ADD 1", "-c/a 1", "FILTER 1 1", "CURRENT 1", "NO_CHANGE"]


@pytest.mark.parametrize(("minutes", "billed"), [(29, 1), (31, 3)])
async def test_listener_that_was_away_for_more_than_half_an_hour_pays_like_a_query(
    world: World, minutes: int, billed: int
) -> None:
    await world.put(a={}, b={}, gone={})
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    token = _token(queued(session))
    session.close()
    await world.commit(update("c/new", {}), delete("c/gone"))
    world.now = Timestamp(world.now.micros + minutes * 60 * SECOND)
    usage = world.engine.meter.of(DATABASE.project)
    usage.reset()

    resumed = world.listen()
    await resumed.add_target(Target(1, query=query(), resume_token=token))

    assert sorted(_heard(resumed)[1:-2]) == ["+c/new 1", "-c/gone 1"]
    assert usage.reads == billed


async def test_resumed_documents_target_hears_of_deletes(world: World) -> None:
    await world.put(a={"n": 1}, b={})
    session = world.listen()
    target = Target(1, documents=_documents("c/a", "c/b", "c/e"))
    await session.add_target(target)
    token = _token(queued(session))
    await world.commit(delete("c/a"), update("c/e", {}))

    resumed = world.listen()
    await resumed.add_target(Target(1, documents=target.documents, resume_token=token))

    heard = _heard(resumed)
    assert sorted(heard[1:-2]) == ["+c/e 1", "-c/a 1"]


async def test_resume_by_read_time(world: World) -> None:
    await world.put(a={})
    time = (await world.commit(update("c/b", {}))).commit_time
    await world.put(d={})

    session = world.listen()
    await session.add_target(Target(1, query=query(), read_time=time))

    assert _heard(session) == ["ADD 1", "+c/d 1", "CURRENT 1", "NO_CHANGE"]


@pytest.mark.parametrize("reason", ["other engine", "forgotten"])
async def test_token_that_says_nothing_any_more_resets_and_sends_everything(
    world: World, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.firestore.history.MAX_CHANGES", 3)
    await world.put(a={})
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    token = _token(queued(session))
    if reason == "forgotten":
        for n in range(5):
            await world.put(a={"n": n})
    else:
        token = b"\0\0\0\0" + token[4:]

    resumed = world.listen()
    await resumed.add_target(Target(1, query=query(), resume_token=token))

    assert _heard(resumed) == ["ADD 1", "RESET 1", "+c/a 1", "CURRENT 1", "NO_CHANGE"]


# --- slow clients


@pytest.mark.parametrize(("bound", "most"), [("MAX_QUEUED_EVENTS", 10), ("MAX_QUEUED_BYTES", 1000)])
async def test_client_that_does_not_read_gets_everything_anew_instead_of_a_growing_queue(
    world: World, bound: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"emulator.firestore.listen.{bound}", most)
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    await session.add_target(Target(2, documents=_documents("c/x", "c/none")))
    queued(session)

    for n in range(50):
        await world.put(x={"n": n})
        assert len(session._queue) < 40
    session.remove_target(2)
    await session.add_target(Target(3, query=query(where=where("n", "==", 49))))
    caught_up = _heard(session)
    await world.put(x={"n": 1})

    assert caught_up == [
        *["REMOVE 2", "ADD 3", "RESET 1", "+c/x 1", "RESET 3", "+c/x 3"],
        *["CURRENT 1 3", "NO_CHANGE"],
    ]
    assert _heard(session) == ["+c/x 1 !3", "NO_CHANGE"]


# --- rules

OWNED = """
    match /c/{id} {
      allow get: if resource == null || resource.data.owner == request.auth.uid;
      allow list: if resource.data.owner == request.auth.uid;
    }
"""


async def test_denied_target_is_removed_with_the_reason_and_the_allowed_one_stays(world: World) -> None:
    world.rules(OWNED)
    session = world.listen(ALICE)

    await session.add_target(Target(1, query=query()))
    await session.add_target(Target(2, query=query(where=where("owner", "==", "alice"))))
    events = queued(session)

    assert _said(events) == ["ADD 1", "REMOVE 1", "ADD 2", "CURRENT 2", "NO_CHANGE"]
    removed = events[1]
    assert isinstance(removed, TargetChanged)
    assert isinstance(removed.cause, PermissionDenied)
    assert "for 'list' @ L" in removed.cause.message


async def test_document_that_leaves_is_shown_only_to_those_who_may_read_it(world: World) -> None:
    world.rules(OWNED)
    await world.put(x={"owner": "alice"}, y={"owner": "alice", "n": 1})
    both = world.listen(ALICE), world.listen(ADMIN)
    for session in both:
        await session.add_target(Target(1, query=query(where=where("owner", "==", "alice"))))
        queued(session)

    await world.put(x={"owner": "bob"})

    assert [_heard(session) for session in both] == [["~c/x 1", "NO_CHANGE"], ["+c/x !1", "NO_CHANGE"]]


async def test_documents_target_ends_when_the_document_becomes_unreadable(world: World) -> None:
    world.rules(OWNED)
    await world.put(x={"owner": "alice"}, y={"owner": "alice"})
    session = world.listen(ALICE)
    await session.add_target(Target(1, documents=_documents("c/x")))
    await session.add_target(Target(2, documents=_documents("c/y")))
    queued(session)

    await world.put(x={"owner": "bob", "secret": 1})
    assert _heard(session) == ["REMOVE 1"]
    await world.commit(delete("c/y"))
    assert _heard(session) == ["-c/y 2", "NO_CHANGE"]


async def test_changed_rules_end_the_targets_they_no_longer_allow(world: World) -> None:
    world.rules("match /{any=**} { allow read; }")
    session, admin = world.listen(ALICE), world.listen(ADMIN)
    for each in (session, admin):
        await each.add_target(Target(1, query=query()))
        await each.add_target(Target(2, query=query("d")))
        queued(each)

    world.rules("match /d/{id} { allow read; }")
    await world.commit(update("c/x", {}), update("d/x", {}))

    events = queued(session)
    assert _said(events) == ["REMOVE 1", "+d/x 2", "NO_CHANGE"]
    assert isinstance(events[0], TargetChanged)
    assert isinstance(events[0].cause, PermissionDenied)
    assert _heard(admin) == ["+c/x 1", "+d/x 2", "NO_CHANGE"]


async def test_changed_rules_of_another_project_leave_the_targets(world: World) -> None:
    world.rules("match /{any=**} { allow read; }")
    session = world.listen(ALICE)
    await session.add_target(Target(1, query=query()))
    queued(session)

    world.engine.set_rules("another", compile_ruleset("service cloud.firestore { }"))
    await world.commit(update("c/x", {}))

    assert _heard(session) == ["+c/x 1", "NO_CHANGE"]


MEMBERS = """
    match /c/{id} {
      allow read: if get(/databases/$(db)/documents/members/$(request.auth.uid)).data.role != 'none';
    }
    match /open/{id} { allow read: if !exists(/databases/$(db)/documents/closed/all); }
"""


async def test_query_ends_when_a_document_that_rules_read_for_it_no_longer_allows_it(world: World) -> None:
    world.rules(MEMBERS)
    await world.commit(*(update(f"members/{name}", {"role": "reader"}) for name in ("alice", "bob")))
    alice, bob = world.listen(ALICE), world.listen(Caller(uid="bob", token={"sub": "bob"}))
    for session in (alice, bob):
        await session.add_target(Target(1, query=query()))
        queued(session)

    await world.commit(update("members/alice", {"role": "writer"}), update("c/x", {"n": 1}))
    assert [_heard(session) for session in (alice, bob)] == [["+c/x 1", "NO_CHANGE"]] * 2, (
        "both may still read"
    )
    await world.commit(update("members/alice", {"role": "none"}), update("c/x", {"n": 2}))

    events = queued(alice)
    assert _said(events) == ["REMOVE 1"]
    assert isinstance(events[0], TargetChanged)
    assert isinstance(events[0].cause, PermissionDenied)
    assert _heard(bob) == ["+c/x 1", "NO_CHANGE"]


async def test_query_of_a_client_that_does_not_read_ends_too_when_rules_no_longer_allow_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.firestore.listen.MAX_QUEUED_EVENTS", 1)
    world.rules(MEMBERS)
    await world.commit(*(update(f"members/{name}", {"role": "reader"}) for name in ("alice", "bob")))
    alice, bob = world.listen(ALICE), world.listen(Caller(uid="bob", token={"sub": "bob"}))
    for session in (alice, bob):
        await session.add_target(Target(1, query=query()))
        queued(session)
    await world.put(x={"n": 1}, y={"n": 1})

    await world.commit(update("members/alice", {"role": "none"}), update("c/x", {"n": 2}))

    assert _heard(alice) == ["REMOVE 1"]
    assert _heard(bob) == ["RESET 1", "+c/x 1", "+c/y 1", "CURRENT 1", "NO_CHANGE"]


async def test_query_ends_when_a_document_that_rules_did_not_find_appears(world: World) -> None:
    world.rules(MEMBERS)
    session = world.listen(ALICE)
    await session.add_target(Target(1, query=query("open")))
    await session.add_target(Target(2, documents=_documents("open/a", "open/b")))
    queued(session)

    await world.commit(update("closed/other", {}))
    assert _heard(session) == []
    await world.commit(update("open/a", {}))
    assert _heard(session) == ["+open/a 1 2", "NO_CHANGE"]
    await world.commit(update("closed/all", {}))
    assert _heard(session) == ["REMOVE 1", "REMOVE 2"]


async def test_rules_are_asked_again_only_for_what_they_read(world: World) -> None:
    world.rules(MEMBERS)
    await world.commit(update("members/alice", {"role": "reader"}))
    session = world.listen(ALICE)
    await session.add_target(Target(1, query=query()))
    asked: list[str] = []
    world.engine.rules_observers.append(lambda evaluation: asked.append(evaluation.path))

    await world.commit(update("members/bob", {}), update("c/x", {}), update("d/x", {}))
    before = [path for path in asked if path.endswith("*")]
    await world.commit(update("members/alice", {"role": "writer"}))
    after = [path for path in asked if path.endswith("*")]

    assert (before, after) == ([], ["c/*"])


# --- cost


async def test_commit_costs_a_listener_what_it_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On 5,000 documents, a commit of one looks at no more than its own two states."""
    await world.commit(*(update(f"c/{n}", {"n": n}) for n in range(5_000)))
    session = world.listen()
    await session.add_target(Target(1, query=query()))
    await session.add_target(Target(2, query=query(order_by=(order("n", "DESC"),), limit=20)))
    queued(session)
    looked_at: list[Document] = []
    matches = Matcher.matches
    monkeypatch.setattr(
        Matcher, "matches", lambda self, document: looked_at.append(document) or matches(self, document)
    )

    await world.commit(update("c/new", {"n": 9_999}))

    assert _heard(session) == ["+c/new 1 2", "+c/4980 !2", "NO_CHANGE"]
    assert len(looked_at) <= 4
