// The peer: @neo4j/graphql with its own authorization, served by yoga with graphql-jit, its fastest form that we found.
// One service per process, everything by environment: BENCH_NEO4J_URI, _USER, _PASSWORD, BENCH_SECRET, PORT.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { Neo4jGraphQL } from '@neo4j/graphql';
import { createYoga } from 'graphql-yoga';
import neo4j from 'neo4j-driver';

const { BENCH_NEO4J_URI, BENCH_NEO4J_USER, BENCH_NEO4J_PASSWORD, BENCH_SECRET, PORT } = process.env;

// A Field also carries its Dataset's class (`entryClass`, put there for the peer), so that it needs no join to filter.
const typeDefs = `
  type JWT @jwt { sub: String! discover: [String!]! inspect: [String!]! }
  type Agency @node { id: String! name: String! }
  type Field @node @authorization(filter: [{ operations: [READ], where: { node: {
      accessClass: { in: "$jwt.discover" }, entryClass: { in: "$jwt.inspect" } } } }]) {
    id: String! name: String! dataType: String shareType: String! accessClass: String! entryClass: String! position: Int!
  }
  type Dataset @node @authorization(filter: [{ operations: [READ, AGGREGATE], where: { node: {
      accessClass: { in: "$jwt.discover" } } } }]) {
    id: String! title: String! accessClass: String! modified: String shareType: String! openType: String!
    provider: [Agency!]! @relationship(type: "PROVIDED_BY", direction: OUT)
    fields: [Field!]! @relationship(type: "HAS_FIELD", direction: OUT)
    derivedFrom: [Dataset!]! @relationship(type: "DERIVED_FROM", direction: OUT)
  }`;

const driver = neo4j.driver(BENCH_NEO4J_URI, neo4j.auth.basic(BENCH_NEO4J_USER, BENCH_NEO4J_PASSWORD), {
  maxConnectionPoolSize: 50,
  telemetryDisabled: true,
  fetchSize: -1,
  notificationFilter: { minimumSeverityLevel: 'OFF' },
});
const features = { authorization: { key: BENCH_SECRET }, filters: { String: { GT: true, LT: true, GTE: true, LTE: true } } };
const schema = await new Neo4jGraphQL({ typeDefs, driver, features }).getSchema();
const yoga = createYoga({
  schema,
  plugins: [useGraphQlJit()],
  logging: false,
  graphiql: false,
  landingPage: false,
  cors: false,
  multipart: false,
  parserAndValidationCache: true,
  context: ({ request }) => ({
    token: request.headers.get('authorization'),
    executionContext: driver,
    sessionConfig: { database: 'neo4j' },
  }),
});
createServer(yoga).listen(Number(PORT), '127.0.0.1');
