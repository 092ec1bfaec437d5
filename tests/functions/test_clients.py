from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import firebase_admin
import pytest
from app import clients


@pytest.fixture
def no_auth_client_yet(monkeypatch):
    def forget():
        clients._auth_client.cache_clear()
        clients._own_app.cache_clear()
        if "drop" in firebase_admin._apps:
            firebase_admin.delete_app(firebase_admin.get_app("drop"))

    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:1")
    forget()
    yield
    forget()


def test_first_calls_at_the_same_time_share_one_auth_client(no_auth_client_yet):
    start = Barrier(8)

    def call(_):
        start.wait(10)
        return clients.auth()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(call, range(8)))
    assert all(client is found[0] for client in found)
