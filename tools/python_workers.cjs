/**
 * Gives every Python worker a port of its own, and tells at once when one cannot start. Loaded before firebase-tools
 * (`node --require`).
 *
 * firebase-tools 15.34 looks for a free port and starts a Python that takes it seconds later: two workers that start
 * together, of one suite or of two, may be given the same one, and then the requests of one suite are answered by the
 * functions of the other. Here a port that was given is held until its worker has ended. What holds it is the UDP port
 * of that number, which nobody else uses, every process sees and the kernel frees however its owner ends.
 *
 * When a worker ends while it starts, because the functions cannot be imported, the CLI goes on asking it for a minute
 * and then gives the client no answer at all. Here it is told by the end of the worker, and the client gets an error.
 */
const dgram = require('node:dgram');
const Module = require('node:module');
const net = require('node:net');

const FILES =
  /[\\/](?:portfinder[\\/]lib[\\/](portfinder)|firebase-tools[\\/]lib[\\/].*[\\/](functionsEmulator|functionsRuntimeWorker|python[\\/]index))\.js$/;

const LAST_PORT = 65_535;

/** The sockets that hold ports. */
const held = new Map();

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  const found = FILES.exec(filename);
  if (found) MENDED[(found[1] ?? found[2]).replace('\\', '/')](module.exports);
};

const MENDED = {
  portfinder: (portfinder) => {
    portfinder.getPortPromise = async ({ port: first }) => {
      for (let port = first; port <= LAST_PORT; port += 1) {
        // To look whether a port is free is to take it for a moment: never one that another gave to its worker.
        if (!(await hold(port))) continue;
        if (await isFree(port)) return port;
        release(port);
      }
      throw new Error(`There is no free port from ${first} on.`);
    };
  },
  functionsEmulator: ({ FunctionsEmulator: { prototype } }) => {
    const { startPython, handleHttpsTrigger } = prototype;
    prototype.startPython = async function (backend, environment) {
      const runtime = await startPython.call(this, backend, environment);
      runtime.process.once('exit', () => release(runtime.conn.port));
      return runtime;
    };
    prototype.handleHttpsTrigger = async function (request, response) {
      await handleHttpsTrigger.call(this, request, response);
      if (response.headersSent !== false || response.destroyed) return;
      response.status(500).send('The function could not be started; the log of the emulators says why.');
    };
  },
  functionsRuntimeWorker: ({ RuntimeWorker: { prototype } }) => {
    const { waitForSocketReady } = prototype;
    prototype.waitForSocketReady = function () {
      const { process: child } = this.runtime;
      const ended = new Promise((_, reject) => {
        const tell = (code, signal) => {
          const error = new Error(`it ended with ${signal ?? `code ${code}`} while it started.`);
          this.isSocketReady = () => Promise.reject(error); // the port may be another's by now
          reject(error);
        };
        if (child.exitCode === null && child.signalCode === null) child.once('exit', tell);
        else tell(child.exitCode, child.signalCode);
      });
      return Promise.race([waitForSocketReady.call(this), ended]);
    };
  },
  'python/index': ({ Delegate: { prototype } }) => {
    const { serveAdmin } = prototype;
    prototype.serveAdmin = async function (port, environment) {
      const stop = await serveAdmin.call(this, port, environment);
      return async () => {
        await stop();
        release(port);
      };
    };
  },
};

/** Whether the port is ours now, and was nobody's. */
function hold(port) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4').unref();
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      held.set(port, socket);
      resolve(true);
    });
  });
}

/** Whether a server could listen there, on all addresses and on the local one. */
async function isFree(port) {
  for (const host of [undefined, '127.0.0.1']) {
    const server = net.createServer();
    const listens = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ port, host, exclusive: true }, () => resolve(true));
    });
    if (!listens) return false;
    await new Promise((closed) => server.close(closed));
  }
  return true;
}

function release(port) {
  held.get(port)?.close();
  held.delete(port);
}
