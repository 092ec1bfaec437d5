/** Sentences about the page as an app on this device. */
export default {
  newVersion: 'A new version of Drop is ready.',
  newVersionReload: 'Reload',
  newVersionLater: 'Later',
};
