"""Imports firebase-functions without the parts that check tokens, which most functions never do.

firebase-functions 0.6.0 imports `firebase_admin.auth`, `firebase_admin.app_check` and its own verifier of
blocking events wherever it is imported, and with them requests, httpx, cryptography and google-auth: half of
what importing `main.py` takes. While the SDK is imported, stand-ins take the places of these three; each
imports the real module when something in it is first used. Everybody else gets the real ones.

Whoever checks a token or builds a client pays then what was saved before; others never do.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_ADMIN = "firebase_admin"
_DEFERRED = (f"{_ADMIN}.auth", f"{_ADMIN}.app_check", "firebase_functions.private.token_verifier")


class _StandIn(ModuleType):
    """A module that is imported when something in it is first used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


def import_sdk() -> None:
    """To be called before anything else imports the SDK; afterwards there is nothing to gain."""
    if _ADMIN in sys.modules or "firebase_functions.private.util" in sys.modules:
        return
    package = ModuleType(_ADMIN)
    package.__path__ = []
    stand_ins = {_ADMIN: package} | {name: _StandIn(name) for name in _DEFERRED}
    sys.modules.update(stand_ins)
    try:
        importlib.import_module("firebase_functions.identity_fn")
        importlib.import_module("firebase_functions.private._identity_fn")
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)
