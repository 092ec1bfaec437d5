/**
 * What must be true before anything is drawn or loaded: the chosen theme, and a policy without plain HTTP. A classic script
 * in the head, because a module would come too late; `theme.js` changes the choice later.
 */
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem('drop.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  } catch {
    // storage can be forbidden; the device's own theme is then all there is
  }

  // Hosting sends one policy everywhere, and emulators need plain HTTP on loopback. A deployed page gives that up at once:
  // of two policies only what both allow is allowed.
  if (!['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)) {
    const policy = document.createElement('meta');
    policy.httpEquiv = 'Content-Security-Policy';
    policy.content = "default-src 'self' https: blob:";
    document.head.append(policy);
  }
})();
