#!/usr/bin/env bash
# What other people's tools say of a running gateway: graphql-http's audits, federation composition, the client
# graphql-ws, fuzzing; of its log: Go's own packages for such logs, and a Python one; of an exported case: the same
# packages, and openssl; and of its tokens: jose and Authlib. Starts a gateway with its own state on a free loopback port and stops it again. Needs node and npm, Go, and Python 3.12.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
for tool in npm go; do
    command -v $tool >/dev/null || { echo "make conformance needs node and npm, Go, and Python 3.12" >&2; exit 1; }
done

began=$SECONDS
npm ci --no-audit --no-fund --silent
state=$(mktemp -d)
log=$state/gateway.log
gateway=
stop() {
    if [ -n "$gateway" ]; then kill "$gateway" 2>/dev/null; wait "$gateway" 2>/dev/null || true; fi
    rm -rf "$state"
}
trap stop EXIT

port=$("$root/.venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
GATEWAY_STATE=$state/state GATEWAY_PORT=$port GATEWAY_NEW_SHAPES_PER_MINUTE=100000 \
    "$root/.venv/bin/gateway" serve >"$log" 2>&1 </dev/null &
gateway=$!
address=http://127.0.0.1:$port
for _ in $(seq 300); do
    if curl -fs "$address/readyz" >/dev/null 2>&1; then break; fi
    kill -0 "$gateway" 2>/dev/null || { cat "$log" >&2; echo "the gateway did not start" >&2; exit 1; }
    sleep 1
done

passed=0 failed=0
check() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
check node audits.mjs "$address/graphql"
check node composition.mjs "$address/graphql"
check env GATEWAY_STATE="$state/state" node subscriptions.mjs "$address/graphql" "$root/.venv/bin/gateway" "$state"
check "$root/.venv/bin/python" fuzz.py "$address/graphql"
check bash log.sh "$root" "$state" "$address/log"
check bash evidence.sh "$root" "$state" "$address"
check bash tokens.sh "$root" "$state" "$address"
check bash lineage.sh "$root" "$state" "$address"
echo "conformance took $((SECONDS - began)) s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
