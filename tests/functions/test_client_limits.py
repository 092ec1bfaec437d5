from concurrent.futures import ThreadPoolExecutor

from app.client_limits import ClientLimits


def counted(limits, client, now, times):
    for _ in range(times):
        limits.count(client, now)


def test_client_waits_when_it_asked_too_often_until_the_window_is_over():
    limits = ClientLimits(count=3, seconds=60)
    counted(limits, "ann", 100.0, 2)
    assert limits.wait("ann", 100.0) == 0
    limits.count("ann", 110.5)
    assert limits.wait("ann", 110.5) == 50
    limits.count("ann", 160.0)
    assert limits.wait("ann", 160.0) == 0


def test_clients_do_not_wait_for_each_other():
    limits = ClientLimits(count=1, seconds=60)
    limits.count("ann", 0.0)
    assert (limits.wait("ann", 0.0), limits.wait("bob", 0.0)) == (60, 0)


def test_only_the_clients_seen_last_are_remembered():
    limits = ClientLimits(count=1, seconds=60, clients=3)
    for client in ("ann", "bob", "cat", "ann", "dan"):
        limits.count(client, 0.0)
    assert len(limits) == 3
    assert [client for client in ("ann", "bob", "cat", "dan") if limits.wait(client, 0.0)] == [
        "ann",
        "cat",
        "dan",
    ]


def test_requests_at_the_same_time_are_all_counted():
    limits = ClientLimits(count=1000, seconds=60)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counted(limits, "ann", 0.0, 125), range(8)))
    assert limits.wait("ann", 0.0) > 0
