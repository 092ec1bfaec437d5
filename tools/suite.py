"""The running emulator suite as others see it: where each part listens, and the environment its clients
need.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.wire.firebase_json import FirebaseJson
from tools.project import PROJECT_ID

DEFAULT_PORTS: Final[dict[str, int]] = {
    "auth": 9099,
    "firestore": 8080,
    "storage": 9199,
    "functions": 5001,
    "hosting": 5000,
    "ui": 4000,
    "hub": 4400,
    "logging": 4500,
    "eventarc": 9299,
    "tasks": 9499,
    "websocket": 9150,
}
"""What firebase-tools uses where firebase.json names no port."""

AUXILIARY: Final = ("ui", "hub", "logging", "eventarc", "tasks")
"""What the CLI starts beside the parts that firebase.json names."""

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a client reaches a part that listens on every address."""

TITLES: Final[dict[str, str]] = {
    "hosting": "Page",
    "ui": "Emulator UI",
    "auth": "Auth",
    "firestore": "Firestore",
    "storage": "Storage",
    "functions": "Functions",
    "hub": "Hub",
    "logging": "Logging",
    "eventarc": "Eventarc",
    "tasks": "Tasks",
    "websocket": "Firestore requests",
}


@dataclass(frozen=True, slots=True)
class Suite:
    """Addresses (host, port) of a suite's parts by their names in firebase.json."""

    addresses: Mapping[str, tuple[str, int]]
    project_id: str = PROJECT_ID

    def host(self, name: str) -> str:
        """`host:port`, as the emulator variables want it."""
        host, port = self.addresses[name]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def url(self, name: str) -> str:
        return f"http://{self.host(name)}"

    @property
    def bucket(self) -> str:
        """The default bucket, as the Functions emulator names it."""
        return f"{self.project_id}.appspot.com"

    def environment(self) -> dict[str, str]:
        """The variables `firebase emulators:exec` gives to its script, and KINDLING_* for what it leaves out.

        A suite itself is started without them, since it must not see another one.
        """
        config = {"projectId": self.project_id, "storageBucket": self.bucket}
        return {
            "FIRESTORE_EMULATOR_HOST": self.host("firestore"),
            "FIREBASE_FIRESTORE_EMULATOR_ADDRESS": self.host("firestore"),
            "FIREBASE_AUTH_EMULATOR_HOST": self.host("auth"),
            "FIREBASE_STORAGE_EMULATOR_HOST": self.host("storage"),
            "STORAGE_EMULATOR_HOST": self.url("storage"),
            "CLOUD_TASKS_EMULATOR_HOST": self.host("tasks"),
            "CLOUD_EVENTARC_EMULATOR_HOST": self.url("eventarc"),
            "FIREBASE_EMULATOR_HUB": self.host("hub"),
            "GCLOUD_PROJECT": self.project_id,
            "GOOGLE_CLOUD_PROJECT": self.project_id,
            "FIREBASE_CONFIG": json.dumps(config),
            "KINDLING_HOSTING_URL": self.url("hosting"),
            "KINDLING_UI_URL": self.url("ui"),
            "KINDLING_FUNCTIONS_URL": self.url("functions"),
            "KINDLING_BUCKET": self.bucket,
        }


def from_environment(environment: Mapping[str, str]) -> Suite | None:
    """The suite whose variables a process was given; nothing where there are none."""
    if "KINDLING_HOSTING_URL" not in environment:
        return None
    places = {
        "auth": environment["FIREBASE_AUTH_EMULATOR_HOST"],
        "firestore": environment["FIRESTORE_EMULATOR_HOST"],
        "storage": environment["FIREBASE_STORAGE_EMULATOR_HOST"],
        "tasks": environment["CLOUD_TASKS_EMULATOR_HOST"],
        "hub": environment["FIREBASE_EMULATOR_HUB"],
        "eventarc": environment["CLOUD_EVENTARC_EMULATOR_HOST"].removeprefix("http://"),
        "hosting": environment["KINDLING_HOSTING_URL"].removeprefix("http://"),
        "functions": environment["KINDLING_FUNCTIONS_URL"].removeprefix("http://"),
        "ui": environment["KINDLING_UI_URL"].removeprefix("http://"),
    }
    pairs = {name: place.rpartition(":") for name, place in places.items()}
    addresses = {name: (host.strip("[]"), int(port)) for name, (host, _, port) in pairs.items()}
    return Suite(addresses, environment["GCLOUD_PROJECT"])


def configured(config: FirebaseJson) -> Suite:
    """The suite a firebase.json describes, the CLI's defaults where it names no port."""
    addresses: dict[str, tuple[str, int]] = {}
    for name, default in DEFAULT_PORTS.items():
        part, key = ("firestore", "websocketPort") if name == "websocket" else (name, "port")
        host = str(config.emulator(part).get("host") or "127.0.0.1")
        addresses[name] = (_EVERYWHERE.get(host, host), config.port(part, key, default))
    return Suite(addresses)


def running(suite: Suite) -> Suite | None:
    """The suite whose Emulator UI answers where that of `suite` would, with the addresses and the project
    that it names; None when nothing answers.
    """
    connection = http.client.HTTPConnection(*suite.addresses["ui"], timeout=2)
    try:
        connection.request("GET", "/api/config")
        told: dict[str, Any] = json.loads(connection.getresponse().read())
        parts = {name: told[name] for name in suite.addresses if name in told}
        found = {name: (str(part["host"]), int(part["port"])) for name, part in parts.items()}
        return Suite({**suite.addresses, **found}, str(told["projectId"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def ports_from(first: int) -> dict[str, int]:
    """A port for every part, one after the other."""
    return {name: first + place for place, name in enumerate(DEFAULT_PORTS)}


def on_ports_from(first: int) -> Suite:
    """A suite of this project with every part on a port from `first` on."""
    return Suite({name: ("127.0.0.1", port) for name, port in ports_from(first).items()})


def with_ports(config: FirebaseJson, ports: Mapping[str, int]) -> dict[str, Any]:
    """What `config` holds, with every emulator that it has on its port of `ports`."""
    given: Mapping[str, Any] = config.tree.get("emulators", {})
    emulators = {key: value for key, value in given.items() if not isinstance(value, dict | None)}
    for name in DEFAULT_PORTS:
        if name in AUXILIARY or config.has(name):
            emulators[name] = {**config.emulator(name), "host": "127.0.0.1", "port": ports[name]}
    if "firestore" in emulators:
        emulators["firestore"]["websocketPort"] = ports["websocket"]
    return {**config.tree, "emulators": emulators}
