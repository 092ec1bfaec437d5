/** The SHA-256 of `blob` in hexadecimal, as the functions write it. Null where the browser offers none (a page without HTTPS). */
export async function sha256(blob) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
