// The same in a browser: a test calls `run` on the page.

import { setLogLevel } from 'firebase/firestore';
import { Harness } from './harness.js';

setLogLevel('silent');
globalThis.runScenarios = (settings, names) => new Harness(settings).run(names);
