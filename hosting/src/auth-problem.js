/** What went wrong in Authentication, as the key of a sentence. A person can meet each of these codes. */

const SENTENCES = {
  'auth/invalid-email': 'errEmailInvalid',
  'auth/missing-email': 'errEmailMissing',
  'auth/missing-password': 'errPasswordMissing',
  'auth/weak-password': 'errPasswordWeak',
  'auth/password-does-not-meet-requirements': 'errPasswordRules',
  'auth/invalid-credential': 'errCredentials',
  'auth/wrong-password': 'errCredentials',
  'auth/user-not-found': 'errCredentials',
  'auth/user-mismatch': 'errOtherPerson',
  'auth/email-already-in-use': 'errEmailTaken',
  'auth/credential-already-in-use': 'errGoogleTaken',
  'auth/account-exists-with-different-credential': 'errOtherWay',
  'auth/provider-already-linked': 'errLinkedAlready',
  'auth/invalid-action-code': 'errLinkUsed',
  'auth/expired-action-code': 'errLinkUsed',
  'auth/too-many-requests': 'errTooMany',
  'auth/quota-exceeded': 'errTooMany',
  'auth/network-request-failed': 'errNetwork',
  'auth/timeout': 'errNetwork',
  'drop/no-answer': 'errNoAnswer',
  'auth/user-disabled': 'errDisabled',
  'auth/user-token-expired': 'errSessionOver',
  'auth/invalid-user-token': 'errSessionOver',
  'auth/requires-recent-login': 'errSignInAgain',
  'auth/operation-not-allowed': 'errWayOff',
  'auth/admin-restricted-operation': 'errWayOff',
  'auth/unauthorized-domain': 'errWayOff',
  'auth/unauthorized-continue-uri': 'errWayOff',
  'auth/popup-blocked': 'errPopupBlocked',
  'auth/web-storage-unsupported': 'errStorageOff',
};

/** Why a blocking function said no, and the sentence for it. */
const REFUSALS = {
  suspended: 'errDisabled',
  deleting: 'profileDeleting',
  'blocked-domain': 'errDomainBlocked',
  'invalid-email': 'errEmailInvalid',
  unavailable: 'errSomething',
};

/** Which field of a form a sentence is about. */
const FIELDS = {
  errEmailMissing: 'email',
  errEmailInvalid: 'email',
  errEmailTaken: 'email',
  errDomainBlocked: 'email',
  errPasswordMissing: 'password',
  errPasswordWeak: 'password',
  errPasswordRules: 'password',
};

/** `{ key, field, reason }`: the sentence, the field it is about, and the words of an admin for a suspended user. */
export function authProblem(error) {
  const refusal = error.code === 'auth/internal-error' ? parseRefusal(error.message) : null;
  const key = SENTENCES[error.code] ?? REFUSALS[refusal?.reason] ?? (refusal ? 'errRefused' : 'errSomething');
  return { key, field: FIELDS[key] ?? null, reason: refusal?.explanation ?? null };
}

/**
 * What a blocking function answered: `{ reason, explanation }`, null when it was none. Authentication hands the function's
 * JSON on inside a text of its own, quoted once more on some ways; the SDK cuts that text at the first ` : `.
 */
function parseRefusal(text) {
  const plain = text.replaceAll('\\"', '"');
  const details = detailsIn(text) ?? detailsIn(plain) ?? { reason: /"reason"\s*:\s*"([a-z-]+)"/.exec(plain)?.[1] };
  const isRefusal = details.reason ?? /PERMISSION_DENIED|INVALID_ARGUMENT/.test(text);
  return isRefusal ? { reason: details.reason ?? null, explanation: details.suspendedReason ?? null } : null;
}

function detailsIn(text) {
  try {
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)).error.details ?? null;
  } catch {
    return null;
  }
}
