"""kit seed: writes emulator-data/ again.

The people and files of seed_content.py are put into a private suite as a server and a user would put them
there, so that the functions make of them what they make of real uploads; then triggers are switched off,
times and generations are replaced by fixed ones, and the suite exports itself in the official format.
"""

import argparse
import http.client
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from tools import seed_export
from tools.private import private_suite
from tools.project import KIT, ROOT, SEED
from tools.saved_data import complete, export
from tools.seed_content import BEGINNING, FILES, PASSWORD, PEOPLE, SeedFile
from tools.signals import Stopped, signals_raise
from tools.suite import Suite
from tools.terminal import Failure, run_steps, say

HELP = "write emulator-data/, the data the suite begins with, again"
EPILOG = """\
Three people (alice, bob and admin @example.com, password "kindling") with their files, in the official
export format. Nothing is written when the content is as it was before.
"""
PATIENCE: Final = 60.0
"""Seconds a function may take for one of its effects."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", type=Path, default=SEED, metavar="FOLDER", help="write there instead of emulator-data/"
    )


def run(arguments: argparse.Namespace) -> int:
    KIT.mkdir(exist_ok=True)
    with signals_raise(), tempfile.TemporaryDirectory(dir=KIT, prefix="seed-") as scratch:
        fresh = Path(scratch) / "export"
        try:
            with private_suite(seed=False) as running:
                run_steps({"Seed written into a private suite": lambda: _write(running.plan.suite, fresh)})
        except Stopped as stopped:
            return stopped.code
        seed_export.settle(fresh)
        if not complete(fresh):
            raise Failure("the suite exported incomplete data; the seed is unchanged.")
        return _replace(arguments.to.absolute(), fresh)


def _replace(target: Path, fresh: Path) -> int:
    """Put `fresh` in the place of `target`, unless that holds the same already."""
    shown = target.relative_to(ROOT) if target.is_relative_to(ROOT) else target
    if target.exists() and seed_export.same_content(target, fresh):
        say(f"{shown} is as it was.")
        return 0
    for path in target.glob("*.md"):
        shutil.copy2(path, fresh / path.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        shutil.copytree(fresh, beside / "new")
        if target.exists():
            target.rename(beside / "old")
        (beside / "new").rename(target)
    finally:
        if not target.exists() and (beside / "old").exists():
            (beside / "old").rename(target)
        shutil.rmtree(beside, ignore_errors=True)
    say(f"{shown} written.")
    return 0


def _write(suite: Suite, target: Path) -> None:
    os.environ.update(suite.environment())
    database, bucket = _clients(suite)
    _make_people(suite, database)
    for file in FILES:
        _upload(file, database, bucket)
    for file in FILES:
        _wait_for(f"{file.name} to be processed", partial(_is_ready, file, database))
    _switch_off_triggers(suite)
    _settle_documents(database)
    export(suite.addresses["hub"], target)


def _clients(suite: Suite) -> tuple[Any, Any]:
    from google.cloud import firestore
    from google.cloud.storage import Client

    return firestore.Client(project=suite.project_id), Client(project=suite.project_id).bucket(suite.bucket)


def _make_people(suite: Suite, database: Any) -> None:
    import firebase_admin
    from firebase_admin import auth

    app = firebase_admin.initialize_app(options={"projectId": suite.project_id}, name="seed")
    for person in PEOPLE:
        auth.create_user(
            uid=person.uid,
            email=person.email,
            email_verified=True,
            password=PASSWORD,
            display_name=person.name,
            app=app,
        )
        auth.set_custom_user_claims(person.uid, {"role": person.role}, app=app)
    for person in PEOPLE:
        reference = database.document(f"users/{person.uid}")
        _wait_for(f"the profile of {person.name}", partial(_exists, reference))
    firebase_admin.delete_app(app)


def _upload(file: SeedFile, database: Any, bucket: Any) -> None:
    content = file.make()
    database.document(_document(file)).set(
        {
            "name": file.name,
            "size": len(content),
            "contentType": file.content_type,
            "state": "uploading",
            "createdAt": file.created,
        }
    )
    blob = bucket.blob(f"{_document(file)}/{file.name}")
    blob.upload_from_string(content, content_type=file.content_type)


def _document(file: SeedFile) -> str:
    return f"users/{file.uid}/files/{file.file_id}"


def _exists(reference: Any) -> bool:
    return bool(reference.get().exists)


def _is_ready(file: SeedFile, database: Any) -> bool:
    state = database.document(_document(file)).get().get("state")
    if state == "rejected":
        raise Failure(f"the functions rejected {file.name} of the seed.")
    return bool(state == "ready")


def _switch_off_triggers(suite: Suite) -> None:
    connection = http.client.HTTPConnection(*suite.addresses["hub"], timeout=30)
    connection.request("PUT", "/functions/disableBackgroundTriggers")
    status = connection.getresponse().status
    connection.close()
    if status != http.client.OK:
        raise Failure(f"the hub did not switch the triggers off (status {status}).")


def _settle_documents(database: Any) -> None:
    """Replace what depends on the moment: times, generations, and the ledger keys made from them."""
    for person in PEOPLE:
        database.document(f"users/{person.uid}").update(
            {"locale": person.locale, "role": person.role, "createdAt": BEGINNING, "updatedAt": BEGINNING}
        )
    for file in FILES:
        done = file.created + timedelta(seconds=2)
        database.document(_document(file)).update({"generation": file.generation, "updatedAt": done})
    for entry in list(database.collection("ledger").stream()):
        fields = entry.to_dict()
        file = next(file for file in FILES if file.file_id == fields["fileId"])
        entry.reference.delete()
        key = f"usage:{file.uid}:{file.file_id}:{file.generation}"
        database.document(f"ledger/{key}").set({**fields, "generation": file.generation})


def _wait_for(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"waited {PATIENCE:.0f} s for {what}; is the function that does it healthy?")
        time.sleep(0.1)
