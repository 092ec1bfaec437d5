/** The sentences of the page in English that are there from the start, a file for each part of it. A function takes named values and answers one sentence. */
import accounts from './en/accounts.js';
import common from './en/common.js';
import library from './en/library.js';
import shell from './en/shell.js';
import uploads from './en/uploads.js';

export default { ...common, ...accounts, ...library, ...shell, ...uploads };
