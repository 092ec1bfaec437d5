from concurrent.futures import ThreadPoolExecutor

import pytest
from app.client_limits import Client, ClientLimits, client_of

ANN, BOB, CAT, DAN = (Client(name, name) for name in ("ann", "bob", "cat", "dan"))


def counted(limits, client, now, times):
    for _ in range(times):
        limits.count(client, now)


def test_client_waits_when_it_asked_too_often_until_the_window_is_over():
    limits = ClientLimits(count=3, seconds=60)
    counted(limits, ANN, 100.0, 2)
    assert limits.wait(ANN, 100.0) == 0
    limits.count(ANN, 110.5)
    assert limits.wait(ANN, 110.5) == 50
    limits.count(ANN, 160.0)
    assert limits.wait(ANN, 160.0) == 0


def test_clients_do_not_wait_for_each_other():
    limits = ClientLimits(count=1, seconds=60)
    limits.count(ANN, 0.0)
    assert (limits.wait(ANN, 0.0), limits.wait(BOB, 0.0)) == (60, 0)


def test_clients_of_one_peer_share_ten_times_as_much():
    limits = ClientLimits(count=2, seconds=60)
    counted(limits, Client("ann", "edge"), 0.0, 2)
    assert limits.wait(Client("bob", "edge"), 0.0) == 0
    for number in range(18):
        limits.count(Client(f"made up {number}", "edge"), 0.0)
    assert limits.wait(Client("bob", "edge"), 0.0) == 60
    assert limits.wait(Client("bob", "another edge"), 0.0) == 0


def test_only_the_clients_seen_last_are_remembered():
    limits = ClientLimits(count=1, seconds=60, clients=3)
    for client in (ANN, BOB, CAT, ANN, DAN):
        limits.count(client, 0.0)
    assert [client for client in (ANN, BOB, CAT, DAN) if limits.wait(client, 0.0)] == [ANN, CAT, DAN]


def test_made_up_clients_do_not_make_their_peer_forgotten():
    limits = ClientLimits(count=1, seconds=60, clients=3)
    for number in range(100):
        limits.count(Client(str(number), "peer"), 0.0)
    assert limits.wait(Client("new", "peer"), 0.0) == 60


def test_requests_at_the_same_time_are_all_counted():
    limits = ClientLimits(count=1000, seconds=60)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counted(limits, ANN, 0.0, 125), range(8)))
    assert limits.wait(ANN, 0.0) > 0


VISITOR, EDGE, NODE = "203.0.113.7", "151.101.1.1", "157.52.91.44"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        pytest.param(
            f"{VISITOR}, {EDGE}, {NODE}", Client(f"{VISITOR} {EDGE} {NODE}", NODE), id="through Hosting"
        ),
        pytest.param(
            f"made up, {VISITOR}, {EDGE}, {NODE}", Client(f"{VISITOR} {EDGE} {NODE}", NODE), id="with more"
        ),
        pytest.param(VISITOR, Client(VISITOR, VISITOR), id="the function itself"),
        pytest.param(
            f"made up, {VISITOR}", Client(f"made up {VISITOR}", VISITOR), id="the function, with more"
        ),
        pytest.param(None, Client("127.0.0.1", "127.0.0.1"), id="no header"),
        pytest.param(" , ", Client("127.0.0.1", "127.0.0.1"), id="an empty one"),
    ],
)
def test_peer_is_who_connected_and_nothing_that_a_client_wrote(forwarded, client):
    assert client_of(forwarded, "127.0.0.1") == client
