// The usual client of graphql-transport-ws: it follows cases, is told of one, is refused properly, and comes again.
// Usage: GATEWAY_STATE=… node subscriptions.mjs ADDRESS GATEWAY FOLDER
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const [address, gateway, folder] = process.argv.slice(2);
const url = address.replace('http', 'ws');
const run = async (...words) => (await promisify(execFile)(gateway, words)).stdout.trim();
const token = async (who) => `Bearer ${await run('token', '--as', who)}`;
const officer = await token('officer@water');

async function ask(query, variables) {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: officer },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return Object.values(answer.data)[0];
}

const client = (connectionParams, retries = 0) =>
  createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: retries, retryWait: async () => {} });

const query = 'subscription { caseChanged { changedAt accessRequest { id state } grant { state } } }';

// told of a declaration, and of the grant that comes of it
const auditor = client({ Authorization: await token('auditor') });
const begun = new Promise((resolve) =>
  auditor.on('connected', (socket) => {
    // Messages have their effect one after another: when a ping sent after it is answered, the subscription has begun.
    setTimeout(() => socket.send('{"type": "ping"}'));
    socket.on('message', (text) => JSON.parse(text).type === 'pong' && resolve());
  }),
);
const events = auditor.iterate({ query });
const first = events.next();
await begun;

const { nodes } = await ask(`{ datasets(first: 100, filter: { shareType: [UNCONDITIONAL] }) {
  nodes { id provider { code } fields(first: 1) { nodes { id shareType } } } } }`);
const dataset = nodes.find((d) => d.provider.code !== 'water' && d.fields.nodes[0]?.shareType === 'UNCONDITIONAL');
const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
const { prepared, problems } = await ask(
  `mutation($input: PrepareRequestInput!) { prepareRequest(input: $input) {
    prepared { signing text } problems { code message } } }`,
  {
    input: {
      dataset: dataset.id,
      fields: [dataset.fields.nodes[0].id],
      purpose: 'SERVICE',
      explanation: '办理报装业务',
      legalBasis: [{ title: '城市供水条例', citation: '第二十条' }],
      since: today,
      until: new Date(Date.parse(today) + 100 * 86_400_000).toISOString().slice(0, 10),
      idempotencyKey: 'conformance-prepare',
    },
  },
);
assert.deepEqual(problems, []);
await run('certificate', 'issue', '--as', 'officer@water', '--out', `${folder}/key.p12`);
writeFileSync(`${folder}/document`, prepared.text);
await run('sign', `${folder}/document`, '--key', `${folder}/key.p12`, '--passphrase-file', '/dev/null');
const filed = await ask(
  `mutation($input: FileSignedInput!) { fileSigned(input: $input) {
    accessRequest { id } problems { code message } } }`,
  {
    input: {
      signing: prepared.signing,
      signature: readFileSync(`${folder}/document.p7s`).toString('base64'),
      idempotencyKey: 'conformance-file',
    },
  },
);
assert.deepEqual(filed.problems, []);
const told = (await first).value.data.caseChanged;
assert.deepEqual(told.accessRequest, { id: filed.accessRequest.id, state: 'DECLARED' });
assert.deepEqual(told.grant, { state: 'ACTIVE' });
await events.return();
await auditor.dispose();

// refused: a mistake in the document, a query, a case that is not theirs, a token that is none
const errors = async (connectionParams, payload) => {
  const one = client(connectionParams);
  try {
    for await (const result of one.iterate(payload)) assert.fail(JSON.stringify(result));
  } catch (problem) {
    return problem;
  } finally {
    await one.dispose();
  }
  return null;
};
assert.equal(await errors({}, { query }), null, "the public's subscription completes");
const one = 'subscription($id: ID) { caseChanged(accessRequest: $id) { changedAt } }';
for (const [payload, code] of [
  [{ query: 'subscription { caseChanged { nothing } }' }, 'INVALID_QUERY'],
  [{ query: '{ me { id } }' }, 'SUBSCRIPTION_NEEDED'],
  [{ query: one, variables: { id: filed.accessRequest.id } }, 'NOT_FOUND'],
])
  assert.equal((await errors({}, payload))[0].extensions.code, code);
const refused = await errors({ Authorization: 'Bearer none' }, { query });
assert.deepEqual([refused.code, refused.reason], [4403, 'Forbidden: the token is not a signed JWT']);

// comes again after a token that was no good, as its manual proposes
let tries = 0;
const again = client(async () => ({ Authorization: tries++ ? await token('auditor') : 'Bearer none' }), 1);
const connected = new Promise((resolve) => again.on('connected', resolve));
const follow = again.subscribe({ query }, { next() {}, complete() {}, error: assert.fail });
await connected;
assert.equal(tries, 2);
follow();
await again.dispose();
console.log('graphql-ws: told of a case and its grant, refused with codes, and back with a better token');
