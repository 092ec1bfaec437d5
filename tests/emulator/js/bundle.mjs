// Bundles the page with the SDK's browser build: node bundle.mjs <output folder>

import { fileURLToPath } from 'node:url';
import { build } from 'vite';

await build({
  root: fileURLToPath(new URL('.', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  build: { outDir: process.argv[2], emptyOutDir: true, target: 'es2022', minify: false },
});
