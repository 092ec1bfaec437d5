/**
 * What `firebase deploy` would send for a manifest, by the CLI's own code: reads the manifest as JSON on stdin and writes
 * the functions, by name, as JSON. Places of buckets and databases are left out, since only the cloud knows them.
 */
const lib = '../../node_modules/firebase-tools/lib';
const { yamlToBuild } = require(`${lib}/deploy/functions/runtimes/discovery`);
const { toBackend } = require(`${lib}/deploy/functions/build`);
const { allEndpoints } = require(`${lib}/deploy/functions/backend`);
const { serviceForEndpoint } = require(`${lib}/deploy/functions/services`);
const { functionFromEndpoint } = require(`${lib}/gcp/cloudfunctionsv2`);
const { readFileSync } = require('node:fs');

const PROJECT = 'demo-deploy';

async function main() {
  const manifest = JSON.parse(readFileSync(0, 'utf8'));
  const build = yamlToBuild(manifest, PROJECT, 'us-central1', 'python311');
  const plan = {};
  for (const endpoint of allEndpoints(toBackend(build, {}))) {
    const service = serviceForEndpoint(endpoint);
    if (service.name === 'autheventarc') await service.ensureTriggerRegion(endpoint);
    const { name, eventTrigger } = functionFromEndpoint({ ...endpoint, codebase: 'default' });
    plan[endpoint.id] = { name, eventTrigger, service: service.name };
  }
  process.stdout.write(JSON.stringify(plan));
}

main();
