// The server audits of graphql-http: every one of them has to hold, the recommended ones too.
// Usage: node audits.mjs ADDRESS
import { auditServer } from 'graphql-http';

const results = await auditServer({ url: process.argv[2], fetchFn: fetch });
let failed = 0;
for (const result of results) {
  if (result.status !== 'ok') {
    failed += 1;
    console.error(`${result.status}: ${result.id} ${result.name}: ${result.reason}`);
  }
  if (result.response?.body && !result.response.bodyUsed) await result.response.body.cancel();
}
console.log(`graphql-http: ${results.length - failed} of ${results.length} audits ok`);
process.exit(failed ? 1 : 0);
