/**
 * Keeps one broken request from ending the whole emulator suite. Loaded before firebase-tools (`node --require`).
 *
 * The emulators of firebase-tools are express 4 applications, which do not look at what an asynchronous handler
 * promises: when it fails, Node finds an unhandled rejection and the CLI ends, every emulator with it. In 15.34 a
 * download of an object with a lone percent sign in its name does it, and so does a multipart upload whose metadata is
 * no JSON. Here the failure goes to express's own error handling, as in express 5, and the client gets an answer.
 */
const Module = require('node:module');

const LAYER = /[\\/]express[\\/]lib[\\/]router[\\/]layer\.js$/;
// What a handler throws at input it cannot decode.
const BAD_INPUT = new Set(['SyntaxError', 'URIError']);

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (LAYER.test(filename) && module.exports.prototype.handle_request) {
    module.exports.prototype.handle_request = handleRequest;
  }
};

/** `Layer.prototype.handle_request` of express 4.22, which also waits for what the handler promises. */
function handleRequest(request, response, next) {
  const handler = this.handle;
  if (handler.length > 3) return next();
  const fail = (error) => answer(error ?? new Error('A handler failed without a reason.'), response, next);
  try {
    const promised = handler(request, response, next);
    if (typeof promised?.catch === 'function') promised.catch(fail);
  } catch (error) {
    fail(error);
  }
}

function answer(error, response, next) {
  if (response.headersSent || !BAD_INPUT.has(error.name)) return next(error);
  response.status(400).json({ error: { code: 400, message: `The request cannot be read: ${error.message}.` } });
}
