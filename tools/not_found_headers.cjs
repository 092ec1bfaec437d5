/**
 * Lets an address that leads nowhere have the headers of the 404 page. Loaded before firebase-tools (`node --require`).
 *
 * In firebase.json a rule with the source `404.html` is for every answer that says "not found", and in the cloud it has
 * the last word. The Hosting emulator (superstatic 10) adds it too, but what rules say of the asked path overwrites it: a
 * file that is missing below `/assets/` was to be kept for a year. Here the rules of the 404 page come last.
 */
const Module = require('node:module');

const HEADERS = /[\\/]superstatic[\\/]lib[\\/]middleware[\\/]headers\.js$/;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (HEADERS.test(filename)) module.exports = inOrder(module.exports, module.require('on-headers'));
};

/** The middleware `makeHeaders(spec)`, where a second call for one response has the last word instead of the first. */
function inOrder(makeHeaders, onHeaders) {
  const last = new WeakMap();
  return (spec) => {
    const setHeaders = makeHeaders(spec);
    return (request, response, next) => {
      if (last.has(response)) {
        const recorded = { writeHead() {}, setHeader: (name, value) => response.setHeader(name, value) };
        last.set(response, recorded);
        return setHeaders(request, recorded, next);
      }
      last.set(response, null);
      onHeaders(response, () => last.get(response)?.writeHead(response.statusCode)); // listeners run from the last to the first
      return setHeaders(request, response, next);
    };
  };
}
