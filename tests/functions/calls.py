"""Calls of callable functions as the client SDKs make them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Request, Response
from flask import request as current_request

from tests.callable_answers import Answer


def id_token(uid: str, project: str, **claims: Any) -> str:
    """An ID token as the Auth emulator makes them, without a signature. Signed in just now with a verified
    address, unless `claims` say otherwise.
    """
    now = int(time.time())
    payload = {
        "iss": f"https://securetoken.google.com/{project}",
        "aud": project,
        "sub": uid,
        "user_id": uid,
        "auth_time": now,
        "iat": now,
        "exp": now + 3600,
        "email": f"{uid}@example.com",
        "email_verified": True,
        "firebase": {"identities": {}, "sign_in_provider": "password"},
    } | claims
    parts = [{"alg": "none", "typ": "JWT"}, payload]
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + "."
    )


class Caller:
    """Calls a callable in this process, over HTTP."""

    def __init__(self, function: Callable[[Request], Response], token: str | None) -> None:
        app = Flask("callable")
        app.add_url_rule("/", "call", lambda: function(current_request), methods=["POST", "GET", "OPTIONS"])
        self._client = app.test_client()
        self._token = token

    def __call__(self, data: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        return self.send(json={"data": data}, headers=headers)

    def send(self, *, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
        authorization = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        response = self._client.post("/", headers={**authorization, **(headers or {})}, **options)
        return Answer(response.status_code, response.get_json(silent=True))
