"""The routing table: everything the shared port answers over HTTP/1.1. gRPC is in `grpc_server`."""

from __future__ import annotations

from emulator.servers.allowed_hosts import AllowedHosts
from emulator.servers.emulator_routes import EmulatorHandlers
from emulator.servers.http_app import Handler, HttpApp, Mount, Route
from emulator.servers.index_file import IndexHandlers
from emulator.servers.rest import RestHandlers
from emulator.servers.rules_routes import RulesHandlers
from emulator.servers.trigger_routes import TriggerHandlers

_DATABASE = "/projects/{project}/databases/{database}"
_EMULATOR = "/emulator/v1/projects/{project}"

#: What a call may be about: a project, or one database of it.
_SCOPES = (_EMULATOR, f"/emulator/v1{_DATABASE}")

#: The same service under both names.
_VERSIONS = ("/v1", "/v1beta1")


def create_http_app(
    emulator: EmulatorHandlers,
    rules: RulesHandlers,
    indexes: IndexHandlers,
    triggers: TriggerHandlers,
    rest: RestHandlers,
    *,
    extra_routes: list[Route],
    mounts: list[Mount],
    allowed: AllowedHosts,
) -> HttpApp:
    """`extra_routes` and `mounts` are what other modules bring: export and import, WebChannel."""
    return HttpApp(
        [
            *_rest_routes(rest),
            *_emulator_routes(emulator),
            *_rules_routes(rules),
            *(Route("GET", prefix + ":missingIndexes", indexes.missing) for prefix in _SCOPES),
            *_trigger_routes(triggers),
            *extra_routes,
        ],
        mounts,
        allowed,
    )


def _emulator_routes(emulator: EmulatorHandlers) -> list[Route]:
    documents = f"/emulator/v1{_DATABASE}/documents"
    return [
        Route("GET", "/", emulator.ready),
        Route("POST", "/reset", emulator.reset),
        Route("POST", "/shutdown", emulator.shutdown),
        Route("GET", _EMULATOR + ":usage", emulator.usage),
        Route("DELETE", _EMULATOR + ":usage", emulator.usage),
        Route("DELETE", documents, emulator.clear),
        Route("DELETE", documents + "/", emulator.clear),
        Route("DELETE", documents + "/{path*}", emulator.clear),
    ]


def _rules_routes(rules: RulesHandlers) -> list[Route]:
    return [
        Route(method, prefix + verb, handler)
        for prefix in _SCOPES
        for method, verb, handler in (
            ("PUT", ":securityRules", rules.put_rules),
            ("GET", ":ruleCoverage", rules.coverage),
            ("GET", ":ruleCoverage.html", rules.coverage_page),
        )
    ]


def _trigger_routes(triggers: TriggerHandlers) -> list[Route]:
    return [
        Route("PUT", _EMULATOR + "/triggers/{key}", triggers.register_v1),
        Route("POST", _EMULATOR + "/eventarcTrigger", triggers.register_v2),
    ]


def _rest_routes(rest: RestHandlers) -> list[Route]:
    return [
        route
        for version in _VERSIONS
        for route in _versioned_routes(version + _DATABASE + "/documents", rest)
    ]


def _versioned_routes(documents: str, rest: RestHandlers) -> list[Route]:
    """Calls on the database, calls below a parent document, and the documents themselves."""
    on_database: dict[str, Handler] = {
        "batchGet": rest.batch_get,
        "batchWrite": rest.batch_write,
        "beginTransaction": rest.begin_transaction,
        "commit": rest.commit,
        "executePipeline": rest.execute_pipeline,
        "rollback": rest.rollback,
    }
    below_parent: dict[str, Handler] = {
        "listCollectionIds": rest.list_collection_ids,
        "partitionQuery": rest.partition_query,
        "runAggregationQuery": rest.run_aggregation_query,
        "runQuery": rest.run_query,
    }
    return [
        *(Route("POST", f"{documents}:{verb}", call) for verb, call in (on_database | below_parent).items()),
        *(Route("POST", f"{documents}/{{path*}}:{verb}", call) for verb, call in below_parent.items()),
        Route("GET", documents + "/{path?}", rest.get_or_list),
        Route("POST", documents + "/{path*}", rest.create_document),
        Route("PATCH", documents + "/{path*}", rest.update_document),
        Route("DELETE", documents + "/{path*}", rest.delete_document),
    ]
