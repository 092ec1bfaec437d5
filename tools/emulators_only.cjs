/**
 * Keeps our credential (tools/credentials.py) to the emulators. Loaded before firebase-tools (`node --require`).
 *
 * `eval "$(./kit env)"` puts it into the whole shell. The commands that run functions hand it to them; firebase-tools
 * 15.34 would warn that they reach production with it, which they cannot, and would itself ask Google for a token with
 * it when extensions could be emulated. Here it does neither. Every other command gets back what the shell had before:
 * `firebase deploy` uses the account it would use without us.
 */
const Module = require('node:module');
const path = require('node:path');

const OURS = path.join(__dirname, '..', '.kit', 'credentials.json');
const RUNS_FUNCTIONS = /^(emulators:|ext:dev:emulators:|serve$|functions:shell$)/;
const ENVIRONMENT = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/]env\.js$/;
const LOGIN = /[\\/]firebase-tools[\\/]lib[\\/]requireAuth\.js$/;

const { GOOGLE_APPLICATION_CREDENTIALS: given, KINDLING_REPLACED_CREDENTIALS: replaced } = process.env;

if (given === OURS) {
  if (process.argv.slice(2).some((word) => RUNS_FUNCTIONS.test(word))) handToFunctionsAlone();
  else if (replaced) process.env.GOOGLE_APPLICATION_CREDENTIALS = replaced;
  else delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
}

function handToFunctionsAlone() {
  const load = Module._extensions['.js'];
  Module._extensions['.js'] = function (module, filename) {
    load(module, filename);
    if (ENVIRONMENT.test(filename)) {
      const { getCredentialsEnvironment } = module.exports;
      const silent = true;
      module.exports.getCredentialsEnvironment = (account, logger, label) =>
        getCredentialsEnvironment(account, logger, label, silent);
    }
    if (LOGIN.test(filename)) {
      const { requireAuth } = module.exports;
      const skipAutoAuth = true;
      module.exports.requireAuth = (options) => requireAuth(options, skipAutoAuth);
    }
  };
}
