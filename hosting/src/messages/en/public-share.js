/** Sentences of the public page of a shared file. They are loaded there and nowhere else. */
import common from './common.js';

const downloads = (count) => (count === 1 ? '1 download' : `${count} downloads`);

export default {
  ...common,
  publicLead: 'Somebody shared this file with you.',
  publicDownload: 'Download',
  publicDownloadOf: ({ name }) => `Download ${name}`,
  publicEndsAt: ({ when }) => `Link ends ${when}`,
  publicDownloadsLeft: ({ count }) => `${downloads(count)} left`,
  publicStarting: 'Starting…',
  publicProgressOf: ({ name }) => `Download of ${name}`,
  publicProgress: ({ done, total, percent }) => `${done} of ${total}, ${percent}%`,
  publicSaved: ({ name }) => `${name} was saved to your downloads.`,
  publicCancelled: 'The download was cancelled.',
  publicStopped: 'The download stopped. Check your connection, then go on where it stopped.',
  publicGoOn: 'Go on',
  publicBusy: 'Too many people are downloading at the moment. Try again in a minute.',
  publicSpent: 'This file was downloaded so often today that the link is at its limit. Try again tomorrow.',
  publicEndedTitle: 'This link leads nowhere',
  publicEndedBody: 'It may have ended, been taken back, or been copied with a letter missing. Ask the person who sent it for a new one.',
  publicFailedTitle: 'The file could not be shown',
  publicFailedBody: 'The server did not answer. Check your connection and try again.',
  publicAboutDrop: 'What is Drop?',
  publicKindImage: 'Picture',
  publicKindVideo: 'Video',
  publicKindAudio: 'Audio',
  publicKindPdf: 'PDF',
  publicKindText: 'Text',
  publicKindArchive: 'Archive',
  publicKindOther: 'File',
};
