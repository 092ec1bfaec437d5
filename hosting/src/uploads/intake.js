/** Files out of what a browser hands over: a drop with folders in it, a paste, a folder picker. */

// What file managers leave in folders, and nobody means to upload.
const CLUTTER = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini)$/i;

/**
 * The files of a drop, those of its folders included, in a promise.
 *
 * Call it while the event is handled: the browser empties `dataTransfer` afterwards.
 */
export function droppedFiles(dataTransfer) {
  const items = [...dataTransfer.items].filter(({ kind }) => kind === 'file');
  return collect(items.map((item) => walk(item.webkitGetAsEntry?.() ?? null, item.getAsFile())));
}

/** Files on the clipboard. A copied picture has no name of its own, so it gets `pictureName`. */
export function pastedFiles(clipboard, pictureName) {
  const isNameless = ({ name, type }) => name === 'image.png' && type === 'image/png';
  return [...clipboard.files].map((file) => (isNameless(file) ? new File([file], `${pictureName}.png`, { type: file.type }) : file));
}

/** What a folder picker chose, without the clutter. */
export const folderFiles = (files) => [...files].filter(isWanted);

const isWanted = ({ name }) => !CLUTTER.test(name);

const collect = async (promises) => (await Promise.all(promises)).flat();

/** `file` is what the browser offers where there is no entry. */
async function walk(entry, file) {
  if (!entry) return file ? [file] : [];
  if (entry.isDirectory) return walkFolder(entry);
  return [await fileOf(entry)];
}

async function walkFolder(folder) {
  const entries = (await entriesOf(folder)).filter((entry) => entry.isDirectory || isWanted(entry));
  return collect(entries.map((entry) => (entry.isDirectory ? walkFolder(entry) : fileOf(entry).then((file) => [file]))));
}

/** A reader gives a folder in pieces; an empty one says that this was all. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const piece = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) return found;
    found.push(...piece);
  }
}

const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
