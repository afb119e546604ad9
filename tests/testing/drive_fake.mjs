// Ask `callsheet fake` through Anthropic's TypeScript client, and change it on the way.
//
// `node drive_fake.mjs sdk-0|sdk-1` reads a job (JSON) on stdin and prints a report (JSON) on stdout. The clients
// are found in `node_modules` of the current folder.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = resolve('node_modules', process.argv[2]);
const { default: Anthropic } = await import(pathToFileURL(resolve(folder, 'index.mjs')));
const { base_url: baseURL, api_key: apiKey } = JSON.parse(readFileSync(0, 'utf8'));

/** Call a verb of the fake. */
async function fake(verb, body = {}) {
  const answer = await fetch(`${baseURL}/_fake/${verb}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).result;
}

/** What was asked of the fake. */
async function journal() {
  return (await (await fetch(`${baseURL}/_fake/requests`)).json()).data;
}

const client = new Anthropic({ baseURL, apiKey });
const impatient = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
const report = { walked: [] };

for await (const model of client.models.list({ limit: 4 })) report.walked.push(model.id);

await fake('reset');
await fake('fail', { status: 429, retry_after: 0.01 });
report.after_busy = (await client.models.list()).data[0].id;
report.statuses = (await journal()).map((request) => request.status);

await fake('add', { model_id: 'claude-of-typescript' });
report.added = (await client.models.list()).data[0].id;

await fake('fail', { cut: true });
try {
  await impatient.models.list();
} catch (error) {
  report.cut = error.constructor.name;
}

console.log(JSON.stringify(report));
