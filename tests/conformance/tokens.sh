#!/usr/bin/env bash
# Tokens of a running gateway, had and checked with libraries that we did not write. tokens.sh ROOT STATE ADDRESS
set -euo pipefail
cd "$(dirname "$0")"
root=$1 state=$2 address=$3
. ./newer.sh

newer_environment authlib
GATEWAY_STATE=$state/state "$root/.venv/bin/python" write_partner.py "$address" "$state/partner"
node tokens.mjs "$address" "$state/partner"
authlib/.venv/bin/python authlib/client.py "$address" "$state/partner"
