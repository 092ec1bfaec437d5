/** Sentences of the list of files. */
const files = (count) => (count === 1 ? '1 file' : `${count} files`);

export default {
  libraryTitle: 'Your files',
  fileCount: ({ count }) => files(count),
  fileCountMore: ({ count }) => `the newest ${count}`,
  dropTitle: 'Drop files here',
  dropHint: ({ size }) => `or paste them, or choose them from your device. Up to ${size} each.`,
  chooseFiles: 'Choose files',
  dropOverlay: 'Let go to add them to your library',
  emptyTitle: 'Nothing here yet',
  emptyBody: 'Drop your first file anywhere on this page. Photos get a thumbnail, and everything shows up on your other devices at once.',
  showMore: 'Show more',
  listFailed: 'Your files could not be loaded.',
  offline: 'You are offline. What you see may be out of date; uploads go on when the connection is back.',
  online: 'You are back online.',
  privateNote: 'Private by default. Only you can open what you put here.',

  usageTitle: 'Storage',
  usageLabel: 'Storage used',
  usageOf: ({ used, quota }) => `${used} of ${quota}`,
  usageFiles: ({ count, quota }) => `${count} of ${quota} files`,
  usageLeft: ({ left }) => `${left} left`,
  usageNearlyFull: 'Nearly full. Delete what you no longer need.',

  deleteTitle: 'Delete this file?',
  deleteBody: ({ name }) => `“${name}” will be gone from all your devices. This cannot be undone.`,
  deleteConfirm: 'Delete file',
  deleted: ({ name }) => `${name} was deleted.`,
  deleteFailed: ({ name }) => `${name} could not be deleted. Try again.`,
  downloadFailed: ({ name }) => `${name} could not be downloaded. Try again.`,
};
