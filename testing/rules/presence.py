"""Which emulators are there: the environment names them, and they are asked whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import requests

from testing.rules.wire import Addresses, is_official

_OURS_AND_GOOGLES: Final = {"emulator": "Kindling's", "official": "Google's"}
_HOSTS: Final = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_STORAGE_EMULATOR_HOST")
_OFFICIAL_HOSTS: Final = ("OFFICIAL_FIRESTORE_EMULATOR_HOST", "OFFICIAL_STORAGE_EMULATOR_HOST")


def find(backend: str, environment: Mapping[str, str]) -> Addresses | str:
    """Where the emulators of a backend are, or why there are none.

    Google's may have variables of its own, so that one run can ask both.
    """
    apart = backend == "official" and _OFFICIAL_HOSTS[0] in environment
    firestore, storage = _OFFICIAL_HOSTS if apart else _HOSTS
    host = environment.get(firestore)
    if not host:
        also = f" and {_OFFICIAL_HOSTS[0]}" if backend == "official" else ""
        missing = f"{firestore}{also} {'are' if also else 'is'} not set"
        return f"the {backend} backend needs a running suite: {missing}"
    try:
        whose = "official" if is_official(host) else "emulator"
    except requests.RequestException:
        return f"the {backend} backend is not there: nobody answers at {host}, which {firestore} names"
    if whose != backend:
        return f"the {backend} backend is not there: the emulator at {host} is {_OURS_AND_GOOGLES[whose]}"
    return Addresses(host, environment.get(storage), environment.get("GCLOUD_PROJECT", "demo-rules"))
