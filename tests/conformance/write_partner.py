"""Registers a program of an agency at a running gateway: `write_partner.py ADDRESS FOLDER`.

`FOLDER` gets its private key (`key.jwk`), and `partner.json` with its id, a grant of its agency, and another agency's.
Run after `write_case.py`, which plays the cases that lead to grants.
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
with Client(f"{address}/graphql") as client:
    query = "{ accessRequests(first: 20, side: CONSUMER) { nodes { grant { id state purpose } } } }"
    nodes = _Tourist(load_settings(), client).ask(_case_tour.CONSUMER, query, {})["accessRequests"]["nodes"]
grant = next(one["grant"] for one in nodes if one["grant"] and one["grant"]["state"] == "ACTIVE")
partner = {"client": added.stdout.strip(), "grant": grant["id"], "purpose": grant["purpose"]}
(folder / "partner.json").write_text(json.dumps(partner))
