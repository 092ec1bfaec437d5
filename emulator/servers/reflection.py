"""gRPC server reflection (grpc.reflection.v1alpha), which lets grpcurl and its like ask what there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import cache
from typing import Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2

from emulator.wire import protos

SERVICE = "grpc.reflection.v1alpha.ServerReflection"


def reflection_handler(services: Sequence[str]) -> grpc.GenericRpcHandler[Any, Any]:
    """Answers for the named services and for itself."""
    names = (*services, SERVICE)

    async def handle(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        # Hardly anybody asks, so nobody else waits for the import.
        from grpc_reflection.v1alpha import reflection_pb2

        parsed = (reflection_pb2.ServerReflectionRequest.FromString(data) async for data in requests)
        async for answer in _servicer(names).ServerReflectionInfo(parsed, context):
            yield answer.SerializeToString()

    method = grpc.stream_stream_rpc_method_handler(handle)
    return grpc.method_handlers_generic_handler(SERVICE, {"ServerReflectionInfo": method})


@cache
def _servicer(names: tuple[str, ...]) -> Any:
    from grpc_reflection.v1alpha import reflection_pb2
    from grpc_reflection.v1alpha._async import ReflectionServicer

    own = descriptor_pb2.FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
    protos.POOL.Add(own)
    return ReflectionServicer(names, pool=protos.POOL)
