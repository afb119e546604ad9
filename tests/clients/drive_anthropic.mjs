// Ask a Models API through Anthropic's TypeScript client, and report what the client made of the answers.
//
// `node drive_anthropic.mjs sdk-0|sdk-1` reads a job (JSON) on stdin and prints a report (JSON) on stdout. The
// clients are found in `node_modules` of the current folder, which need not be the folder of this file.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = resolve('node_modules', process.argv[2]);
const { default: Anthropic } = await import(pathToFileURL(resolve(folder, 'index.mjs')));

/** A client that shows every failure. */
function open(baseURL, apiKey) {
  return new Anthropic({ baseURL, apiKey, maxRetries: 0 });
}

/** Every id the client comes to by itself. */
async function allIds(models, query) {
  const ids = [];
  for await (const model of models.list(query)) ids.push(model.id);
  return ids;
}

/** The ids of a walk, both as the client strings them together and page by page. */
async function walk(models, query) {
  const pages = [];
  const first = await models.list(query);
  for await (const page of first.iterPages()) pages.push(page.data.map((model) => model.id));
  return { ids: await allIds(models, query), pages };
}

async function firstPage(models, limit) {
  const { data: page, request_id } = await models.list({ limit }).withResponse();
  const { has_more, first_id, last_id } = page;
  return { ids: page.data.map((model) => model.id), has_more, first_id, last_id, request_id };
}

async function retrieveEach(models, names) {
  const retrieved = {};
  for (const name of names) retrieved[name] = await models.retrieve(name);
  return retrieved;
}

/** What the client threw; null if it threw nothing. */
async function errorOf(call) {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Anthropic.APIError)) throw error;
    return {
      class: error.constructor.name,
      status: error.status,
      request_id: error.requestID,
      body: error.error,
    };
  }
  return null;
}

const job = JSON.parse(readFileSync(0, 'utf8'));
const client = open(job.base_url, job.api_key);
const stranger = open(job.base_url, job.wrong_key);
const { models } = client;
const { limit, betas, lifecycle, names, unknown } = job;

const report = {
  version: JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8')).version,
  page: await firstPage(models, limit),
  forward: await walk(models, { limit }),
  backward: await walk(models, { limit, before_id: job.last_id }),
  all: (await models.list({ limit: 1000 })).data,
  lifecycle: await allIds(models, { limit, lifecycle }),
  retrieved: await retrieveEach(models, names),
  beta: {
    ids: await allIds(client.beta.models, { limit, betas }),
    retrieved: await client.beta.models.retrieve(job.beta_name, { betas }),
  },
  errors: {
    wrong_key: await errorOf(() => stranger.models.list()),
    unknown_model: await errorOf(() => models.retrieve(unknown)),
    limit: await errorOf(() => models.list({ limit: 1001 })),
    after_id: await errorOf(() => models.list({ after_id: unknown })),
    before_id: await errorOf(() => models.list({ before_id: unknown })),
  },
};
console.log(JSON.stringify(report));
