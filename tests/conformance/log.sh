#!/usr/bin/env bash
# Verifiers that we did not write, on the log of a running gateway and on a larger one, and on copies with one bit changed.
# log.sh ROOT STATE ADDRESS
set -euo pipefail
cd "$(dirname "$0")"
root=$1 state=$2 address=$3
python=$root/.venv/bin/python
. ./newer.sh

(cd golog && go build -o "$state/golog" .)
newer_environment aics

# What a gateway serves.
curl -fs "$address/checkpoint" >"$state/older"
key=$(curl -fs "$address/key")
"$state/golog" "$address" "$key" "$state/older"

# A log of some thousand entries, written in batches of many sizes, and what it was at some sizes on the way.
"$python" write_log.py "$state/large" 3000
public=$state/large/log/public
key=$(cat "$public/key")
for older in "$state"/large/checkpoint-*; do
    "$state/golog" "$public" "$key" "$older"
    aics/.venv/bin/python aics/check.py "$public" "$key" "$older"
done

# And it is noticed when one bit of it is another.
noticed=0
for name in checkpoint tile/entries/000 tile/entries/011.p/184 tile/0/004 tile/0/011.p/184 tile/1/000.p/11; do
    file=$public/$name
    cp "$file" "$state/whole"
    "$python" -c 'import sys; p = sys.argv[1]; d = bytearray(open(p, "rb").read()); d[len(d) // 2] ^= 1; open(p, "wb").write(d)' "$file"
    for verifier in "$state/golog" "aics/.venv/bin/python aics/check.py"; do
        if $verifier "$public" "$key" "$older" >/dev/null 2>&1; then
            echo "a changed $name went unnoticed by $verifier" >&2
            exit 1
        fi
        noticed=$((noticed + 1))
    done
    cp "$state/whole" "$file"
done
"$state/golog" "$public" "$key" "$older"
echo "log: $noticed changed files were all noticed"
