"""Back channels take turns where a browser has no connection left for anything else.

Browsers open six HTTP/1.1 connections to one host, all their tabs together, and let every further request
wait. A stream holds one of them: with three tabs, each listening and writing, the browser can send nothing
any more. So the back channel that has been open longest ends; whatever waits has the connection next, and the
client opens the channel again, behind the others. The official emulator lets them wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from emulator.servers.http_app import Request

#: Connections a browser opens to one host: Chromium, Firefox and Safari alike.
CONNECTIONS = 6

GiveWay = Callable[[], None]


@dataclass(slots=True)
class _Crowd:
    """The back channels of one browser, the one open longest first, and when that one has to give way."""

    opened: dict[object, GiveWay] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Turns:
    """Who holds which connections. `seconds` is how long all six may stay taken."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._crowds: dict[str, _Crowd] = {}

    @contextmanager
    def taken(self, request: Request, give_way: GiveWay) -> Iterator[None]:
        """The connection of this request is taken. `give_way` is called, at most once, when it is wanted."""
        browser = _browser(request)
        if browser is None:
            yield
            return
        crowd = self._crowds.setdefault(browser, _Crowd())
        turn = object()
        crowd.opened[turn] = give_way
        self._watch(crowd)
        try:
            yield
        finally:
            crowd.opened.pop(turn, None)
            self._watch(crowd)
            if not crowd.opened and self._crowds.get(browser) is crowd:
                del self._crowds[browser]

    def _watch(self, crowd: _Crowd) -> None:
        if len(crowd.opened) < CONNECTIONS:
            if crowd.timer is not None:
                crowd.timer.cancel()
                crowd.timer = None
        elif crowd.timer is None:
            crowd.timer = asyncio.get_running_loop().call_later(self._seconds, self._pass_on, crowd)

    def _pass_on(self, crowd: _Crowd) -> None:
        crowd.timer = None
        give_way = crowd.opened.pop(next(iter(crowd.opened)))
        self._watch(crowd)
        give_way()


def _browser(request: Request) -> str | None:
    """Who shares its connections: the tabs that one browser has of one origin. None for other programs."""
    agent = request.headers.get("user-agent", "")
    if not agent.startswith("Mozilla/"):
        return None
    address = (request.scope.get("client") or ("",))[0]
    return "\n".join((address, agent, request.headers.get("host", ""), request.headers.get("origin", "")))
