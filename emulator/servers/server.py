"""The running emulator: one engine, the servers around it, and their start and end."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emulator.firestore.engine import Engine
from emulator.firestore.values import Timestamp
from emulator.servers.allowed_hosts import AllowedHosts
from emulator.servers.emulator_routes import EmulatorHandlers
from emulator.servers.export import export_routes
from emulator.servers.front import Front
from emulator.servers.grpc_server import create_grpc_server
from emulator.servers.grpc_socket import remove_abandoned, socket_folder
from emulator.servers.http_app import HttpApp, Mount
from emulator.servers.http_connection import HttpConnections
from emulator.servers.index_file import IndexHandlers
from emulator.servers.listeners import BACKLOG
from emulator.servers.options import Options
from emulator.servers.rest import RestHandlers
from emulator.servers.routes import create_http_app
from emulator.servers.rules_routes import RulesHandlers
from emulator.servers.service import FirestoreService
from emulator.servers.trigger_routes import TriggerHandlers
from emulator.servers.triggers import TriggerDispatcher, random_event_id
from emulator.servers.webchannel import LISTEN_PATH, WRITE_PATH, WebChannel

if TYPE_CHECKING:
    from websockets.asyncio.server import Server

logger = logging.getLogger(__name__)

#: Seconds that requests in progress get when the emulator stops.
GRACE = 0.3


def now() -> Timestamp:
    return Timestamp(time.time_ns() // 1000)


class EmulatorServer:
    """Serves an engine until it is told to stop."""

    def __init__(self, options: Options, engine: Engine) -> None:
        self._options = options
        self._engine = engine
        self._allowed = AllowedHosts.of([options.host, *options.allow_hosts])
        self._stopped = asyncio.Event()
        self._random = random.Random()
        self._triggers = TriggerDispatcher(options.functions_emulator, random_event_id)
        self._webchannel = WebChannel(engine)
        self._service = FirestoreService(engine, self._random)
        self._http = HttpConnections(self._http_app())
        engine.commit_observers.append(self._triggers.observe)

    def stop(self) -> None:
        self._stopped.set()

    async def run(self, listeners: Sequence[socket.socket], ready: Callable[[], None]) -> None:
        """Serve on the sockets, say when everything answers, and go on until `stop`."""
        loop = asyncio.get_running_loop()
        with socket_folder() as grpc_socket:
            grpc_server = create_grpc_server(self._service, self._new_stream_id)
            grpc_server.add_insecure_port(f"unix:{grpc_socket}")
            await grpc_server.start()
            front = Front(grpc_socket, self._http.make_protocol)
            servers = [
                await loop.create_server(front, sock=listener, backlog=BACKLOG)  # it would set 100
                for listener in listeners
            ]
            ready()
            remove_abandoned()
            monitor = await self._start_monitor()
            await self._stopped.wait()
            for server in servers:
                server.close()
            if monitor is not None:
                monitor.close()
            self._webchannel.close()
            front.abort_all()  # clients of gRPC find the server unavailable and will look for it again
            await asyncio.gather(self._http.close(GRACE), grpc_server.stop(0), self._triggers.close())

    async def _start_monitor(self) -> Server | None:
        """The request monitor, when there is a port for it; without it everything else works."""
        port = self._options.websocket_port
        if port is None:
            return None
        # Imported when everything else answers already: it takes longer than all the rest of the start.
        from emulator.servers.monitor import RequestMonitor

        monitor = RequestMonitor(self._allowed)
        try:
            server = await monitor.serve(self._options.host, port)
        except OSError as error:
            logger.warning("no request monitor on port %d: %s", port, error)
            return None
        self._engine.rules_observers.append(monitor.observe)
        return server

    def _http_app(self) -> HttpApp:
        """The routing table with what the other modules bring."""
        engine = self._engine
        return create_http_app(
            EmulatorHandlers(engine, self.stop),
            RulesHandlers(engine),
            IndexHandlers(engine),
            TriggerHandlers(self._triggers),
            RestHandlers(self._service),
            extra_routes=export_routes(engine, now, everything=self._options.export_everything),
            mounts=[Mount(path, self._webchannel) for path in (LISTEN_PATH, WRITE_PATH)],
            allowed=self._allowed,
        )

    def _new_stream_id(self) -> str:
        return str(self._random.getrandbits(63))
