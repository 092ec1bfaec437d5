/**
 * Keeps a Python function from being called when its worker starts. Loaded before firebase-tools (`node --require`).
 *
 * The Functions emulator of firebase-tools 15.34 asks a new worker for `GET /__/health` until something answers. Its
 * Node runtime has that path. functions-framework for Python hands every path to an HTTP function, which so runs once
 * more than it is called: it enqueues its tasks twice, and logs an error for a request that nobody sent. Here Python
 * workers are asked for a path that functions-framework answers itself.
 */
const http = require('node:http');
const Module = require('node:module');

const WORKER = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/]functionsRuntimeWorker\.js$/;
const ANSWERED_BY_THE_FRAMEWORK = '/robots.txt';

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (!WORKER.test(filename)) return;
  const { prototype } = module.exports.RuntimeWorker;
  const { isSocketReady } = prototype;
  prototype.isSocketReady = function () {
    const isPython = this.runtime.process.spawnargs.some((word) => word.includes('functions-framework'));
    return isPython ? askFramework(this) : isSocketReady.call(this);
  };
};

function askFramework(worker) {
  return new Promise((resolve, reject) => {
    const options = { ...worker.runtime.conn.httpReqOpts(), path: ANSWERED_BY_THE_FRAMEWORK };
    const request = http.get(options, (answer) => {
      answer.resume();
      worker.readyForWork();
      resolve();
    });
    request.on('error', reject);
  });
}
