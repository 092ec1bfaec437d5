"""The Admin SDK as its documentation shows it, without a word about credentials: a script and a module."""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
import uuid
from typing import Any

import requests
from firebase_admin import auth, firestore, firestore_async, functions, initialize_app, storage
from google.cloud import firestore as cloud_firestore
from google.cloud import storage as cloud_storage

initialize_app()


def use_everything(queue: str) -> dict[str, bool]:
    """Uses every part that has an emulator, and says of each whether it did what was asked of it."""
    told: dict[str, bool] = {}
    path = f"credentials/{uuid.uuid4().hex}"

    document = firestore.client().document(path)
    written = {"is": "written"}
    document.set(written)
    told["firestore"] = document.get().to_dict() == written
    told["firestore_async"] = asyncio.run(_read(path)) == written
    told["google.cloud.firestore"] = cloud_firestore.Client().document(path).get().to_dict() == written
    document.delete()

    blob = storage.bucket().blob(f"{path}.txt")
    blob.upload_from_string("bytes")
    told["storage"] = blob.download_as_bytes() == b"bytes"
    listed = cloud_storage.Client().list_blobs(blob.bucket.name, prefix=path)
    told["google.cloud.storage"] = [each.name for each in listed] == [blob.name]
    for version in ("v2", "v4"):
        url = blob.generate_signed_url(datetime.timedelta(minutes=5), version=version)
        told[f"signed url {version}"] = requests.get(url, timeout=30).text == "bytes"
    blob.delete()

    user = auth.create_user(email=f"{uuid.uuid4().hex}@example.org")
    told["auth"] = auth.get_user(user.uid).email == user.email
    told["custom token"] = bool(auth.create_custom_token(user.uid))
    auth.delete_user(user.uid)

    told["task"] = bool(functions.task_queue(queue).enqueue({"data": {"text": "hello"}}))
    return told


async def _read(path: str) -> Any:
    return (await firestore_async.client().document(path).get()).to_dict()


if __name__ == "__main__":
    print(json.dumps(use_everything(sys.argv[1])))
