"""Bytes and JSON to domain objects and back. Nothing here opens a socket."""
