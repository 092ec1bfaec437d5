"""Workers of the Functions emulator, started by the CLI's own code in two suites at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.project import NODE_MODULES, ROOT

LIB = NODE_MODULES / "firebase-tools" / "lib"
PRELOAD = ("--require", str(ROOT / "tools" / "python_workers.cjs"))

# Every worker looks from the same port on, as two may by chance; far from where a suite beside looks.
# It tells whose it is.
SUITE = """
const [lib, folder, name, count] = process.argv.slice(1);
require(`${lib}/emulator/../utils`).randomInt = () => 13_000;
const { FunctionsEmulator } = require(`${lib}/emulator/functionsEmulator`);
const { RuntimeWorkerPool } = require(`${lib}/emulator/functionsRuntimeWorker`);
const emulator = {
  args: { projectId: 'demo' },
  logger: { log() {}, logLabeled: (...words) => console.error(words.slice(1).join(' ')) },
  workerPools: { default: new RuntimeWorkerPool() },
  getRuntimeEnvs: () => ({ SUITE: name }),
  resolveSecretEnvs: () => ({}),
  startPython: FunctionsEmulator.prototype.startPython,
  startRuntime: FunctionsEmulator.prototype.startRuntime,
  triggers: { 'us-central1-f': {} },
  getTriggerRecordByKey: (id) => ({ enabled: true, def: { id, httpsTrigger: {} }, backend }),
};
const backend = { codebase: 'default', runtime: 'python311', functionsDir: folder };
const ask = async (worker) => (await fetch(`http://127.0.0.1:${worker.runtime.conn.port}/`)).text();
"""
MANY = (
    SUITE
    + """
process.stdin.once('data', async () => {
  const starts = Array.from({ length: Number(count) }, () => emulator.startRuntime(backend, undefined));
  const workers = (await Promise.allSettled(starts)).map(({ value }) => value);
  const answers = await Promise.all(workers.map((worker) => (worker ? ask(worker) : 'not started')));
  console.log(JSON.stringify({ ports: workers.map((worker) => worker?.runtime.conn.port), answers }));
  process.stdin.once('data', () => {
    emulator.workerPools.default.exit();
    process.exit();
  });
});
console.log('ready');
"""
)
ONE = (
    SUITE
    + """
let answered;
const send = (code) => ({ send: (text) => { answered = { code, text }; } });
const response = { headersSent: false, status: send };
const params = { region: 'us-central1', trigger_name: 'f' };
const request = { method: 'GET', protocol: 'http', hostname: 'localhost', url: '/', headers: {}, params };
void FunctionsEmulator.prototype.handleHttpsTrigger.call(emulator, request, response).then(() => {
  console.log(JSON.stringify(answered));
  process.exit();
});
"""
)
WORKER = """
import http.server, os, socket, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["SUITE"].encode())
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    """A folder of functions whose functions-framework is a small server, or whatever `worker` says."""
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(f'PATH="{programs}:$PATH"\n')
    (programs / "functions-framework").write_text(f"#!/bin/sh\nexec python3 -S {tmp_path}/worker.py\n")
    (programs / "functions-framework").chmod(0o755)
    (tmp_path / "worker.py").write_text(WORKER)
    return tmp_path


def suite(started: Any, functions: Path, name: str, *node: str) -> subprocess.Popen[str]:
    command = ["node", *node, "-e", MANY, "--", str(LIB), str(functions), name, "6"]
    process = started(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    return process  # type: ignore[no-any-return]


def start_workers(*suites: subprocess.Popen[str]) -> list[dict[str, Any]]:
    for process in suites:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert all(process.stdout for process in suites)
    return [json.loads(process.stdout.readline()) for process in suites if process.stdout]


def test_no_port_goes_to_two_workers_of_suites_that_start_them_at_once(started, functions: Path):
    for _ in range(3):
        pair = [suite(started, functions, name, *PRELOAD) for name in ("one", "other")]
        told = start_workers(*pair)
        assert [each["answers"] for each in told] == [["one"] * 6, ["other"] * 6]
        given = told[0]["ports"] + told[1]["ports"]
        assert len(set(given)) == 12
        for process in pair:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_port_is_free_again_when_its_worker_has_ended(started, functions: Path):
    one = suite(started, functions, "one", *PRELOAD)
    first = start_workers(one)[0]["ports"]
    os.killpg(one.pid, signal.SIGKILL)
    one.wait()
    again = suite(started, functions, "again", *PRELOAD)
    assert set(start_workers(again)[0]["ports"]) & set(first)
    os.killpg(again.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("worker", "how"),
    [
        pytest.param("import no_such_module", "code 1", id="import that fails"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "code 137", id="killed"),
    ],
)
def test_client_of_a_function_that_cannot_start_gets_an_error_at_once(functions: Path, worker, how):
    (functions / "worker.py").write_text(worker)
    command = ["node", *PRELOAD, "-e", ONE, "--", str(LIB), str(functions), "one", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["code"] == 500
    assert f"Failed to start functions in {functions}: it ended with {how} while it started." in done.stderr
