"""The listening sockets of the shared port.

They are opened before the rest of the program is even imported: clients may connect at once and wait in the
backlog for the moment it takes, and a port that cannot be had is noticed at once.
"""

from __future__ import annotations

import os
import socket

#: How many connections may wait to be accepted. One too many is worse than refused: Linux lets the client
#: believe that it is connected and drops what it sends for seconds, which grows to minutes with each retry.
BACKLOG = 4096


def open_listeners(host: str, port: int) -> list[socket.socket]:
    """One socket for each address of the host, all on one port; 0 picks a free one."""
    listeners: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            taken = listeners[0].getsockname()[1] if listeners else port
            listeners.append(_listen(family, (address, taken)))
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found)
    return [each for each in addresses if each[0] in (socket.AF_INET, socket.AF_INET6)]


def _listen(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
