/** The profile document `users/{uid}`: made by a function on sign-up, watched here. */
import { doc, onSnapshot, serverTimestamp, updateDoc } from 'firebase/firestore';

export const NAME_LIMIT = 80;

const profileRef = (db, uid) => doc(db, 'users', uid);

/** Calls `onProfile` with the profile, or null while the function has not written it yet. */
export function watchProfile(db, uid, onProfile, onError) {
  return onSnapshot(profileRef(db, uid), (snapshot) => onProfile(snapshot.data() ?? null), onError);
}

/** Changes the fields that belong to the user: `name`, `locale` and `picture`. */
export function saveProfile(db, uid, fields) {
  return updateDoc(profileRef(db, uid), { ...fields, updatedAt: serverTimestamp() });
}
