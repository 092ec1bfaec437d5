"""Callable functions as the page calls them, over the suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from tests.callable_answers import Answer
from tests.integration.people import Person
from tests.rest import DEADLINE_SECONDS
from tools.suite import Suite


class Callables:
    def __init__(self, suite: Suite) -> None:
        self._url = f"{suite.url('functions')}/{suite.project_id}/us-central1"

    def call(
        self, name: str, data: Any, caller: Person | str | None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Calls as a person, with an ID token, or as nobody."""
        token = caller.id_token if isinstance(caller, Person) else caller
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        response = requests.post(
            f"{self._url}/{name}",
            json={"data": data},
            headers={**authorization, **(headers or {})},
            timeout=DEADLINE_SECONDS,
        )
        return Answer(response.status_code, response.json())
