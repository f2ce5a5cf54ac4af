#!/usr/bin/env bash
# The page on reporting lineage, as it stands there, with curl and openssl. lineage.sh ROOT STATE ADDRESS
set -euo pipefail
root=$1 state=$2
export GATEWAY=$3 AGENCY=water
"$root/.venv/bin/python" - "$root/docs/lineage.md" >"$state/lineage-page.sh" <<'PYTHON'
import re
import sys
print("set -euo pipefail\n" + "".join(re.findall(r"```bash\n(.*?)```", open(sys.argv[1]).read(), re.DOTALL)))
PYTHON
mkdir "$state/lineage-page"
export GATEWAY_STATE=$state/state PATH=$root/.venv/bin:$PATH
cd "$state/lineage-page"
bash "$state/lineage-page.sh"
[ "$(cat accepted.json)" = '{"accepted":1}' ]
echo "lineage: the page for who reports works with curl and openssl"
