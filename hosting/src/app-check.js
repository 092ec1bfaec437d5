/**
 * App Check: a token with each request that says it comes from this page. Only in a build with a site key of reCAPTCHA
 * Enterprise (docs/accounts.md), since its script comes from Google.
 */
import { getToken, initializeAppCheck, ReCaptchaEnterpriseProvider } from 'firebase/app-check';

/** Starts it for Auth, Firestore and Storage of `app`; answers what gives callable functions their token. */
export function startAppCheck(app, siteKey) {
  const appCheck = initializeAppCheck(app, { provider: new ReCaptchaEnterpriseProvider(siteKey), isTokenAutoRefreshEnabled: true });
  return async () => (await getToken(appCheck)).token;
}
