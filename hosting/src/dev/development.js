/** What the page has on emulators only: one-click users, mails that are not sent, and Google without Google. */
import { askIdentity } from './pretend-google.js';
import { mailLink } from './mailbox.js';
import { seededUsers } from './seeded-users.js';

export function developmentTools({ app, emulators }) {
  const { host, port } = emulators.auth;
  const mailbox = `http://${host}:${port}/emulator/v1/projects/${app.options.projectId}/oobCodes`;
  return { seededUsers, askIdentity, mailLink: (mail) => mailLink(mailbox, mail) };
}
