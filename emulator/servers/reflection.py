"""gRPC server reflection, which lets grpcurl and its like ask what there is.

Both versions of the service are answered, since new clients ask v1 first; their messages are the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import cache
from typing import Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2, json_format

from emulator.wire import protos

SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def reflection_handlers(services: Sequence[str]) -> list[grpc.GenericRpcHandler[Any, Any]]:
    """Answer for the named services and for themselves."""
    names = (*services, *SERVICES)

    async def handle(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        # Hardly anybody asks, so nobody else waits for the import.
        from grpc_reflection.v1alpha import reflection_pb2

        parsed = (reflection_pb2.ServerReflectionRequest.FromString(data) async for data in requests)
        async for answer in _servicer(names).ServerReflectionInfo(parsed, context):
            yield answer.SerializeToString()

    methods = {"ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(handle)}
    return [grpc.method_handlers_generic_handler(name, methods) for name in SERVICES]


@cache
def _servicer(names: tuple[str, ...]) -> Any:
    from grpc_reflection.v1alpha import reflection_pb2
    from grpc_reflection.v1alpha._async import ReflectionServicer

    own = descriptor_pb2.FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
    protos.POOL.Add(own)
    renamed = json_format.MessageToJson(own).replace("v1alpha", "v1")
    protos.POOL.Add(json_format.Parse(renamed, descriptor_pb2.FileDescriptorProto()))
    return ReflectionServicer(names, pool=protos.POOL)
