/** What may be uploaded: the limits of one file, and of the account. The rules on the server hold the same. */
import { safeFileName } from '../file-name.js';

export const MAX_FILE_BYTES = 50 * 1024 * 1024;

const UNKNOWN_TYPE = 'application/octet-stream';
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;
const LONGEST_TYPE = 127;
// Announced and never uploaded. The functions count them where they are this many.
const MOST_UNFINISHED = 500;
// What a browser would run when it opens it.
const ACTIVE_CONTENT = /^(text\/(html|xml|xsl)|application\/xml|multipart\/.*|[^/]+\/(.*\+xml|(x-)?(java|ecma|j|live)script.*))$/;

/** What went wrong, as the key of a sentence and its values. */
export const problem = (key, values = {}) => ({ key, values });

/** An upload that cannot go on, for a reason that can be told. */
export class UploadProblem extends Error {
  constructor(key, values) {
    super(key);
    this.name = 'UploadProblem';
    this.problem = problem(key, values);
  }
}

/** What is announced to the server about a file of this device. */
export const describeFile = (file) => ({ name: safeFileName(file.name), size: file.size, contentType: mediaType(file.type) });

/** The type the browser found, without parameters; many kinds of file have none. */
function mediaType(type) {
  const bare = type.split(';')[0].trim().toLowerCase();
  return MEDIA_TYPE.test(bare) && bare.length <= LONGEST_TYPE ? bare : UNKNOWN_TYPE;
}

/** Why a file cannot be taken whatever the account, or null. */
export function fileProblem({ size, contentType }) {
  if (size === 0) return problem('problemEmpty');
  if (size > MAX_FILE_BYTES) return problem('problemTooLarge', { limit: MAX_FILE_BYTES });
  if (ACTIVE_CONTENT.test(contentType)) return problem('problemKind');
  return null;
}

/** Why there is no room for a file of `size` beside the `coming` bytes and files, or null. */
export function quotaProblem({ quota, usage, state, pending = 0 }, size, coming) {
  if (state !== 'active') return problem('problemSuspended');
  if (pending >= MOST_UNFINISHED) return problem('problemUnfinished');
  const bytesLeft = quota.bytes - usage.bytes - coming.bytes;
  if (size > bytesLeft) return problem('problemQuotaBytes', { left: Math.max(bytesLeft, 0) });
  if (usage.files + coming.files >= quota.files) return problem('problemQuotaFiles', { quota: quota.files });
  return null;
}
