"""What ./kit loads before firebase-tools, in the Node and with the packages that it runs with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import credentials
from tools.java import environment, plant
from tools.project import NODE_MODULES, firebase_cli

ROOT = Path(__file__).parents[2]
EMULATORS = NODE_MODULES / "firebase-tools" / "lib" / "emulator"
EXEGESIS = NODE_MODULES / "exegesis" / "lib" / "options"
ASK = """
const { compileOptions } = require(process.argv[1]);
console.log(JSON.stringify(compileOptions(JSON.parse(process.argv[2])).lazyCompileValidationSchemas));
"""


def told(*node: str, given: object) -> object:
    command = ["node", *node, "-e", ASK, "--", str(EXEGESIS), json.dumps(given)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


# Sends requests through the emulator's own handler to workers that answer only when told to; the first fails.
BURST = """
const { availableParallelism } = require('node:os');
const { FunctionsEmulator } = require(process.argv[1]);
const settle = () => new Promise(setImmediate);
const told = { cores: availableParallelism(), most: {}, begun: [] };
const running = {};
const ends = [];
const pool = {
  readyForWork: () => true,
  submitRequest: (id, { headers }) => {
    running[id] = (running[id] ?? 0) + 1;
    told.most[id] = Math.max(told.most[id] ?? 0, running[id]);
    told.begun.push(headers.number);
    return new Promise((resolve, reject) => {
      ends.push(() => { running[id] -= 1; headers.number === 0 ? reject(new Error('broken')) : resolve(); });
    });
  },
};
const emulator = {
  args: { projectId: 'demo' },
  triggers: { 'us-central1-busy': {}, 'us-central1-other': {} },
  workerPools: { default: pool },
  logger: { log() {} },
  getTriggerRecordByKey: (id) => (
    { enabled: true, def: { id, httpsTrigger: {} }, backend: { codebase: 'default' } }
  ),
};
const { handleHttpsTrigger } = FunctionsEmulator.prototype;
const post = { method: 'POST', protocol: 'http', hostname: 'localhost', url: '/' };
/** Gives whether it failed. */
const send = (params, number) =>
  handleHttpsTrigger.call(emulator, { ...post, params, headers: { number } }, {})
    .then(() => false, () => true);
(async () => {
  const total = 3 * told.cores * 2;
  const sent = [];
  for (let number = 0; number < total; number += 1) {
    const asEvent = { trigger_name: 'us-central1-busy' };
    const asRequest = { region: 'us-central1', trigger_name: 'busy' };
    sent.push(send(number % 2 ? asEvent : asRequest, number));
  }
  await settle();
  sent.push(send({ region: 'us-central1', trigger_name: 'other' }, total));
  await settle();
  told.otherBeganAt = told.begun.indexOf(total);
  while (ends.length) { ends.shift()(); await settle(); }
  told.failed = (await Promise.all(sent)).filter(Boolean).length;
  console.log(JSON.stringify(told));
  process.exit();
})();
"""


def burst(*node: str) -> dict[str, Any]:
    command = ["node", *node, "-e", BURST, "--", str(EMULATORS / "functionsEmulator")]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_burst_to_a_function_waits_for_its_workers_and_keeps_no_other_function_waiting():
    without = burst()
    cores = without["cores"]
    assert without["most"]["us-central1-busy"] == 6 * cores
    told = burst("--require", str(ROOT / "tools" / "few_workers.cjs"))
    assert told["most"] == {"us-central1-busy": 2 * cores, "us-central1-other": 1}
    assert told["otherBeganAt"] == 2 * cores, "another function does not wait"
    told["begun"].remove(6 * cores)
    assert told["begun"] == list(range(6 * cores)), "first come, first served"
    assert told["failed"] == without["failed"] == 1, "what fails makes room too"


def test_limit_of_all_functions_together_is_lifted_unless_somebody_set_it():
    script = "console.log(process.env.FUNCTIONS_EMULATOR_PARALLEL)"
    command = ["node", "--require", str(ROOT / "tools" / "few_workers.cjs"), "-e", script]

    def limit(**environment: str) -> int:
        own = {"PATH": os.environ["PATH"], **environment}
        return int(subprocess.run(command, env=own, capture_output=True, text=True, check=True).stdout)

    assert limit() > 1_000_000
    assert limit(FUNCTIONS_EMULATOR_PARALLEL="7") == 7


# Starts a program of the suite as the CLI does.
START = """
require(`${process.argv[1]}/../logger`).useConsoleLoggers();
const { Emulators } = require(`${process.argv[1]}/types`);
const programs = require(`${process.argv[1]}/downloadableEmulators`);
const { StorageRulesRuntime } = require(`${process.argv[1]}/storage/rules/runtime`);
const starts = {
  storage: () => new StorageRulesRuntime().start(false),
  firestore: () => programs.start(Emulators.FIRESTORE, { host: '127.0.0.1', port: 1 }),
  stopped: async () => {
    await starts.firestore();
    await programs.stop(Emulators.FIRESTORE);
  },
};
void starts[process.argv[2]]();
"""


@pytest.fixture
def start_program(tmp_path: Path):
    """Starts the storage runtime or Firestore, with a shell script in the place of Java."""

    def start(what: str, java: str, *node: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "java").write_text(f"#!/bin/sh\n{java}\n")
        (tmp_path / "java").chmod(0o755)
        own = {**os.environ, "IS_FIREBASE_CLI": "1", **environment(os.environ["PATH"], plant())}
        own["PATH"] = f"{tmp_path}{os.pathsep}{own['PATH']}"
        command = ["node", *node, "-e", START, "--", str(EMULATORS), what]
        return subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False)

    return start


@pytest.mark.parametrize(
    ("what", "java", "sentence"),
    [
        pytest.param(
            "storage",
            "exit 3",
            "Storage Emulator has exited: Error: its rules runtime ended with code 3",
            id="rules runtime",
        ),
        pytest.param(
            "firestore",
            "kill -9 $$",
            "Firestore Emulator has exited: Error: ended by SIGKILL",
            id="Firestore",
        ),
    ],
)
def test_program_that_dies_ends_the_cli_and_is_named(start_program, what, java, sentence):
    assert start_program(what, java).returncode == 0, "the CLI alone goes on"
    done = start_program(what, java, "--require", str(ROOT / "tools" / "end_together.cjs"))
    assert done.returncode == 1
    assert sentence in done.stdout


def test_program_that_is_stopped_ends_nothing(start_program):
    done = start_program("stopped", "exec sleep 60", "--require", str(ROOT / "tools" / "end_together.cjs"))
    assert done.returncode == 0
    assert "has exited:" not in done.stdout
    assert "logging to" in done.stdout, "it was started"


@pytest.mark.parametrize(
    ("given", "lazy"),
    [({}, True), ({"allErrors": True}, True), ({"lazyCompileValidationSchemas": False}, False)],
    ids=["nothing", "other options", "the contrary"],
)
def test_checks_of_requests_are_compiled_when_needed_unless_the_caller_wants_otherwise(given, lazy):
    assert told(given=given) is False
    assert told("--require", str(ROOT / "tools" / "compile_when_asked.cjs"), given=given) is lazy


def test_cli_is_started_with_every_preload_of_the_folder():
    command = firebase_cli()
    loaded = {command[at + 1] for at, word in enumerate(command) if word == "--require"}
    assert loaded == {str(path) for path in (ROOT / "tools").glob("*.cjs")}
    assert Path(command[-1]).name == "firebase.js"


# Asks workers whether they are ready, as the emulator does, and tells for what they were asked.
READY = """
const http = require('node:http');
const { RuntimeWorker } = require(`${process.argv[1]}/functionsRuntimeWorker`);
const paths = [];
const server = http.createServer(({ url }, response) => { paths.push(url); response.writeHead(404).end(); });
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  let ready = 0;
  const worker = (...spawnargs) => ({
    runtime: { process: { spawnargs }, conn: { httpReqOpts: () => ({ host: '127.0.0.1', port }) } },
    readyForWork: () => { ready += 1; },
  });
  const isReady = RuntimeWorker.prototype.isSocketReady;
  await isReady.call(worker('sh', '-c', '. "venv/bin/activate" && functions-framework'));
  await isReady.call(worker('node', 'functionsEmulatorRuntime'));
  console.log(JSON.stringify({ paths, ready }));
  process.exit();
});
"""


def readiness(*node: str) -> object:
    command = ["node", *node, "-e", READY, "--", str(EMULATORS)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_python_worker_that_starts_is_not_asked_through_its_function():
    health = "/__/health"
    assert readiness() == {"paths": [health, health], "ready": 2}, "the CLI alone"
    preload = str(ROOT / "tools" / "start_uncalled.cjs")
    assert readiness("--require", preload) == {"paths": ["/robots.txt", health], "ready": 2}


# Sends two requests to a worker, the second when the first was answered, and tells over how many connections.
CONNECTIONS = """
const http = require('node:http');
const { TCPConn } = require(`${process.argv[1]}/functionsEmulator`);
const ports = new Set();
const server = http.createServer(({ socket }, response) => { ports.add(socket.remotePort); response.end(); });
server.listen(0, '127.0.0.1', async () => {
  const worker = new TCPConn('127.0.0.1', server.address().port);
  const ask = () => new Promise((done) => {
    http.request(worker.httpReqOpts(), (answer) => answer.resume().on('end', () => setImmediate(done))).end();
  });
  await ask();
  await ask();
  console.log(ports.size);
  process.exit();
});
"""


def connections(*node: str) -> int:
    command = ["node", *node, "-e", CONNECTIONS, "--", str(EMULATORS)]
    return int(subprocess.check_output(command, text=True))


def test_request_to_a_worker_does_not_take_a_connection_that_may_be_ending():
    assert connections() == 1, "the CLI alone"
    assert connections("--require", str(ROOT / "tools" / "fresh_connections.cjs")) == 2


PYTHON = """
const { Delegate } = require(`${process.argv[1]}/../deploy/functions/runtimes/python`);
const bins = process.argv.slice(2).map((each) => new Delegate('demo', ...each.split('=')).bin);
console.log(JSON.stringify(bins));
"""


def test_functions_are_loaded_by_the_python_of_their_venv(tmp_path):
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "python3.12"):
        (programs / name).touch()

    def pythons(*node: str) -> object:
        asked = [f"{tmp_path}=python314", f"{tmp_path}=python312", f"{tmp_path}/nowhere=python314"]
        command = ["node", *node, "-e", PYTHON, "--", str(EMULATORS), *asked]
        return json.loads(subprocess.check_output(command, text=True))

    assert pythons() == ["python3.14", "python3.12", "python3.14"], "the CLI alone"
    preload = str(ROOT / "tools" / "python_of_venv.cjs")
    assert pythons("--require", preload) == ["python", "python3.12", "python3.14"]


# Asks for the credentials of functions as the CLI does, for a developer who is signed in.
CREDENTIALS = """
const { getCredentialsEnvironment } = require(`${process.argv[1]}/env`);
const said = [];
const logger = { log() {}, logLabeled: (...words) => said.push(words.join(' ')) };
const account = { user: { email: 'developer@example.org' }, tokens: { refresh_token: 'real' } };
getCredentialsEnvironment(account, logger, 'functions').then((given) => {
  const own = process.env.GOOGLE_APPLICATION_CREDENTIALS ?? null;
  console.log(JSON.stringify({ own, given, warnings: said.length }));
});
"""


@pytest.fixture
def ask_for_credentials(tmp_path: Path):
    """The CLI's answer for one of its commands, with these variables."""

    def ask(command: str, **variables: str) -> dict[str, Any]:
        preload = str(ROOT / "tools" / "emulators_only.cjs")
        words = ["node", "--require", preload, "-e", CREDENTIALS, "--", str(EMULATORS), command]
        own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
        done = subprocess.run(words, env=own, capture_output=True, text=True, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return ask


@pytest.fixture
def users_own(tmp_path: Path) -> str:
    credentials.ensure(tmp_path / "key.json")
    return str(tmp_path / "key.json")


@pytest.mark.parametrize("command", ["emulators:start", "functions:shell"])
def test_functions_get_our_credential_and_never_that_of_who_is_signed_in(ask_for_credentials, command):
    credentials.ensure()
    ours = {credentials.VARIABLE: str(credentials.FILE)}
    answer = ask_for_credentials(command, **ours)
    assert answer == {"own": str(credentials.FILE), "given": {}, "warnings": 0}


def test_credential_that_somebody_keeps_is_warned_of_as_ever(ask_for_credentials, users_own):
    answer = ask_for_credentials("emulators:start", **{credentials.VARIABLE: users_own})
    assert answer == {"own": users_own, "given": {}, "warnings": 1}


def credential_of(command: str, **variables: str) -> str:
    """What GOOGLE_APPLICATION_CREDENTIALS is while the CLI runs one of its commands."""
    ask = 'console.log(process.env.GOOGLE_APPLICATION_CREDENTIALS ?? "none")'
    words = ["node", "--require", str(ROOT / "tools" / "emulators_only.cjs"), "-e", ask, "--", "firebase"]
    own = {"PATH": os.environ["PATH"], **variables}
    return subprocess.check_output([*words, command], env=own, text=True).strip()


@pytest.mark.parametrize("command", ["deploy", "login", "projects:list"])
def test_other_commands_have_the_credential_that_the_shell_had_before(command):
    ours = {credentials.VARIABLE: str(credentials.FILE)}
    assert credential_of(command, **ours) == "none"
    assert credential_of(command, **ours, **{credentials.REPLACED: "/key.json"}) == "/key.json"
    assert credential_of(command, **{credentials.VARIABLE: "/key.json"}) == "/key.json"
