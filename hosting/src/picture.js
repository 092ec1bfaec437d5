/** The picture of a user: a square of 256 pixels in the bucket, named by the profile. */
export const PICTURE_SIZE = 256;

const TYPE = 'image/webp';
// Where a browser cannot write WebP, its canvas answers PNG, which may be larger than the rules allow; JPEG is not.
const FALLBACK_TYPE = 'image/jpeg';
const QUALITY = 0.9;

const urls = new Map();

/** The address of the picture at `path`, asked for once. */
export function pictureUrl({ storage }, path) {
  if (!urls.has(path)) {
    const url = storage().then(({ at, getDownloadURL }) => getDownloadURL(at(path)));
    url.catch(() => urls.delete(path));
    urls.set(path, url);
  }
  return urls.get(path);
}

/** Decodes a file the person chose. Throws when it is no picture that this browser can show. */
export const readPicture = (file) => createImageBitmap(file, { imageOrientation: 'from-image' });

/** The square `{ x, y, side }` of `bitmap` as the bytes of a picture. */
export async function cutSquare(bitmap, { x, y, side }) {
  const canvas = Object.assign(document.createElement('canvas'), { width: PICTURE_SIZE, height: PICTURE_SIZE });
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff'; // behind what is transparent
  context.fillRect(0, 0, PICTURE_SIZE, PICTURE_SIZE);
  context.drawImage(bitmap, x, y, side, side, 0, 0, PICTURE_SIZE, PICTURE_SIZE);
  const encode = (type) => new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
  const wanted = await encode(TYPE);
  return wanted?.type === TYPE ? wanted : encode(FALLBACK_TYPE);
}

/** Stores a new picture and forgets the one before. */
export async function savePicture(session, blob) {
  const before = session.profile?.picture ?? null;
  const path = `users/${session.uid}/picture/${crypto.randomUUID()}.webp`;
  const { at, uploadBytes } = await session.services.storage();
  await uploadBytes(at(path), blob, { contentType: blob.type });
  await session.save({ picture: path });
  await forget(session, before);
}

export async function removePicture(session) {
  const before = session.profile?.picture ?? null;
  await session.save({ picture: null });
  await forget(session, before);
}

/** What is left behind when this fails goes with the account. */
async function forget(session, path) {
  if (!path) return;
  const { at, deleteObject } = await session.services.storage();
  await deleteObject(at(path)).catch(() => {});
}
