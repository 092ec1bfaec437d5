"""People who use Drop without a browser: Auth, Firestore and Storage over REST, with tokens from Auth."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import requests

from tests.rest import DEADLINE_SECONDS, SERVER_TIME, FirestoreAs, StorageAs, from_fields
from tools.suite import Suite

T = TypeVar("T")

PASSWORD = "correct horse battery"
POLL_SECONDS = 0.05


def eventually(look: Callable[[], T], *, within: float = DEADLINE_SECONDS, what: str = "") -> T:
    """What `look` gives as soon as that is true. Fails after `within` seconds with what it gave last."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what or look!r}; last seen: {seen!r}"
        time.sleep(POLL_SECONDS)
    return seen


@dataclass(frozen=True, slots=True)
class Auth:
    """The public REST API of Firebase Authentication."""

    url: str
    project_id: str

    def call(self, action: str, body: Mapping[str, Any]) -> requests.Response:
        """`accounts:{action}`, as every client may call it."""
        address = f"{self.url}/identitytoolkit.googleapis.com/v1/accounts:{action}?key=any"
        return requests.post(address, json=body, timeout=DEADLINE_SECONDS)

    def sign_up(self, email: str, password: str = PASSWORD, **more: str) -> requests.Response:
        body = {"email": email, "password": password, "returnSecureToken": True, **more}
        return self.call("signUp", body)

    def sign_in(self, email: str, password: str = PASSWORD) -> requests.Response:
        body = {"email": email, "password": password, "returnSecureToken": True}
        return self.call("signInWithPassword", body)

    def guest(self) -> requests.Response:
        return self.call("signUp", {"returnSecureToken": True})

    def link_in_mail(self, email: str) -> str:
        """Asks for a link to sign in with; gives the code in it, which the emulator keeps for tests."""
        body = {"requestType": "EMAIL_SIGNIN", "email": email, "continueUrl": "http://localhost/"}
        response = self.call("sendOobCode", body)
        assert response.ok, response.text
        return self.mailed_codes(email)[-1]

    def mailed_codes(self, email: str) -> list[str]:
        """The codes of the mails to an address, oldest first."""
        address = f"{self.url}/emulator/v1/projects/{self.project_id}/oobCodes"
        mails = requests.get(address, timeout=DEADLINE_SECONDS).json()["oobCodes"]
        return [mail["oobCode"] for mail in mails if mail["email"] == email]

    def sign_in_by_link(self, email: str, **more: str) -> requests.Response:
        """With `idToken`, the account of that token takes the address."""
        code = self.link_in_mail(email)
        return self.call("signInWithEmailLink", {"email": email, "oobCode": code, **more})

    def sign_in_with_google(self, email: str, name: str, **more: str) -> requests.Response:
        """As the emulator takes Google's word: the claims themselves in place of a signed token."""
        claims = {"sub": f"google-{email}", "email": email, "email_verified": True, "name": name}
        body = {
            "requestUri": "http://localhost",
            "postBody": urlencode({"providerId": "google.com", "id_token": json.dumps(claims)}),
            "returnSecureToken": True,
            "returnIdpCredential": True,
        }
        return self.call("signInWithIdp", body | more)

    def refresh(self, refresh_token: str) -> requests.Response:
        address = f"{self.url}/securetoken.googleapis.com/v1/token?key=any"
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return requests.post(address, data=form, timeout=DEADLINE_SECONDS)


def claims_of(id_token: str) -> dict[str, Any]:
    payload = id_token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in."""

    uid: str
    email: str | None
    id_token: str
    auth: Auth
    firestore: FirestoreAs
    storage: StorageAs

    @property
    def profile_path(self) -> str:
        return f"users/{self.uid}"

    def file_path(self, file_id: str) -> str:
        return f"users/{self.uid}/files/{file_id}"

    def original(self, file_id: str, name: str) -> str:
        return f"{self.file_path(file_id)}/{name}"

    def profile(self) -> dict[str, Any] | None:
        return _data(self.firestore.get(self.profile_path))

    def usage(self) -> tuple[int, int]:
        """Bytes and files."""
        usage = (self.profile() or {})["usage"]
        return usage["bytes"], usage["files"]

    def file(self, file_id: str) -> dict[str, Any] | None:
        return _data(self.firestore.get(self.file_path(file_id)))

    def announce(self, name: str, size: int, content_type: str, file_id: str | None = None) -> str:
        """Creates the file document as the page does; gives its id."""
        file_id = file_id or secrets.token_hex(10)
        document = {
            "name": name,
            "size": size,
            "contentType": content_type,
            "state": "uploading",
            "createdAt": SERVER_TIME,
        }
        response = self.firestore.create(self.file_path(file_id), document)
        assert response.ok, response.text
        return file_id

    def upload(self, name: str, data: bytes, content_type: str, file_id: str | None = None) -> str:
        """Announces a file and uploads it in one request; gives its id."""
        file_id = self.announce(name, max(len(data), 1), content_type, file_id)
        response = self.storage.upload(self.original(file_id, name), data, content_type)
        assert response.ok, response.text
        return file_id

    def upload_in_chunks(self, name: str, chunks: list[bytes], content_type: str) -> str:
        """Announces a file and uploads it as the SDK does large ones: start, chunks, the last finalizes."""
        file_id = self.announce(name, sum(map(len, chunks)), content_type)
        session = self.start_resumable(self.original(file_id, name), content_type)
        offset = 0
        for chunk in chunks[:-1]:
            assert self.send_chunk(session, offset, chunk, "upload").ok
            offset += len(chunk)
        response = self.send_chunk(session, offset, chunks[-1], "upload, finalize")
        assert response.ok, response.text
        return file_id

    def start_resumable(self, object_name: str, content_type: str) -> str:
        """The address of a new resumable upload."""
        headers = {
            "Authorization": f"Firebase {self.id_token}",
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
        }
        address = f"{self.storage.url}/v0/b/{self.storage.bucket}/o?name={quote(object_name, safe='')}"
        metadata = {"name": object_name, "contentType": content_type}
        response = requests.post(address, json=metadata, headers=headers, timeout=DEADLINE_SECONDS)
        assert response.ok, response.text
        return response.headers["x-goog-upload-url"]

    def send_chunk(self, session: str, offset: int, chunk: bytes, command: str) -> requests.Response:
        headers = {
            "Authorization": f"Firebase {self.id_token}",
            "X-Goog-Upload-Command": command,
            "X-Goog-Upload-Offset": str(offset),
            "Content-Type": "application/octet-stream",
        }
        return requests.post(session, data=chunk, headers=headers, timeout=DEADLINE_SECONDS)

    def until_settled(self, file_id: str) -> dict[str, Any]:
        """The file once functions are done with it, whether ready or rejected."""

        def settled() -> dict[str, Any] | None:
            file = self.file(file_id)
            return file if file and file["state"] in ("ready", "rejected") else None

        return eventually(settled, what=f"{self.file_path(file_id)} is settled")

    def until_ready(self, file_id: str) -> dict[str, Any]:
        file = self.until_settled(file_id)
        assert file["state"] == "ready", file
        return file


def _data(response: requests.Response) -> dict[str, Any] | None:
    """The data of the document in a response, None when there is none."""
    if response.status_code == 404:
        return None
    assert response.ok, response.text
    return from_fields(response.json())


class People:
    """Lets people in."""

    def __init__(self, suite: Suite) -> None:
        self.auth = Auth(suite.url("auth"), suite.project_id)
        self._firestore_url: str = suite.url("firestore")
        self._storage_url: str = suite.url("storage")
        self._database = f"projects/{suite.project_id}/databases/(default)"
        self._bucket: str = suite.bucket

    @staticmethod
    def new_email(domain: str = "example.com") -> str:
        return f"person-{secrets.token_hex(6)}@{domain}"

    def sign_up(self, email: str | None = None, **more: str) -> Person:
        """A new account, with its profile there."""
        return self._with_profile(self.person(self.auth.sign_up(email or self.new_email(), **more)))

    def verified(self, email: str | None = None) -> Person:
        """A new account whose address is confirmed, since it signed in by a link in a mail."""
        return self._with_profile(self.person(self.auth.sign_in_by_link(email or self.new_email())))

    def guest(self) -> Person:
        return self._with_profile(self.person(self.auth.guest()))

    def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        return self.person(self.auth.sign_in(email, password))

    def person(self, response: requests.Response) -> Person:
        """Who a sign-up or sign-in response lets in."""
        assert response.ok, response.text
        body = response.json()
        return Person(
            body["localId"],
            body.get("email"),
            body["idToken"],
            self.auth,
            FirestoreAs(self._firestore_url, self._database, body["idToken"]),
            StorageAs(self._storage_url, self._bucket, body["idToken"]),
        )

    @staticmethod
    def _with_profile(person: Person) -> Person:
        eventually(person.profile, what=f"the profile of {person.uid}")
        return person
