"""Registers a program of an agency at a running gateway: `write_partner.py ADDRESS FOLDER`.

`FOLDER` gets its private key (`key.jwk`), `partner.json` with its id and a grant of its agency, and `variables.sh` with
what the partners' page of the documents wants to be told.
"""

import json
import subprocess
import sys
from pathlib import Path

from joserfc.jwk import ECKey

from gateway.cli import _case_tour
from gateway.cli._client import Client
from gateway.cli.demo import _Tourist
from gateway.settings import load_settings

address, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir()
key = ECKey.generate_key("P-256", auto_kid=True)
(folder / "key.jwk").write_text(json.dumps(key.as_dict(private=True)))
(folder / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
agency = _case_tour.CONSUMER.partition("@")[2]
command = [sys.executable, "-m", "gateway.cli", "client", "add", "--agency", agency, "--name", "conformance"]
added = subprocess.run([*command, "--jwks", str(folder / "jwks.json")], capture_output=True, text=True, check=False)
if added.returncode:
    sys.exit(added.stderr)
tier = "UNCONDITIONAL"
query = f"""{{ datasets(first: 100, filter: {{ shareType: [{tier}] }}) {{ nodes {{
  id identifier source {{ kind }} provider {{ code }} fields(first: 5) {{ nodes {{ id name shareType }} }} }} }} }}"""
with Client(f"{address}/graphql") as client:
    tour = _case_tour.Tour(_Tourist(load_settings(), client).ask, load_settings())
    entries = tour.ask(_case_tour.CENTER, query, {})["datasets"]["nodes"]
    entry, fields = next(
        (one, fields)
        for one in entries
        if one["source"] and one["provider"]["code"] != agency
        if (fields := [field for field in one["fields"]["nodes"] if field["shareType"] == tier])
    )
    grant = tour.signed(_case_tour.CONSUMER, "prepareRequest", **_case_tour.scope(entry, fields))["grant"]
partner = {"client": added.stdout.strip(), "grant": grant["id"]}
(folder / "partner.json").write_text(json.dumps(partner))
variables = {"AGENCY": agency, "GATEWAY": address, "GRANT": grant["id"], "DATASET": entry["identifier"]}
lines = [f"export {name}={value}" for name, value in {**variables, "PURPOSE": "SERVICE"}.items()]
(folder / "variables.sh").write_text("\n".join(lines) + "\n")
