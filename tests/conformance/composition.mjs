// Federation 2: our subgraph composes with a neighbour that extends Agency, Dataset and Field, and resolves its references.
// Usage: node composition.mjs ADDRESS
import assert from 'node:assert/strict';
import { composeServices, assertCompositionSuccess } from '@theguild/federation-composition';
import { parse } from 'graphql';

async function ask(query, variables) {
  const response = await fetch(process.argv[2], {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data;
}

const neighbour = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { ratings: [Rating!]! }
  type Rating { stars: Int! dataset: Dataset! }
  type Dataset @key(fields: "id") { id: ID! ratings: [Rating!]! }
  type Agency @key(fields: "code") { code: String! homepage: String }
  type Field @key(fields: "id") { id: ID! glossary: String }
`;
const { _service } = await ask('{ _service { sdl } }');
const composed = composeServices([
  { name: 'gateway', url: process.argv[2], typeDefs: parse(_service.sdl) },
  { name: 'neighbour', url: 'http://neighbour.invalid/', typeDefs: parse(neighbour) },
]);
assertCompositionSuccess(composed);
assert.match(composed.supergraphSdl, /type Dataset\b[^{]*@join__type\(graph: NEIGHBOUR/);

const { datasets } = await ask(`{ datasets(first: 3, filter: { openType: [OPEN] }) {
  nodes { id identifier title provider { code } fields(first: 1) { nodes { id name } } } } }`);
assert.equal(datasets.nodes.length, 3);
const representations = datasets.nodes.flatMap((d) => [
  { __typename: 'Dataset', id: d.id },
  { __typename: 'Dataset', identifier: d.identifier },
  { __typename: 'Agency', code: d.provider.code },
  { __typename: 'Field', id: d.fields.nodes[0].id },
]);
const { _entities } = await ask(
  `query ($r: [_Any!]!) { _entities(representations: $r) {
    ... on Dataset { title } ... on Agency { code } ... on Field { name } } }`,
  { r: representations },
);
assert.deepEqual(
  _entities,
  datasets.nodes.flatMap((d) => [
    { title: d.title },
    { title: d.title },
    { code: d.provider.code },
    { name: d.fields.nodes[0].name },
  ]),
);
console.log(`federation: composed, and ${_entities.length} references resolved`);
