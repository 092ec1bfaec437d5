// What an app does with the JS SDK, once for every transport. A scenario throws when something is not as it
// should be; what it returns is reported.

import { rejected, same, within } from './harness.js';

const ids = (snapshot) => snapshot.docs.map((doc) => doc.id);
const settled = (snapshot) => !snapshot.metadata.hasPendingWrites && !snapshot.metadata.fromCache;

async function everyValueSurvives(t) {
  const { Bytes, GeoPoint, Timestamp, VectorValue, doc, getDoc, setDoc, vector } = t.sdk;
  const [writer, reader] = [t.client(), t.client()];
  const name = t.collection();
  const values = {
    none: null, yes: true, int: 7, big: Number.MAX_SAFE_INTEGER, double: 1.5, nan: NaN, infinite: -Infinity,
    minusZero: -0, text: '가나다 😀 \u2028 "\\', empty: '', bytes: Bytes.fromUint8Array(new Uint8Array([0, 255])),
    time: new Timestamp(1_700_000_000, 123_456_000), place: new GeoPoint(37.5, -127),
    list: [1, 'a', { deep: [null] }], emptyList: [], map: { a: { b: {} } }, 'dotted.name': 1,
    reference: doc(writer, `${name}/other`), vector: vector([0.5, 1]),
  };
  await setDoc(doc(writer, name, 'all'), values);
  const data = (await getDoc(doc(reader, name, 'all'))).data();
  same(Object.keys(data).sort(), Object.keys(values).sort());
  for (const key of ['none', 'yes', 'int', 'big', 'double', 'text', 'empty', 'list', 'emptyList', 'map']) {
    same(data[key], values[key]);
  }
  same([Number.isNaN(data.nan), data.infinite === -Infinity, data['dotted.name']], [true, true, 1]);
  same([...data.bytes.toUint8Array()], [0, 255]);
  same([data.time.isEqual(values.time), data.place.isEqual(values.place)], [true, true]);
  same(data.reference.path, values.reference.path);
  same([data.vector instanceof VectorValue, data.vector.toArray()], [true, [0.5, 1]]);
}

async function queriesFilterOrderAndLimit(t) {
  const { addDoc, collection, getDocs, limit, orderBy, query, startAfter, where } = t.sdk;
  const db = t.client();
  const items = collection(db, t.collection());
  for (const n of [3, 1, 2, 4]) await addDoc(items, { n, even: n % 2 === 0 });
  const numbers = async (...parts) => (await getDocs(query(items, ...parts))).docs.map((doc) => doc.data().n);
  same(await numbers(orderBy('n')), [1, 2, 3, 4]);
  same(await numbers(where('even', '==', true), orderBy('n', 'desc')), [4, 2]);
  same(await numbers(orderBy('n'), startAfter(1), limit(2)), [2, 3]);
  same((await numbers(where('n', 'in', [1, 4, 9]))).sort(), [1, 4]);
}

async function listenerSeesLocalThenConfirmedThenRemote(t) {
  const { collection, deleteDoc, doc, setDoc } = t.sdk;
  const [mine, theirs] = [t.client(), t.client()];
  const name = t.collection();
  const watch = t.watch(collection(mine, name), { includeMetadataChanges: true });
  await watch.until((s) => s.empty && settled(s), 'first snapshot');
  const written = setDoc(doc(mine, name, 'a'), { n: 1 });
  await watch.until((s) => s.size === 1 && s.metadata.hasPendingWrites, 'local snapshot');
  await written;
  await watch.until((s) => s.size === 1 && settled(s), 'confirmed snapshot');
  await setDoc(doc(theirs, name, 'b'), { n: 2 });
  await watch.until((s) => s.size === 2 && settled(s), 'remote snapshot');
  await deleteDoc(doc(theirs, name, 'a'));
  const last = await watch.until((s) => s.size === 1 && settled(s) && ids(s)[0] === 'b', 'removal');
  same(last.docChanges().map((change) => [change.type, change.doc.id]), [['removed', 'a']]);
}

async function twoClientsSeeEachOther(t) {
  const { collection, doc, setDoc } = t.sdk;
  const [left, right] = [t.client({ user: 'alice' }), t.client({ user: 'bob' })];
  const name = t.collection();
  const [onLeft, onRight] = [left, right].map((db) => t.watch(collection(db, name)));
  await Promise.all([onLeft, onRight].map((watch) => watch.until((s) => s.empty && settled(s))));
  await Promise.all([setDoc(doc(left, name, 'l'), {}), setDoc(doc(right, name, 'r'), {})]);
  await Promise.all([onLeft, onRight].map((watch) => watch.until((s) => s.size === 2, 'both documents')));
}

async function documentLeavesAndEntersAQuery(t) {
  const { collection, doc, limit, orderBy, query, setDoc, updateDoc, where } = t.sdk;
  const [mine, theirs] = [t.client(), t.client()];
  const name = t.collection();
  for (const n of [1, 2, 3]) await setDoc(doc(theirs, name, `d${n}`), { n, open: true });
  const first = query(collection(mine, name), where('open', '==', true), orderBy('n'), limit(2));
  const watch = t.watch(first);
  await watch.until((s) => settled(s) && `${ids(s)}` === 'd1,d2');
  await updateDoc(doc(theirs, name, 'd1'), { open: false });
  await watch.until((s) => settled(s) && `${ids(s)}` === 'd2,d3', 'the next document in');
  await updateDoc(doc(theirs, name, 'd1'), { open: true });
  await watch.until((s) => settled(s) && `${ids(s)}` === 'd1,d2' && s !== watch.seen[0], 'the first back');
}

async function documentListenerSeesAbsenceAndBirth(t) {
  const { deleteDoc, doc, setDoc } = t.sdk;
  const [mine, theirs] = [t.client(), t.client()];
  const path = `${t.collection()}/one`;
  const watch = t.watch(doc(mine, path));
  await watch.until((s) => !s.exists() && !s.metadata.fromCache, 'absence');
  await setDoc(doc(theirs, path), { n: 1 });
  await watch.until((s) => s.exists() && s.data().n === 1, 'birth');
  await deleteDoc(doc(theirs, path));
  await watch.until((s) => !s.exists() && watch.seen.length > 2, 'death');
}

async function transactionsOfTwoClientsCountRight(t) {
  const { doc, getDoc, runTransaction, setDoc } = t.sdk;
  const clients = [t.client(), t.client()];
  const path = `${t.collection()}/counter`;
  await setDoc(doc(clients[0], path), { n: 0 });
  const increment = (db) => runTransaction(db, async (transaction) => {
    const counter = await transaction.get(doc(db, path));
    transaction.update(doc(db, path), { n: counter.data().n + 1 });
  }, { maxAttempts: 20 });
  await Promise.all([0, 1, 0, 1].map((index) => increment(clients[index])));
  same((await getDoc(doc(clients[1], path))).data(), { n: 4 });
}

async function transactionThatReadsOnlyAMissingDocumentCreatesIt(t) {
  const { doc, getDoc, runTransaction } = t.sdk;
  const db = t.client();
  const [absent, made] = ['absent', 'made'].map((id) => doc(db, `${t.collection()}/${id}`));
  await runTransaction(db, async (transaction) => {
    same((await transaction.get(absent)).exists(), false);
    transaction.set(made, { ok: true });
  });
  same((await getDoc(made)).data(), { ok: true });
}

async function aggregationsAreComputed(t) {
  const { average, collection, count, doc, getAggregateFromServer, getCountFromServer, query, setDoc, sum, where } =
    t.sdk;
  const db = t.client();
  const items = collection(db, t.collection());
  for (const n of [1, 2, 3, 4]) await setDoc(doc(items, `d${n}`), { n });
  same((await getCountFromServer(query(items, where('n', '>', 1)))).data(), { count: 3 });
  const all = await getAggregateFromServer(items, { c: count(), s: sum('n'), a: average('n') });
  same([all.data().c, all.data().s, all.data().a], [4, 10, 2.5]);
}

async function batchIsAppliedWholeOrNotAtAll(t) {
  const { collection, doc, getDoc, setDoc, writeBatch } = t.sdk;
  const db = t.client();
  const items = collection(db, t.collection());
  await setDoc(doc(items, 'old'), { n: 1 });
  const batch = writeBatch(db);
  batch.set(doc(items, 'new'), { n: 2 });
  batch.update(doc(items, 'old'), { m: 3 });
  await batch.commit();
  same((await getDoc(doc(items, 'old'))).data(), { n: 1, m: 3 });
  const failing = writeBatch(db);
  failing.set(doc(items, 'never'), {});
  failing.update(doc(items, 'missing'), { n: 1 });
  same((await rejected(failing.commit())).code, 'not-found');
  same((await getDoc(doc(items, 'never'))).exists(), false);
}

async function transformsAreResolvedByTheServer(t) {
  const { Timestamp, arrayRemove, arrayUnion, deleteField, doc, getDoc, increment, serverTimestamp, setDoc,
    updateDoc } = t.sdk;
  const db = t.client();
  const path = doc(db, t.collection(), 'd');
  await setDoc(path, { n: 1, tags: ['a'], gone: 1, nested: { n: 1 } });
  await updateDoc(path, { n: increment(2), tags: arrayUnion('b'), gone: deleteField(), at: serverTimestamp(),
    'nested.n': increment(1.5) });
  await updateDoc(path, { tags: arrayRemove('a') });
  const data = (await getDoc(path)).data();
  same([data.n, data.tags, 'gone' in data, data.nested], [3, ['b'], false, { n: 2.5 }]);
  same(data.at instanceof Timestamp && Math.abs(data.at.toMillis() - Date.now()) < 60_000, true);
}

async function deniedListenFailsOnceWithTheReason(t) {
  const { collection, doc, getDocs, setDoc } = t.sdk;
  const [alice, bob] = [t.client({ user: 'alice' }), t.client({ user: 'bob' })];
  await setDoc(doc(alice, 'private', 'a'), { n: 1 });
  same((await getDocs(collection(alice, 'private'))).size > 0, true);
  const other = t.watch(collection(bob, t.collection()));
  const watch = t.watch(collection(bob, 'private'));
  const error = await watch.failure();
  same(error.code, 'permission-denied');
  if (!error.message.includes("for 'list' @ L5")) throw new Error(`no reason in ${error.message}`);
  same((await rejected(setDoc(doc(bob, 'private', 'b'), {}))).code, 'permission-denied');
  // The stream of the denied listener still serves the other one, and the denial does not come again.
  await setDoc(doc(alice, other.seen.length ? 'unused' : 'unused', 'x'), {});
  await other.until(settled, 'snapshot of the allowed listener');
  same([watch.errors.length, watch.seen.length], [1, 0]);
}

async function offlineWritesArriveWhenOnlineAgain(t) {
  const { collection, disableNetwork, doc, enableNetwork, setDoc } = t.sdk;
  const [mine, theirs] = [t.client(), t.client()];
  const name = t.collection();
  const [here, there] = [mine, theirs].map((db) => t.watch(collection(db, name), { includeMetadataChanges: true }));
  await Promise.all([here, there].map((watch) => watch.until((s) => s.empty && settled(s))));
  await disableNetwork(mine);
  await here.until((s) => s.metadata.fromCache && here.seen.indexOf(s) > 0, 'offline snapshot');
  const written = setDoc(doc(mine, name, 'offline'), { n: 1 });
  await here.until((s) => s.size === 1 && s.metadata.hasPendingWrites, 'local snapshot');
  await setDoc(doc(theirs, name, 'meanwhile'), { n: 2 });
  same(there.seen.at(-1).docs.some((d) => d.id === 'offline'), false);
  await enableNetwork(mine);
  await within(10_000, written, 'confirmation');
  await Promise.all([here, there].map((watch) => watch.until((s) => s.size === 2 && settled(s), 'both')));
}

async function longUnicodeTextAndManyDocumentsArrive(t) {
  const { collection, doc, getDocs, setDoc, writeBatch } = t.sdk;
  const [mine, theirs] = [t.client(), t.client()];
  const name = t.collection();
  const text = '가😀é\u0000'.repeat(20_000);
  await setDoc(doc(theirs, name, 'long'), { text });
  for (let start = 0; start < 600; start += 200) {
    const batch = writeBatch(theirs);
    for (let n = start; n < start + 200; n += 1) batch.set(doc(theirs, name, `d${n}`), { n, label: `문서 ${n}` });
    await batch.commit();
  }
  const snapshot = await getDocs(collection(mine, name));
  same(snapshot.size, 601);
  same(snapshot.docs.find((d) => d.id === 'long').data().text === text, true);
}

async function manyListenersShareOneStream(t) {
  const { collection, doc, setDoc } = t.sdk;
  const [mine, theirs] = [t.client(), t.client()];
  const names = Array.from({ length: 30 }, () => t.collection());
  const watches = names.map((name) => t.watch(collection(mine, name)));
  await Promise.all(watches.map((watch) => watch.until((s) => settled(s))));
  watches.slice(0, 15).forEach((watch) => watch.stop());
  await Promise.all(names.map((name) => setDoc(doc(theirs, name, 'x'), {})));
  await Promise.all(watches.slice(15).map((watch) => watch.until((s) => s.size === 1)));
  same(watches.slice(0, 15).every((watch) => watch.seen.at(-1).empty), true);
}

async function badQueryFailsAndTheClientGoesOn(t) {
  const { collection, doc, getDocs, or, query, setDoc, where } = t.sdk;
  const db = t.client();
  const items = collection(db, t.collection());
  const many = Array.from({ length: 20 }, (_, n) => n);
  const tooMuch = query(items, or(where('a', 'in', many), where('b', 'in', many)));
  same((await rejected(getDocs(tooMuch))).code, 'invalid-argument');
  await setDoc(doc(items, 'a'), {});
  same(ids(await getDocs(items)), ['a']);
}

async function anotherDatabaseIsAnotherWorld(t) {
  const { connectFirestoreEmulator, doc, getDoc, initializeFirestore, setDoc } = t.sdk;
  const db = t.client();
  const second = initializeFirestore(db.app, t.transport, 'second');
  connectFirestoreEmulator(second, t.host, t.port);
  const path = `${t.collection()}/d`;
  await setDoc(doc(second, path), { n: 2 });
  same((await getDoc(doc(db, path))).exists(), false);
  same((await getDoc(doc(second, path))).data(), { n: 2 });
}

async function liteSdkSpeaksRest(t) {
  const { addDoc, collection, doc, getCount, getDoc, getDocs, orderBy, query, runTransaction, setDoc, writeBatch } =
    t.lite;
  const db = t.liteClient({ user: 'alice' });
  const items = collection(db, t.collection());
  await setDoc(doc(items, 'a'), { n: 1, text: '가😀' });
  await addDoc(items, { n: 2 });
  const batch = writeBatch(db);
  batch.set(doc(items, 'c'), { n: 3 });
  await batch.commit();
  await runTransaction(db, async (transaction) => {
    const a = await transaction.get(doc(items, 'a'));
    transaction.update(doc(items, 'a'), { n: a.data().n + 10 });
  });
  same((await getDoc(doc(items, 'a'))).data(), { n: 11, text: '가😀' });
  same((await getDocs(query(items, orderBy('n')))).docs.map((d) => d.data().n), [2, 3, 11]);
  same((await getCount(items)).data(), { count: 3 });
  const bob = t.liteClient({ user: 'bob' });
  same((await rejected(getDoc(doc(bob, 'private', 'x')))).code, 'permission-denied');
}

/** Milliseconds from the start of a remote write to the listener's callback, one for each write. */
async function remoteChangeLatency(t) {
  const { collection } = t.sdk;
  const name = t.collection();
  const watch = t.watch(collection(t.client(), name));
  await watch.until((s) => settled(s));
  const latencies = [];
  for (let n = 0; n < 40; n += 1) {
    const start = performance.now();
    const arrived = watch.until((s) => s.docs.some((d) => d.id === `d${n}`), `d${n}`).then(() => performance.now());
    await t.writeRemotely(`${name}/d${n}`, { n: { integerValue: n } });
    latencies.push((await arrived) - start);
  }
  return latencies;
}

export const scenarios = {
  everyValueSurvives,
  queriesFilterOrderAndLimit,
  listenerSeesLocalThenConfirmedThenRemote,
  twoClientsSeeEachOther,
  documentLeavesAndEntersAQuery,
  documentListenerSeesAbsenceAndBirth,
  transactionsOfTwoClientsCountRight,
  transactionThatReadsOnlyAMissingDocumentCreatesIt,
  aggregationsAreComputed,
  batchIsAppliedWholeOrNotAtAll,
  transformsAreResolvedByTheServer,
  deniedListenFailsOnceWithTheReason,
  offlineWritesArriveWhenOnlineAgain,
  longUnicodeTextAndManyDocumentsArrive,
  manyListenersShareOneStream,
  badQueryFailsAndTheClientGoesOn,
  anotherDatabaseIsAnotherWorld,
  liteSdkSpeaksRest,
  remoteChangeLatency,
};
