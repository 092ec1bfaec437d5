"""How often one client may ask, counted in the memory of this instance.

It keeps a single client from wearing out the database; an attacker with many addresses is not stopped, and
must not need to be: what is public here cannot be guessed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

PEER_FACTOR = 10
"""How much more a peer may ask than a client: many clients of one node of the CDN are one peer."""

# The client's own address and two that Hosting's CDN may add: the edge's, and that of a node behind it.
_CLIENT_HOPS = 3


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. `address` tells people apart, and a caller of the function's own address can make
    up parts of it. Nobody can make up `peer`: it is who connected to Google.
    """

    address: str
    peer: str


NOBODY = Client("", "")


def client_of(forwarded: str | None, remote: str | None) -> Client:
    """The client of a request with this `X-Forwarded-For`, sent by `remote`.

    Each proxy appends the address of who connected to it, so only the end of the header can be believed:

    - Cloud Run appends the address of the caller, which is the CDN's when the request came through Hosting
      (https://cloud.google.com/functions/docs/reference/headers).
    - Hosting's CDN appends the address of the visitor, and that of its edge where a second node follows
      (https://developer.fastly.com/reference/http/http-headers/X-Forwarded-For/).
    - `Fastly-Client-IP` would be shorter, but who calls the function directly can write it.
    """
    hops = [hop.strip()[:45] for hop in (forwarded or "").split(",") if hop.strip()] or [remote or ""]
    return Client(address=" ".join(hops[-_CLIENT_HOPS:]), peer=hops[-1])


@dataclass(slots=True)
class _Window:
    begun: float
    count: int


class ClientLimits:
    """At most `count` times in `seconds` for each client, and ten times that for each peer. The `clients`
    seen last are remembered.
    """

    def __init__(self, count: int, seconds: float, clients: int = 10_000) -> None:
        self._clients = Windows(count, seconds, clients)
        self._peers = Windows(count * PEER_FACTOR, seconds, clients)

    def count(self, client: Client, now: float) -> None:
        """Counts one time more."""
        self._clients.count(client.address, now)
        self._peers.count(client.peer, now)

    def wait(self, client: Client, now: float) -> int:
        """The seconds until this client may ask again, 0 when it may now."""
        return max(self._clients.wait(client.address, now), self._peers.wait(client.peer, now))


class Windows:
    """At most `count` times in `seconds` for each of the `size` keys seen last."""

    def __init__(self, count: int, seconds: float, size: int) -> None:
        self._count = count
        self._seconds = seconds
        self._size = size
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._lock = Lock()

    def count(self, key: str, now: float, times: int = 1) -> None:
        with self._lock:
            window = self._windows.get(key)
            if window is None or now - window.begun >= self._seconds:
                window = self._windows[key] = _Window(now, 0)
            self._windows.move_to_end(key)
            window.count += times
            if len(self._windows) > self._size:
                self._windows.popitem(last=False)

    def wait(self, key: str, now: float) -> int:
        with self._lock:
            window = self._windows.get(key)
            if window is None or window.count < self._count:
                return 0
            return max(0, math.ceil(window.begun + self._seconds - now))
