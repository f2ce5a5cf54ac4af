// A Node library for tokens (jose): it makes the assertion that a token is had for, takes the token, and refuses what was
// altered. Usage: node tokens.mjs ADDRESS FOLDER
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as jose from 'jose';

const [address, folder] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const { client, grant } = read('partner.json');
const jwk = read('key.jwk');
const own = await jose.importJWK(jwk, 'ES256');

// found by its description (RFC 8414), had for an assertion (RFC 7523)
const server = await (await fetch(`${address}/.well-known/oauth-authorization-server`)).json();
const assertion = await new jose.SignJWT({})
  .setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
  .setIssuer(client)
  .setSubject(client)
  .setAudience(server.issuer)
  .setJti(crypto.randomUUID())
  .setExpirationTime('1m')
  .sign(own);
const answer = await fetch(server.token_endpoint, {
  method: 'POST',
  body: new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    authorization_details: JSON.stringify([{ type: 'urn:gateway:grant', grant }]),
  }),
});
const { access_token: token } = await answer.json();
assert.equal(answer.status, 200);

const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));
const options = { issuer: server.issuer, audience: server.protected_resources[0], typ: 'at+jwt', algorithms: ['ES256'] };
const verify = (text, more = {}) => jose.jwtVerify(text, keys, { ...options, ...more });
const { payload, protectedHeader } = await verify(token);
assert.equal(payload.authorization_details[0].grant, grant);
assert.equal(payload.client_id, client);

// ten altered ones
const encode = (value) => jose.base64url.encode(typeof value === 'string' ? value : JSON.stringify(value));
const [head, body, signature] = token.split('.');
const published = (await (await fetch(server.jwks_uri)).json()).keys.find((key) => key.kid === protectedHeader.kid);
const signed = async (header, claims, key) =>
  new jose.SignJWT(claims).setProtectedHeader({ ...protectedHeader, ...header }).sign(key);
const symmetric = new TextEncoder().encode(JSON.stringify(published));
const altered = {
  'the purpose': `${head}.${encode({ ...payload, authorization_details: [{ ...payload.authorization_details[0], purpose: 'RESEARCH' }] })}.${signature}`,
  'the fields': `${head}.${encode({ ...payload, authorization_details: [{ ...payload.authorization_details[0], fields: ['x'] }] })}.${signature}`,
  'the end': `${head}.${encode({ ...payload, exp: payload.exp + 60 })}.${signature}`,
  'the client': `${head}.${encode({ ...payload, client_id: 'sy_other' })}.${signature}`,
  'the signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
  'no signature': `${encode({ ...protectedHeader, alg: 'none' })}.${body}.`,
  'a shared secret, the public key': await signed({ alg: 'HS256' }, payload, symmetric),
  'another key': await signed({}, payload, own),
  'an unknown key': await signed({ kid: jwk.kid }, payload, own),
  'another type': `${encode({ ...protectedHeader, typ: 'JWT' })}.${body}.${signature}`,
};
for (const [what, text] of Object.entries(altered)) {
  await assert.rejects(verify(text), `a token with altered ${what} went unnoticed`);
}
await assert.rejects(verify(token, { audience: `${address}/other` }));
await assert.rejects(verify(token, { currentDate: new Date(payload.exp * 1000 + 1000) }));

// the status list that the token names (draft-ietf-oauth-status-list)
const { idx, uri } = payload.status.status_list;
const listed = await jose.jwtVerify(await (await fetch(uri)).text(), keys, { typ: 'statuslist+jwt', subject: uri });
const { bits, lst } = listed.payload.status_list;
const inflated = new Uint8Array(
  await new Response(
    new Blob([jose.base64url.decode(lst)]).stream().pipeThrough(new DecompressionStream('deflate')),
  ).arrayBuffer(),
);
assert.equal(bits, 2);
assert.equal((inflated[idx >> 2] >> ((idx & 3) * 2)) & 3, 0);
console.log(`tokens: jose takes ours, and refuses ${Object.keys(altered).length} altered ones`);
