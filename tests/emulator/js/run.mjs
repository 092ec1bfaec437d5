// Runs the scenarios in Node (the SDK's gRPC build) and prints their results as JSON.

import { setLogLevel } from 'firebase/firestore';
import { Harness } from './harness.js';

setLogLevel('silent');
const [settings, ...names] = process.argv.slice(2);
const results = await new Harness(JSON.parse(settings)).run(names.length ? names : undefined);
process.stdout.write(JSON.stringify(results), () => process.exit(0));
