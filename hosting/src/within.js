/** Waiting with a bound: storage of the browser, another tab, a worker and the SDK may each leave a question unanswered. */

/** Nothing was heard in time. */
export class NoAnswer extends Error {
  code = 'drop/no-answer';

  constructor(ms) {
    super(`no answer within ${ms} ms`);
    this.name = 'NoAnswer';
  }
}

/** What `promise` gives. Rejects with NoAnswer after `ms`; the work behind it is not stopped, and a later answer is dropped. */
export async function within(ms, promise) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(ms)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
