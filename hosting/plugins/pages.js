/**
 * The pages: every .html file beside this folder and below, but for what is built, copied as it is, or part of the build. What
 * they name and is not there is told at once, for all pages together; the bundler tells one at a time.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const NO_PAGES = new Set(['dist', 'node_modules', 'plugins', 'public', 'src']);
const COMMENT = /<!--[\s\S]*?-->/g;
const SCRIPT = /<script\b[^>]*?\ssrc\s*=\s*["']([^"']+)["']/gi;
const STYLESHEET = /<link\b(?=[^>]*\srel\s*=\s*["']?stylesheet\b)[^>]*?\shref\s*=\s*["']([^"']+)["']/gi;
/** Other hosts, and what Hosting itself serves. */
const ELSEWHERE = /^([a-z][a-z0-9+.-]*:|\/\/|\/__\/)/i;

export function pagesOf(root) {
  return readdirSync(root, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(root, entry.name);
      if (entry.isDirectory()) return NO_PAGES.has(entry.name) || entry.name.startsWith('.') ? [] : pagesOf(path);
      return entry.name.endsWith('.html') ? [path] : [];
    })
    .sort();
}

/** Refuses to build pages that name files which are not there. */
export function completePages({ root, pages }) {
  return {
    name: 'complete-pages',
    apply: 'build',
    buildStart() {
      if (pages.length === 0) this.error(`there is no page in ${relative(process.cwd(), root) || '.'}: write an index.html there`);
      const missing = pages.flatMap((page) => missingOf(page, root));
      if (missing.length > 0) this.error(`${missing.join('\n')}\nWrite what is missing, or remove the page or the line that names it.`);
    },
  };
}

function missingOf(page, root) {
  const text = readFileSync(page, 'utf8').replace(COMMENT, '');
  const named = [...text.matchAll(SCRIPT), ...text.matchAll(STYLESHEET)].map(([, address]) => address);
  return [...new Set(named)]
    .filter((address) => !ELSEWHERE.test(address) && !isThere(address.split(/[?#]/)[0], page, root))
    .map((address) => `${relative(root, page)} names ${address}, and there is no such file`);
}

function isThere(address, page, root) {
  const places = address.startsWith('/') ? [join(root, address), join(root, 'public', address)] : [join(dirname(page), address)];
  return places.some((place) => existsSync(decodeURI(place)));
}
