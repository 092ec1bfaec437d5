"""Sockets: the shared port, gRPC, REST, WebChannel, the emulator's own routes, and triggers going out."""
