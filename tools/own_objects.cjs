/**
 * Keeps the objects of one suite apart from those of another, and brings them back under their own names. Loaded before
 * firebase-tools (`node --require`).
 *
 * The Storage emulator (firebase-tools 15.34) keeps the content of objects in a folder of the temporary folder that all
 * suites of a machine share, and removes it when it stops: the objects of every other suite with it. Here each process
 * has a folder of its own, KINDLING_OBJECTS when that is set. When it imports it takes the first `|` or `\` in a name
 * for what separates folders, and such an object was gone; here a name is a name.
 */
const fs = require('node:fs');
const Module = require('node:module');
const { tmpdir } = require('node:os');
const path = require('node:path');

const FILES = /[\\/]firebase-tools[\\/]lib[\\/]emulator[\\/]storage[\\/](index|files|metadata)\.js$/;

let folder;
let metadata;

const load = Module._extensions['.js'];
Module._extensions['.js'] = function (module, filename) {
  load(module, filename);
  const found = FILES.exec(filename);
  if (found) MENDED[found[1]](module.exports, module);
};

const MENDED = {
  metadata: (loaded) => {
    metadata = loaded;
  },
  index: ({ StorageEmulator }) => {
    StorageEmulator.prototype.getPersistenceTmpDir = ownFolder;
  },
  files: ({ StorageLayer, StoredFile }, module) => {
    const { EmulatorLogger } = module.require('../emulatorLogger');
    StorageLayer.prototype.import = function (exported) {
      const { buckets } = JSON.parse(fs.readFileSync(path.join(exported, 'buckets.json'), 'utf8'));
      for (const { id } of buckets) this._buckets.set(id, new metadata.CloudStorageBucketMetadata(id));
      for (const file of jsonFiles(path.join(exported, 'metadata'))) {
        const text = fs.readFileSync(path.join(exported, 'metadata', file), 'utf8');
        const stored = metadata.StoredFileMetadata.fromJSON(text, this._cloudFunctions);
        const content = path.join(exported, 'blobs', file.slice(0, -'.json'.length));
        if (!fs.existsSync(content)) {
          const lost = `${stored.bucket}/${stored.name} is not imported: its content is missing (${content}).`;
          EmulatorLogger.forEmulator('storage').logLabeled('WARN', 'storage', lost);
          continue;
        }
        const name = this.path(stored.bucket, stored.name);
        this._persistence.copyFromExternalPath(content, name);
        this._files.set(name, new StoredFile(stored));
      }
    };
  },
};

/** Git keeps no empty folder, so an export without objects may have none. */
function jsonFiles(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { recursive: true }).filter((file) => path.extname(file) === '.json');
}

function ownFolder() {
  if (!folder) {
    folder = process.env.KINDLING_OBJECTS ?? fs.mkdtempSync(path.join(tmpdir(), 'kindling-objects-'));
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  }
  return folder;
}
