/**
 * Firestore without its pipelines, which this page never asks anything of. The SDK has an interpreter to run pipelines on
 * cached documents, with their stages, expressions and re2js, a regular expression engine: a quarter of what a signed-in person
 * waits for.
 *
 * All of it hangs on a few functions that only a pipeline reaches. Here they throw, and the bundler leaves out what nothing leads
 * to any more. Queries have code of their own and are not touched. A page that wants pipelines takes this plugin out.
 */
const INTERPRETER = [
  'toEvaluable',
  'runPipeline',
  'canonifyPipeline',
  'toCorePipeline',
  'fromPipelineTarget',
  'newPipelineComparator',
  'getLastEffectiveLimit',
  'pipelineMatchesAllDocuments',
  'pipelineHasRanges',
  'asCollectionPipelineAtPath',
];
const REFUSAL = 'throw new Error("pipelines are left out of this build: hosting/plugins/firestore.js");';

export function firestoreWithoutPipelines() {
  let isUsed = false;
  const missing = new Set(INTERPRETER);
  return {
    name: 'firestore-without-pipelines',
    apply: 'build',
    transform: {
      filter: { id: /@firebase\/firestore\/dist\/common-\w+\.esm\.js$/ },
      handler(code) {
        isUsed = true;
        const refusing = code.replace(/function __PRIVATE_(\w+)\([\w, ]*\) \{/g, (head, name) => (missing.delete(name) ? head + REFUSAL : head));
        return refusing === code ? null : { code: refusing, map: null };
      },
    },
    /** An SDK with another inside still makes a page that works, only a heavier one. */
    buildEnd() {
      if (isUsed && missing.size > 0) this.warn(`not in this version of Firestore: ${[...missing].join(', ')}. The page may come with pipelines, up to 60 kB more`);
    },
  };
}
