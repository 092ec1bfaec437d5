/** A profile that does not come: the event that makes it can be lost, so the functions are asked for it, again and again. */
import { call } from './callables.js';

/** How long a profile takes at most when nothing is wrong. */
export const PROFILE_SLOW_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Asks until `isMissing()` is no longer true; answers a function that stops it. `onRefused(error)` hears why there is none:
 * the account is being deleted, or its address is not accepted, which its owner can change.
 */
export function askForProfile({ isMissing, onRefused }) {
  let timer = null;
  const askAfter = (pause) => {
    timer = setTimeout(async () => {
      if (!isMissing()) return;
      try {
        await call('refresh_profile');
      } catch (error) {
        if (isMissing() && isRefusal(error)) onRefused(error);
      }
      if (timer !== null) askAfter(Math.min(2 * pause, LONGEST_PAUSE_MS));
    }, pause);
  };
  askAfter(PROFILE_SLOW_MS);
  return () => {
    clearTimeout(timer);
    timer = null;
  };
}

const isRefusal = ({ code, reason }) => code === 'permission-denied' || reason === 'invalid-email';
