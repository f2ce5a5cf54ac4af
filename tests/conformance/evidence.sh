#!/usr/bin/env bash
# A case of a running gateway, exported whole and for a party, checked with openssl and Go alone; and that one changed
# bit is noticed. evidence.sh ROOT STATE ADDRESS
set -euo pipefail
cd "$(dirname "$0")"
root=$1 state=$2 address=$3
python=$root/.venv/bin/python
(cd golog && go build -o "$state/golog" .)

GATEWAY_STATE=$state/state "$python" write_case.py "$address" "$state/case-whole" "$state/case-party"
key=$(cat "$state/state/log/public/key")
export ROOTS=$state/state/authority/root.pem TIME=$state/state/authority/timestamp-root.pem

# The README's own commands, as they stand there.
"$python" - "$state/case-whole/README.md" >"$state/openssl.sh" <<'PYTHON'
import re
import sys
print("set -euo pipefail\n" + re.findall(r"```sh\n(.*?)```", open(sys.argv[1]).read(), re.DOTALL)[0])
PYTHON
signatures=0
for case in "$state/case-whole" "$state/case-party"; do
    "$state/golog" case "$case" "$key"
    for document in "$case"/[0-9]*/; do
        (cd "$document" && bash "$state/openssl.sh") >/dev/null 2>&1
        signatures=$((signatures + 1))
    done
done
[ "$signatures" = 4 ]

change='import sys; p = sys.argv[1]; d = bytearray(open(p, "rb").read()); d[len(d) // 2] ^= 1; open(p, "wb").write(d)'
case=$state/case-whole noticed=0
event=$(dirname "$(grep -l '"document":"' "$case"/log/events/*/body.json | head -1)")
for file in "$case/log/checkpoint" "$event"/{leaf.json,event.tlog-proof,body.json,salt.bin} \
    "$case/01-APPLY"/{document.json,signature.p7s}; do
    cp "$file" "$state/kept"
    "$python" -c "$change" "$file"
    if "$state/golog" case "$case" "$key" >/dev/null 2>&1; then
        echo "a changed ${file#"$case/"} went unnoticed by Go" >&2
        exit 1
    fi
    if [ "$(basename "$file")" = document.json ] && (cd "$case/01-APPLY" && bash "$state/openssl.sh") >/dev/null 2>&1; then
        echo "a changed ${file#"$case/"} went unnoticed by openssl" >&2
        exit 1
    fi
    noticed=$((noticed + 1))
    cp "$state/kept" "$file"
done
"$state/golog" case "$case" "$key" >/dev/null
echo "evidence: $signatures signatures hold, $noticed changed files were all noticed"
