/**
 * Firestore without its interpreter of pipelines, which this page never asks anything of. The SDK has one to run pipelines on
 * cached documents: some sixty classes and re2js, a regular expression engine, together 50 kB (gzip) of what a signed-in
 * person waits for.
 *
 * All of it hangs on one function. Here that function throws, and the bundler leaves out what nothing leads to any more.
 * Queries have code of their own and are not touched. A page that wants pipelines takes this plugin out.
 */
const INTERPRETER = 'function __PRIVATE_toEvaluable(e) {';
const REFUSAL = 'throw new Error("pipelines are left out of this build: hosting/plugins/firestore.js");';

export function firestoreWithoutPipelines() {
  let isFound = false;
  return {
    name: 'firestore-without-pipelines',
    apply: 'build',
    transform: {
      filter: { id: /@firebase\/firestore\/dist\/common-\w+\.esm\.js$/ },
      handler(code) {
        isFound = code.includes(INTERPRETER);
        return isFound ? { code: code.replace(INTERPRETER, INTERPRETER + REFUSAL), map: null } : null;
      },
    },
    /** An SDK with another inside still makes a page that works, only a heavier one. */
    buildEnd() {
      if (!isFound) this.warn(`"${INTERPRETER}" is not in this version of Firestore: the page comes with its pipelines, 50 kB more`);
    },
  };
}
