"""Transactions and read times in requests."""

from __future__ import annotations

from emulator.firestore.reads import LATEST, Consistency, TransactionOptions
from emulator.wire.protos import Message
from emulator.wire.timestamps import decode_timestamp


def decode_transaction_options(message: Message) -> TransactionOptions:
    """google.firestore.v1.TransactionOptions; read-write when it says nothing."""
    if message.WhichOneof("mode") == "read_only":
        options = message.read_only
        read_time = decode_timestamp(options.read_time) if options.HasField("read_time") else None
        return TransactionOptions(read_only=True, read_time=read_time)
    return TransactionOptions(retry_transaction=message.read_write.retry_transaction or None)


def decode_consistency(request: Message) -> Consistency:
    """The oneof `consistency_selector` that every read request has."""
    match request.WhichOneof("consistency_selector"):
        case "transaction":
            return Consistency(transaction=request.transaction or None)
        case "new_transaction":
            return Consistency(new_transaction=decode_transaction_options(request.new_transaction))
        case "read_time":
            return Consistency(read_time=decode_timestamp(request.read_time))
    return LATEST
