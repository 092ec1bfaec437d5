/**
 * Lets functions be loaded by the Python of their venv. Loaded before firebase-tools (`node --require`).
 *
 * firebase-tools 15.34 calls the interpreter by the runtime in firebase.json, `python3.14` where none is named, inside
 * the activated venv. A venv that another version made has no program of that name: the CLI finds none, or one outside
 * without the packages, and says that the Functions SDK is missing. Here it takes the venv's own `python` then.
 */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const PYTHON = /[\\/]firebase-tools[\\/]lib[\\/]deploy[\\/]functions[\\/]runtimes[\\/]python[\\/]index\.js$/;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (!PYTHON.test(filename)) return;
  const { prototype } = module.exports.Delegate;
  const { getPythonBinary } = prototype;
  prototype.getPythonBinary = function () {
    const wanted = getPythonBinary.call(this);
    const has = (name) => fs.existsSync(path.join(this.sourceDir, 'venv', 'bin', name));
    return !has(wanted) && has('python') ? 'python' : wanted;
  };
};
