/**
 * A Vite plugin for what is written last, because it names the other files: the service worker with its list and version, the
 * version in the page, and the script that runs first under a name with its content in it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

const FIRST_SCRIPT = '/src/first.js';
const KEPT = /^assets\/.*\.(js|css|svg|webp|woff2)$/;

const digest = (text) => createHash('sha256').update(text).digest('base64url').slice(0, 12);

/** `isOff`: the worker is one that only removes an earlier one. A page without a first script or a worker in `src/` goes without. */
export function offline({ root, isOff }) {
  const source = (path) => (existsSync(`${root}/src/${path}`) ? readFileSync(`${root}/src/${path}`, 'utf8') : null);
  return {
    name: 'drop-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const first = addFirstScript(this, source('first.js'));
      const workerText = source(isOff ? 'offline/farewell.js' : 'offline/worker.js');
      const pages = Object.values(bundle).filter(({ fileName }) => fileName.endsWith('.html'));
      const assets = [...(first ? [first] : []), ...Object.keys(bundle).filter((name) => KEPT.test(name) && !isOfSharePage(bundle[name]))].sort();
      const version = digest(assets.join() + pages.map((page) => page.source).join());
      for (const page of pages) {
        if (first) page.source = page.source.replace(FIRST_SCRIPT, `/${first}`);
        page.source = page.source.replace('name="drop-version" content="development"', `name="drop-version" content="${version}"`);
      }
      if (workerText) this.emitFile({ type: 'asset', fileName: 'sw.js', source: isOff ? workerText : worker(workerText, version, assets) });
    },
  };
}

function addFirstScript(context, text) {
  if (text === null) return null;
  const fileName = `assets/first-${digest(text).slice(0, 8)}.js`;
  context.emitFile({ type: 'asset', fileName, source: text });
  return fileName;
}

const isOfSharePage = ({ facadeModuleId, names }) => /\/(share|404)\.html$/.test(facadeModuleId) || names?.includes('share.css');

function worker(text, version, assets) {
  const list = JSON.stringify(assets.map((name) => `/${name}`));
  return text.replace("'__VERSION__'", JSON.stringify(version)).replace("'__ASSETS__'", list);
}
