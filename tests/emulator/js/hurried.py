"""The emulator with back channels that end within a second instead of a minute."""

import functools
import sys

import emulator.servers.server as server
from emulator.__main__ import main
from emulator.servers.webchannel import Timing, WebChannel

if __name__ == "__main__":
    hurried = Timing(keep_alive=0.3, back_channel=0.8, abandoned=5)
    server.WebChannel = functools.partial(WebChannel, timing=hurried)
    sys.exit(main(sys.argv[1:]))
