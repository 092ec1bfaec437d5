from __future__ import annotations

import os
import socket
import subprocess
import sys

from tools import ports


def test_taken_port_is_named_with_the_process_that_holds_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = ports.taken({"auth": ("127.0.0.1", port)})
    assert found["auth"][0] == port
    assert f"(process {os.getpid()})" in found["auth"][1]


def test_free_port_is_not_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ports.taken({"auth": ("127.0.0.1", port)}) == {}


def test_private_blocks_of_two_processes_do_not_overlap():
    names = ["one", "two", "three"]
    other = """
from tools.ports import private_block
with private_block(["x", "y"]) as block:
    print(*block.values())
"""
    with ports.private_block(names) as own:
        told = subprocess.run(
            [sys.executable, "-c", other], capture_output=True, text=True, check=True
        ).stdout
        assert sorted(own) == sorted(names)
        assert not set(own.values()) & {int(port) for port in told.split()}


def test_private_block_leaves_out_a_block_with_a_port_in_use():
    with ports.private_block(["one"]) as first:
        taken = first["one"]
    with socket.create_server(("127.0.0.1", taken)), ports.private_block(["one"]) as second:
        assert second["one"] != taken


def test_private_block_is_free_again_after_its_context():
    with ports.private_block(["one"]) as first:
        pass
    with ports.private_block(["one"]) as second:
        assert second == first
