#!/usr/bin/env bash
# Tokens of a running gateway, had and checked with libraries that we did not write. tokens.sh ROOT STATE ADDRESS
set -euo pipefail
cd "$(dirname "$0")"
root=$1 state=$2 address=$3
. ./newer.sh

newer_environment authlib
GATEWAY_STATE=$state/state "$root/.venv/bin/python" write_partner.py "$address" "$state/partner"

# The partners' page, as it stands there, with curl and openssl.
"$root/.venv/bin/python" - "$root/docs/partners.md" >"$state/page.sh" <<'PYTHON'
import re
import sys
print("set -euo pipefail\n" + "".join(re.findall(r"```bash\n(.*?)```", open(sys.argv[1]).read(), re.DOTALL)))
PYTHON
mkdir "$state/page"
(
    . "$state/partner/variables.sh"
    export GATEWAY_STATE=$state/state PATH=$root/.venv/bin:$PATH
    cd "$state/page"
    bash "$state/page.sh" >said
    grep -q "Verified OK" said
    [ "$("$root/.venv/bin/python" -c 'import json; print(len(json.load(open("rows.json"))))')" = 5 ]
    [ "$(wc -l <rows.csv)" -gt 5 ]
)
echo "tokens: the page for partners works with curl and openssl"
node tokens.mjs "$address" "$state/partner"
authlib/.venv/bin/python authlib/client.py "$address" "$state/partner"
