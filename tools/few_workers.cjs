/**
 * Keeps a burst of events from starting a process for each. Loaded before firebase-tools (`node --require`).
 *
 * A worker of the Functions emulator (firebase-tools 15.34) serves one request at a time, and whenever none is idle
 * another is started, for up to 50 requests at once: an import of a hundred objects became two hundred Python processes.
 * In the cloud `max_instances` bounds what one function can take. Here a function has at most WORKERS requests under
 * way, and the others wait their turn. It is counted for each function by itself, so that one that waits for another
 * cannot keep that one from running; for the same reason the emulator's own limit, which is for all of them, is lifted.
 */
const { availableParallelism } = require('node:os');
const Module = require('node:module');

// A function waits for the emulators about as long as it computes, so two for a core keep it busy. More is only slower.
const WORKERS = 2 * availableParallelism();

const EMULATOR = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/]functionsEmulator\.js$/;

process.env.FUNCTIONS_EMULATOR_PARALLEL ??= String(Number.MAX_SAFE_INTEGER);

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (!EMULATOR.test(filename)) return;
  const { prototype } = module.exports.FunctionsEmulator;
  prototype.handleHttpsTrigger = inTurn(prototype.handleHttpsTrigger);
};

/** `handle(request, response)` for no more than WORKERS requests to a function at a time, first come, first served. */
function inTurn(handle) {
  const lines = new Map();
  return async function (request, response) {
    const { region, trigger_name: name } = request.params;
    const id = region ? `${region}-${name}` : name;
    const line = lines.get(id) ?? { running: 0, waiting: [] };
    lines.set(id, line);
    if (line.running === WORKERS) await new Promise((turn) => line.waiting.push(turn));
    else line.running += 1;
    try {
      return await handle.call(this, request, response);
    } finally {
      const next = line.waiting.shift();
      if (next) next();
      else if (--line.running === 0) lines.delete(id);
    }
  };
}
