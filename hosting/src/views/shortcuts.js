/** Keys that work anywhere on the page, and never while somebody types or a dialog is open. */

const TYPING = 'input:not([type=checkbox]), textarea, select, [contenteditable]';
const OWN_KEYS = 'dialog, [popover], audio, video';

/** `keys` is a map from a key's name ("Ctrl+a" for Control or Command) to what it does; false lets the key pass. */
export function listenToKeys(keys) {
  const stop = new AbortController();
  const onKey = (event) => {
    const act = isTaken(event) ? null : keys[nameOf(event)];
    if (act && act(event) !== false) event.preventDefault();
  };
  document.addEventListener('keydown', onKey, { signal: stop.signal });
  return () => stop.abort();
}

const nameOf = ({ key, ctrlKey, metaKey }) => (ctrlKey || metaKey ? `Ctrl+${key.toLowerCase()}` : key);

function isTaken(event) {
  const isMine = event.defaultPrevented || event.isComposing || event.altKey || event.target.closest(`${TYPING}, ${OWN_KEYS}`);
  const isPressing = (event.key === 'Enter' || event.key === ' ') && event.target.closest('button, a, summary');
  return Boolean(isMine || isPressing || document.querySelector('dialog[open]'));
}
