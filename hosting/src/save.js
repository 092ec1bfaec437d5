/** Hands bytes to the browser to be saved under a name. */

// The browser has taken hold of the bytes once the click was handled; a minute is ample.
const KEPT_MS = 60_000;

export function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
