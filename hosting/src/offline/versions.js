/** Tells when a newer version than this page waits, and changes over when the person says so. */
import { onLanguageChange, t } from '../i18n.js';
import { fill, h } from '../ui/dom.js';
import { within } from '../within.js';

const WORKER_MS = 5000;

const own = () => document.querySelector('meta[name="drop-version"]').content;

export function watchVersions(registration) {
  const look = async () => {
    const { waiting } = registration;
    if (!waiting) return;
    const version = await within(WORKER_MS, versionOf(waiting)).catch(own); // one that does not answer is offered another time
    if (version !== own()) offer(waiting);
  };
  registration.addEventListener('updatefound', () => registration.installing.addEventListener('statechange', look));
  look();
}

function versionOf(worker) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage('version', [port2]);
  });
}

let notice = null;

/** The page is left as it is until the button is pressed: somebody may be in the middle of something. */
function offer(worker) {
  notice?.remove();
  notice = h('div', { class: 'toast version-notice', role: 'status' });
  const later = h('button', { type: 'button', class: 'toast-action', on: { click: () => notice.remove() } });
  const reload = h('button', { type: 'button', class: 'toast-action', on: { click: () => changeOver(worker) } });
  const sentence = h('p', {});
  const write = () => {
    fill(sentence, t('newVersion'));
    fill(later, t('newVersionLater'));
    fill(reload, t('newVersionReload'));
  };
  fill(notice, sentence, reload, later);
  onLanguageChange(write);
  write();
  document.body.append(notice);
}

/** The new worker waits for the old one to finish; a reload brings the new page in any case. */
async function changeOver(worker) {
  const activated = new Promise((resolve) => worker.addEventListener('statechange', () => worker.state === 'activated' && resolve()));
  worker.postMessage('activate');
  await within(WORKER_MS, activated).catch(() => {});
  location.reload();
}
