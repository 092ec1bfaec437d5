import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { firestoreWithoutPipelines } from './plugins/firestore.js';
import { offline } from './plugins/offline.js';
import { completePages, pagesOf } from './plugins/pages.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const hostingEmulator = 'http://127.0.0.1:5000';
const pages = pagesOf(here('.'));

export default defineConfig({
  root: here('.'),
  plugins: [completePages({ root: here('.'), pages }), firestoreWithoutPipelines(), offline({ root: here('.'), isOff: process.env.VITE_OFFLINE === 'off' })],
  build: {
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2022',
    // light-dark() is used as it is.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // Every asset stays a file of its own: data: URLs would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    // Firestore with its offline cache is one module of 350 kB (103 kB gzip), loaded after sign-in.
    chunkSizeWarningLimit: 400,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: pages,
      // A change of the page leaves what browsers keep of the SDK as it is.
      output: { codeSplitting: { groups: [{ name: 'firebase', test: /@firebase\/(app|auth)\// }] } },
    },
  },
  // `npx vite hosting` serves the sources and borrows configuration and API from a running suite.
  server: { host: '127.0.0.1', proxy: { '/__/': hostingEmulator, '/api/': hostingEmulator } },
});
