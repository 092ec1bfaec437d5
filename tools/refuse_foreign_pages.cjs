/**
 * Keeps web pages of other machines out of the emulators. Loaded before firebase-tools (`node --require`).
 *
 * The emulators of firebase-tools (15.34) answer every page that a browser of this machine shows: one could read the
 * accounts and the log, delete them, and have an export written into any folder. Every HTTP server of the process,
 * websockets included, refuses a request whose Host or Origin is not this machine's, before anything else sees it. The
 * rules are those of emulator/servers/allowed_hosts.py, which says why, but that a GET without an Origin is not asked for
 * its site: an app may show an image of another port. KINDLING_ALLOW_HOSTS names whoever else is answered.
 */
const { Server, ServerResponse } = require('node:http');

const VARIABLE = 'KINDLING_ALLOW_HOSTS';
// Refused callers that are written to the log.
const MOST_NAMED = 100;
const REQUESTS = new Set(['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect']);
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[^[\]:/?#@\s\\%]+)(?::[0-9]*)?$/i;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\s]+)$/i;

const allowed = new Set(names(process.env[VARIABLE] ?? ''));
const said = new Set();

const { emit } = Server.prototype;
Server.prototype.emit = function (event, ...given) {
  const reason = REQUESTS.has(event) ? refusal(given[0]) : undefined;
  if (reason === undefined) return emit.call(this, event, ...given);
  refuse(reason, given[1]);
  return true;
};

/** Why a request is refused, undefined when it is not. */
function refusal(request) {
  const own = request.socket.localAddress?.replace(/^::ffff:/, '');
  for (const host of values(request, 'host')) {
    if (host && !isAllowed(nameOf(host), own)) return because('is for the host', host, nameOf(host));
  }
  for (const origin of values(request, 'origin')) {
    if (!isAllowedOrigin(origin, request, own)) {
      return because('is of the web page', origin, ORIGIN.test(origin) ? nameOf(ORIGIN.exec(origin)[1]) : origin);
    }
  }
  return undefined;
}

/** All values of a header; Node itself keeps only the first of a name. */
function values({ rawHeaders, url }, name) {
  const found = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1].toLowerCase() === name);
  const target = name === 'host' ? /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url) : null;
  return target ? [...found, target[1]] : found;
}

function isAllowedOrigin(origin, request, own) {
  if (origin === 'null') {
    // A page with a strict Referrer-Policy hides its origin, though not from this other header.
    const sites = values(request, 'sec-fetch-site').join();
    return allowed.has('null') || allowed.has('*') || sites === 'same-origin' || sites === 'same-site';
  }
  const found = ORIGIN.exec(origin);
  return isAllowed(found ? nameOf(found[1]) : undefined, own);
}

function isAllowed(name, own) {
  if (allowed.has('*')) return true;
  if (name === undefined) return false;
  if (isThisMachine(name) || allowed.has(name) || name === own) return true;
  return [...allowed].some((each) => each.startsWith('*.') && name.endsWith(each.slice(1)));
}

/** The host of `host[:port]` as URLs have it: small letters, every spelling of an address the same. */
function nameOf(authority) {
  if (!AUTHORITY.test(authority)) return undefined;
  try {
    return new URL(`http://${authority}`).hostname.replace(/^\[|\]$|\.$/g, '');
  } catch {
    return undefined;
  }
}

/** Loopback, and the addresses by which a system reaches itself. */
function isThisMachine(name) {
  return (
    /^(.+\.)?localhost$/.test(name) ||
    /^127\.\d+\.\d+\.\d+$/.test(name) ||
    ['0.0.0.0', '::', '::1'].includes(name) ||
    /^::ffff:7f[0-9a-f]{2}:/.test(name)
  );
}

/** The names in a comma-separated list, in which a scheme and a port are no part of a name. */
function names(list) {
  const parts = list.split(',').map((part) => part.trim().replace(/\/+$/, ''));
  return parts.filter(Boolean).map((part) => nameOf(ORIGIN.exec(part)?.[1] ?? part) ?? part.toLowerCase());
}

function because(what, value, name) {
  const reason =
    `Refused: the request ${what} ${value.slice(0, 200)}, which is not this machine. ` +
    `If it is yours, start with ${VARIABLE}=${name ?? '*'}.`;
  if (!said.has(value) && said.size < MOST_NAMED) {
    said.add(value);
    process.stderr.write(`${reason}\n`);
  }
  return reason;
}

/** Answers 403 on what a server gives its listeners: a response, or the socket of a connection to be upgraded. */
function refuse(reason, answer) {
  const body = JSON.stringify({ error: { code: 403, message: reason, status: 'PERMISSION_DENIED' } });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close' };
  if (answer instanceof ServerResponse) {
    answer.writeHead(403, headers).end(body);
    return;
  }
  answer.on('error', () => {}); // whoever asked may be gone
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  answer.end(`HTTP/1.1 403 Forbidden\r\n${head.join('')}\r\n${body}`);
}
