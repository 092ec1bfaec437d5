"""A browser whose storage does not answer: requests to IndexedDB that stay open for ever."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

SESSION = "^firebaseLocalStorageDb$"
"""Where Authentication keeps who is signed in."""

CACHE = "^firestore/"
"""Where Firestore keeps documents and what was not sent yet."""


def can_fall_silent(context: BrowserContext) -> None:
    """Prepares every page that is opened or reloaded from now on."""
    context.add_init_script(PREPARE)


def silence(page: Page, databases: str) -> None:
    """From now on databases with such names answer nothing, until the page is reloaded."""
    page.evaluate("(databases) => silence(databases)", databases)


PREPARE = """(() => {
  let silent = null;
  globalThis.silence = (databases) => (silent = new RegExp(databases));
  const quiet = (prototype, verb, nameOf) => {
    const original = prototype[verb];
    prototype[verb] = function (...given) {
      return silent?.test(nameOf(this, given)) ? new EventTarget() : original.apply(this, given);
    };
  };
  for (const verb of ['open', 'deleteDatabase']) quiet(IDBFactory.prototype, verb, (_, [name]) => name);
  const ofStore = (store) => store.transaction.db.name;
  const verbs = ['add', 'put', 'get', 'getAll', 'delete', 'count', 'openCursor'];
  for (const verb of verbs) quiet(IDBObjectStore.prototype, verb, ofStore);
})()"""
