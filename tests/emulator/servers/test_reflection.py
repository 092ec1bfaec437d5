"""Server reflection, asked by the client library that comes with it."""

from __future__ import annotations

import json
from importlib import resources

import grpc
import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from emulator.servers.grpc_server import SERVICES
from emulator.servers.reflection import SERVICES as REFLECTION


@pytest.fixture
def database(channel: grpc.Channel) -> ProtoReflectionDescriptorDatabase:
    return ProtoReflectionDescriptorDatabase(channel)


def service(database: ProtoReflectionDescriptorDatabase, name: str) -> ServiceDescriptor:
    return DescriptorPool(database).FindServiceByName(name)


def methods_of_the_client() -> set[str]:
    """The RPCs that google-cloud-firestore knows."""
    metadata = json.loads((resources.files("google.cloud.firestore_v1") / "gapic_metadata.json").read_text())
    return set(metadata["services"]["Firestore"]["clients"]["grpc"]["rpcs"])


def test_services_are_listed(database: ProtoReflectionDescriptorDatabase) -> None:
    assert set(database.get_services()) == {*SERVICES, *REFLECTION}


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_every_method_that_the_client_calls(
    database: ProtoReflectionDescriptorDatabase, name: str
) -> None:
    shown = {method.name for method in service(database, name).methods}

    assert shown == methods_of_the_client()


@pytest.mark.parametrize("name", REFLECTION)
def test_reflection_describes_itself(database: ProtoReflectionDescriptorDatabase, name: str) -> None:
    (method,) = service(database, name).methods

    assert method.name == "ServerReflectionInfo"
    assert method.input_type.full_name.startswith(name.removesuffix("ServerReflection"))


@pytest.mark.parametrize("name", REFLECTION)
def test_every_version_of_reflection_answers(channel: grpc.Channel, name: str) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    call = channel.stream_stream(f"/{name}/ServerReflectionInfo")

    (answer,) = call(iter([request.SerializeToString()]), timeout=20)

    listed = reflection_pb2.ServerReflectionResponse.FromString(answer).list_services_response.service
    assert {each.name for each in listed} == {*SERVICES, *REFLECTION}


def test_reflected_messages_make_a_call_that_is_answered(
    database: ProtoReflectionDescriptorDatabase, channel: grpc.Channel, project: str
) -> None:
    """What grpcurl does: nothing but what reflection tells is known."""
    method = service(database, SERVICES[0]).methods_by_name["BeginTransaction"]
    request = GetMessageClass(method.input_type)(database=f"projects/{project}/databases/(default)")
    call = channel.unary_unary(
        f"/{SERVICES[0]}/{method.name}",
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )

    assert call(request, metadata=(("authorization", "Bearer owner"),), timeout=20).transaction


def test_unknown_symbol_is_not_found(database: ProtoReflectionDescriptorDatabase) -> None:
    with pytest.raises(KeyError):
        service(database, "google.firestore.v1.Nothing")
