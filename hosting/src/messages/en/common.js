/** Sentences of every screen. */
export default {
  appName: 'Drop',
  tagline: 'Your private file library',
  skipToContent: 'Skip to content',
  languageLabel: 'Language',
  themeLabel: 'Appearance',
  themeDevice: 'As the device',
  themeLight: 'Light',
  themeDark: 'Dark',
  loading: 'Loading…',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',

  startFailedTitle: 'Drop could not start',
  startFailedBody: 'The page did not get its settings from the server. Check your connection and try again.',
  tryAgain: 'Try again',

  dismissNotification: 'Dismiss notification',
  showPassword: 'Show password',
  hidePassword: 'Hide password',
};
