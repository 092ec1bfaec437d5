"""What the CLI reads when it discovers the functions, and what every cold start pays for."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from app.server_threads import CONCURRENCY

FUNCTIONS = Path(__file__).parents[2] / "functions"
HEAVY = (
    "cryptography",
    "firebase_admin",
    "google.auth",
    "google.cloud.firestore",
    "google.cloud.firestore_v1",
    "google.cloud.storage",
    "grpc",
    "httpx",
    "PIL",
    "requests",
)


def test_main_lists_every_function(manifest):
    assert set(manifest["endpoints"]) == {
        "api",
        "before_user_created",
        "before_user_signed_in",
        "on_user_created",
        "on_user_deleted",
        "on_file_finalized",
        "on_file_object_deleted",
        "on_file_document_deleted",
        "create_share",
        "refresh_profile",
        "revoke_share",
        "processfile",
        "retry_processing",
        "sign_out_everywhere",
        "sweep",
        "start_export",
        "delete_account",
        "exportpart",
        "removeaccount",
    }


@pytest.mark.parametrize(
    ("function", "event_type", "filters"),
    [
        ("on_user_created", "google.firebase.auth.user.v2.created", {}),
        ("on_user_deleted", "google.firebase.auth.user.v2.deleted", {}),
        ("on_file_finalized", "google.cloud.storage.object.v1.finalized", {"bucket": "the-bucket"}),
        ("on_file_object_deleted", "google.cloud.storage.object.v1.deleted", {"bucket": "the-bucket"}),
        (
            "on_file_document_deleted",
            "google.cloud.firestore.document.v1.deleted",
            {"database": "(default)", "namespace": "(default)"},
        ),
    ],
)
def test_event_functions_listen_to_their_event_and_are_delivered_again(
    manifest, function, event_type, filters
):
    trigger = manifest["endpoints"][function]["eventTrigger"]
    assert (trigger["eventType"], trigger["eventFilters"], trigger["retry"]) == (event_type, filters, True)


def test_file_documents_are_watched_by_pattern(manifest):
    trigger = manifest["endpoints"]["on_file_document_deleted"]["eventTrigger"]
    assert trigger["eventFilterPathPatterns"] == {"document": "users/{uid}/files/{fileId}"}


def test_every_function_has_a_whole_core_and_a_ceiling(manifest):
    assert all(
        endpoint["cpu"] == 1 and endpoint["maxInstances"] for endpoint in manifest["endpoints"].values()
    )


def test_no_function_is_sent_more_requests_than_it_has_threads(manifest):
    assert {endpoint["concurrency"] for endpoint in manifest["endpoints"].values()} == {1, CONCURRENCY}


@pytest.mark.parametrize(
    ("function", "kind"), [("on_file_finalized", "finalized"), ("on_file_object_deleted", "deleted")]
)
@pytest.mark.parametrize("name", ["small", "large"])
def test_event_of_a_thumbnail_costs_no_client(function, kind, name):
    """In a process of its own, which loads none of them and reads nothing."""
    program = f"""
        import sys, main
        from cloudevents.http import CloudEvent
        attributes = {{
            "type": "google.cloud.storage.object.v1.{kind}",
            "source": "//storage.googleapis.com/projects/_/buckets/b",
            "time": "2026-05-01T12:00:00.000000Z",
        }}
        data = dict.fromkeys(("generation", "metageneration", "size", "storageClass", "id", "kind"), "1")
        data |= {{"bucket": "b", "name": "derived/ann/f1/{name}.webp"}}
        main.{function}(CloudEvent(attributes, data))
        print(*[each for each in {HEAVY!r} if each in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=FUNCTIONS,
        env={"PATH": "", "FIREBASE_CONFIG": '{"storageBucket": "the-bucket"}'},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_region_is_the_one_hosting_rewrites_to(manifest):
    assert manifest["endpoints"]["api"]["region"] == ["us-central1"]


def test_every_parameter_has_a_default_so_that_nobody_is_asked(manifest):
    public = [param for param in manifest["params"] if param["type"] != "secret"]
    assert {param["name"]: "default" in param for param in public} == {
        "BLOCKED_EMAIL_DOMAINS": True,
        "ADMIN_EMAILS": True,
        "ENFORCE_APP_CHECK": True,
        "PUBLIC_URL": True,
    }


def test_every_parameter_has_a_local_value_so_that_the_cli_writes_none_into_the_tree(manifest):
    lines = (FUNCTIONS / ".env.demo-kindling").read_text().splitlines()
    given = {line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert {param["name"] for param in manifest["params"] if param["type"] != "secret"} <= given


def test_only_the_function_that_signs_gets_the_key(manifest):
    endpoints = manifest["endpoints"].items()
    given = {name: endpoint.get("secretEnvironmentVariables") for name, endpoint in endpoints}
    assert {name for name, secrets in given.items() if secrets} == {"api"}
    assert given["api"] == [{"key": "SHARE_KEY"}]


def test_importing_main_loads_no_client_and_no_decoder():
    program = f"import sys, main; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=FUNCTIONS,
        env={"PATH": "", "FIREBASE_CONFIG": '{"storageBucket": "the-bucket"}'},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
