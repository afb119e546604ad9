// List the models of several servers through Anthropic's TypeScript client; the same as list_models.py.
//
// `node list_models.mjs sdk-0|sdk-1`; the clients are found in `node_modules` of the current folder.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = resolve('node_modules', process.argv[2]);
const { default: Anthropic } = await import(pathToFileURL(resolve(folder, 'index.mjs')));
const job = JSON.parse(readFileSync(0, 'utf8'));

async function list(baseURL) {
  const client = new Anthropic({ baseURL, apiKey: job.key, maxRetries: 0 });
  const ids = [];
  try {
    for await (const model of client.models.list({ limit: job.limit })) {
      ids.push(model.id);
      if (ids.length === job.at_most) break;
    }
  } catch (error) {
    if (error instanceof Anthropic.APIError) return null;
    throw error;
  }
  return ids;
}

const listed = [];
for (const url of job.urls) listed.push(await list(url));
console.log(JSON.stringify(listed));
