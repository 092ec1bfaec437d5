/**
 * Sends each request to a Python function over a connection of its own. Loaded before firebase-tools (`node --require`).
 *
 * gunicorn, which functions-framework serves with, ends a connection on which nothing happens for 2 s; Node keeps it for
 * the next request, for 5 s. With firebase-tools 15.34 a request sent while the other side hangs up fails with ECONNRESET:
 * a call gets a 500, an event is lost. A new connection on the loopback costs less than a millisecond.
 */
const Module = require('node:module');

const EMULATOR = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/]functionsEmulator\.js$/;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (!EMULATOR.test(filename)) return;
  const { prototype } = module.exports.TCPConn;
  const { httpReqOpts } = prototype;
  prototype.httpReqOpts = function () {
    return { ...httpReqOpts.call(this), agent: false };
  };
};
