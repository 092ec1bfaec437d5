/**
 * Ends the suite when a program of it dies. Loaded before firebase-tools (`node --require`).
 *
 * firebase-tools 15.34 stops everything when the Firestore emulator ends with an exit code. When a signal ends it (out
 * of memory, `kill`) the CLI warns and goes on without a database; when the rules runtime of Storage ends it says
 * nothing, and waits for it for ever if that happens at the start. Here both are fatal too, in the CLI's own way.
 */
const childProcess = require('node:child_process');
const Module = require('node:module');

const EMULATORS = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/]downloadableEmulators\.js$/;

let stopAll;
let isEnding = false;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (EMULATORS.test(filename)) stopAll = module.exports.handleEmulatorProcessError;
};

const spawn = childProcess.spawn;
childProcess.spawn = function (program, words, ...rest) {
  const child = spawn.call(this, program, words, ...rest);
  if (program === 'java' && words.includes('-jar')) endWith(child, words.at(-1) === 'serve' ? 'storage' : 'firestore');
  return child;
};

function endWith(child, emulator) {
  // Ctrl-C in a terminal reaches both, and the CLI stops in an orderly way then.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.once(name, () => { isEnding = true; });
  child.once('exit', (code, signal) => {
    const isSeenTo = emulator === 'firestore' && code > 0;
    if (child.killed || isEnding || isSeenTo || !stopAll) return;
    const who = emulator === 'storage' ? 'its rules runtime ended' : 'ended';
    void stopAll(emulator, new Error(signal ? `${who} by ${signal}` : `${who} with code ${code}`));
  });
}
