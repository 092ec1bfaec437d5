/** Sentences for emulators only. */
export default {
  devTitle: 'Emulator accounts',
  devLead: 'One click, no password. Only shown on your own machine.',
  devSignIn: ({ name }) => `Sign in as ${name}`,
  devAdmin: 'admin',
  devMissing: 'This account is not in the emulator. Start the suite with the seed data, or create an account.',

  devOpenMail: 'Open the mail (emulator)',
  devNoMail: 'The emulator has no such mail.',
  devGoogleTitle: 'Pretend to be on Google',
  devGoogleLead: 'On the emulators no window of Google opens. Be whoever you like.',
  devGoogleConfirm: 'Continue',
};
