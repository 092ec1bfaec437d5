/** Keeps the page on this device once it is loaded, and offers a new version instead of forcing it. */
import { colorTheBrowser } from '../theme.js';
import { watchVersions } from './versions.js';

const HOUR_MS = 3_600_000;
const WORKER = '/sw.js';

colorTheBrowser();
if (import.meta.env.PROD && 'serviceWorker' in navigator) window.addEventListener('load', keep, { once: true });

async function keep() {
  try {
    if (import.meta.env.VITE_OFFLINE === 'off') return await forget();
    const registration = await navigator.serviceWorker.register(WORKER, { updateViaCache: 'none' });
    watchVersions(registration);
    lookForUpdates(registration);
  } catch {
    // private windows may forbid it; the page works without
  }
}

/** A window that stays open for days hears of a new version when somebody comes back to it. */
function lookForUpdates(registration) {
  let last = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || Date.now() - last < HOUR_MS) return;
    last = Date.now();
    registration.update().catch(() => {});
  });
}

/** For a build without offline start (`VITE_OFFLINE=off`): what an earlier one left goes. */
async function forget() {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.update();
}
