/**
 * Spares the Auth emulator most of its start. Loaded before firebase-tools (`node --require`).
 *
 * The Auth emulator (firebase-tools 15.34) describes some hundred operations to exegesis, which at the start compiles a
 * check for every parameter of each, with a compiler of its own every time: two thirds of what the whole CLI computes
 * until it is ready. exegesis has an option to compile a check when it is needed first, and this asks for it.
 */
const Module = require('node:module');

const OPTIONS = /[\\/]exegesis[\\/]lib[\\/]options\.js$/;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  if (!OPTIONS.test(filename)) return;
  const { compileOptions } = module.exports;
  module.exports.compileOptions = (options) => compileOptions({ lazyCompileValidationSchemas: true, ...options });
};
