/** Several files as one archive, made in the browser while they come in. */
import { makeZip, predictLength } from 'client-zip';

/** The archive is put together by the browser before it is saved; more than this is asked of no device. */
export const MAX_ZIP_BYTES = 1024 * 1024 * 1024;

export const sizeOf = (files) => files.reduce((sum, { size }) => sum + size, 0);

/**
 * The archive as a Blob. `read(file, signal)` answers a Response; `onProgress` hears fractions.
 *
 * Stops with an AbortError when `signal` says so, and with the first file that cannot be read.
 */
export async function zipFiles(files, { read, signal, onProgress }) {
  const entries = withOwnNames(files);
  const length = Number(predictLength(entries.map(({ name, size }) => ({ name, size }))));
  async function* contents() {
    for (const { file, name, createdAt } of entries) yield { name, input: await read(file, signal), lastModified: createdAt };
  }
  const counted = makeZip(contents()).pipeThrough(counter((bytes) => onProgress(Math.min(bytes / length, 1))), { signal });
  return new Response(counted, { headers: { 'Content-Type': 'application/zip' } }).blob();
}

/** Two files of one name become "a.txt" and "a (2).txt". */
export function withOwnNames(files) {
  const taken = new Set();
  return files.map((file) => {
    const name = freeName(file.name, taken);
    taken.add(name.toLowerCase());
    return { file, name, size: file.size, createdAt: file.createdAt };
  });
}

function freeName(name, taken) {
  const [, stem, extension] = /^(.+?)(\.[^.]*)?$/s.exec(name);
  let free = name;
  for (let count = 2; taken.has(free.toLowerCase()); count += 1) free = `${stem} (${count})${extension ?? ''}`;
  return free;
}

function counter(onBytes) {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      onBytes(bytes);
      controller.enqueue(chunk);
    },
  });
}
