"""What a suite can hold, put into one and read from another: databases, accounts, objects of every kind."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

from tools.suite import Suite

OWNER = {"Authorization": "Bearer owner"}
PROJECTS = ("demo-kindling", "demo-other")
DATABASES = [(project, database) for project in PROJECTS for database in ("(default)", "second")]
BUCKETS = ("demo-kindling.appspot.com", "another-bucket")
NAMES = ("a.txt", "folder/b c.txt", "odd|name/with%20\\all.txt", "empty")
TENANTS = 21
"""One more than a page of the list that the CLI reads."""


def fill(suite: Suite) -> None:
    for project, database in DATABASES:
        name = f"{_documents(suite, project, database)}/one"
        fields = {"fields": {"of": {"stringValue": f"{project} {database}"}}}
        _call("PATCH", name, json=fields)
    for project in PROJECTS:
        account = {"localId": "with-password", "email": "p@example.com", "password": "secret1"}
        _call("POST", _auth(suite, f"v1/projects/{project}/accounts"), json=account)
        # A second factor of an address that is not verified: what the CLI's own import drops.
        update = {
            "localId": "with-password",
            "emailVerified": False,
            "customAttributes": '{"role": "admin"}',
            "mfa": {"enrollments": [{"mfaEnrollmentId": "m", "phoneInfo": "+15551234567"}]},
        }
        _call("POST", _auth(suite, f"v1/projects/{project}/accounts:update"), json=update)
        settings = {"displayName": "Tenant", "enableEmailLinkSignin": True}
        made = _call("POST", _auth(suite, f"v2/projects/{project}/tenants"), json=settings).json()
        place = f"v1/projects/{project}/tenants/{made['tenantId']}/accounts"
        _call("POST", _auth(suite, place), json={"localId": "of-tenant", "email": "t@example.com"})
    for number in range(TENANTS):
        _call("POST", _auth(suite, f"v2/projects/{PROJECTS[0]}/tenants"), json={"displayName": f"T{number}"})
    for bucket in BUCKETS:
        for name in NAMES:
            url = f"{suite.url('storage')}/upload/storage/v1/b/{bucket}/o?uploadType=media"
            content = b"" if name == "empty" else f"{bucket} {name}".encode()
            _call("POST", f"{url}&name={quote(name, safe='')}", data=content)


def held(suite: Suite) -> dict[str, Any]:
    """All of it by what it is; documents without their times, for which an export has no place."""
    found: dict[str, Any] = {}
    for project, database in DATABASES:
        listed = _call("GET", _documents(suite, project, database)).json().get("documents", [])
        found[f"documents {project} {database}"] = [each["fields"] for each in listed]
    for project in PROJECTS:
        found[f"accounts {project}"] = _accounts(suite, f"projects/{project}")
        listed = _call("GET", _auth(suite, f"v2/projects/{project}/tenants?pageSize=1000")).json()["tenants"]
        found[f"tenants {project}"] = listed
        for tenant in listed:
            found[tenant["name"]] = _accounts(suite, tenant["name"])
    for bucket in BUCKETS:
        objects = _call("GET", f"{suite.url('storage')}/storage/v1/b/{bucket}/o").json().get("items", [])
        for each in objects:
            place = f"{suite.url('storage')}/storage/v1/b/{bucket}/o/{quote(each['name'], safe='')}"
            link = {each.pop("mediaLink"), each.pop("selfLink")}  # have the port in them
            assert link
            found[f"object {bucket} {each['name']}"] = (each, _call("GET", f"{place}?alt=media").content)
    return found


def _accounts(suite: Suite, parent: str) -> Any:
    answer = _call("POST", _auth(suite, f"v1/{parent}/accounts:query"), json={}).json()
    return answer.get("userInfo", [])


def _documents(suite: Suite, project: str, database: str) -> str:
    return f"{suite.url('firestore')}/v1/projects/{project}/databases/{database}/documents/kept"


def _auth(suite: Suite, path: str) -> str:
    return f"{suite.url('auth')}/identitytoolkit.googleapis.com/{path}"


def _call(method: str, url: str, **options: Any) -> requests.Response:
    answer = requests.request(method, url, headers=OWNER, timeout=30, **options)
    assert answer.ok, answer.text
    return answer
