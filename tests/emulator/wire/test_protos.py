"""The messages: light to load, beside a real client, and with the field the public proto lacks."""

from __future__ import annotations

import subprocess
import sys

from emulator.wire import protos
from tests.emulator.process import ROOT

LOAD_BESIDE_A_CLIENT = """
import sys
import emulator.wire.protos as protos
assert "google.cloud.firestore_v1" not in sys.modules
assert "google.cloud.firestore_v1.services" not in sys.modules
from google.cloud import firestore, firestore_v1
from google.cloud.firestore_v1.services.firestore import FirestoreClient
assert firestore.Client is firestore_v1.Client
assert firestore_v1.types.CommitRequest.pb() is not protos.CommitRequest
"""


def test_a_real_client_can_be_imported_afterwards() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD_BESIDE_A_CLIENT], cwd=ROOT, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()


def test_verify_is_an_operation_of_a_write_with_number_5() -> None:
    write = protos.Write(verify="x")

    assert write.WhichOneof("operation") == "verify"
    assert write.SerializeToString() == b"\x2a\x01x"
