"""Plays a case at a running gateway, and writes its evidence: `write_case.py ADDRESS WHOLE PARTY`.

`WHOLE` is the operator's export; `PARTY` is what the applicant fetches over HTTP.
"""

import subprocess
import sys
from pathlib import Path

import httpx

from gateway.cli import _case_tour
from gateway.cli._client import Client
from gateway.cli.demo import _Tourist
from gateway.identity.development import development_token
from gateway.settings import load_settings
from gateway.sharing.evidence import read_export, write_export

address, whole, party = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
settings = load_settings()
with Client(f"{address}/graphql") as client:
    tourist = _Tourist(settings, client)
    for _, lines in _case_tour.Tour(tourist.ask, settings).stops():
        for line in lines:
            print(*line, sep=": ")
    query = "{ accessRequests(first: 1, side: CONSUMER, state: PARTIALLY_APPROVED) { nodes { id } } }"
    (case,) = tourist.ask(_case_tour.CONSUMER, query, {})["accessRequests"]["nodes"]
command = [sys.executable, "-m", "gateway.cli", "evidence", "export", case["id"], "--to", str(whole)]
exported = subprocess.run(command, capture_output=True, text=True, check=False)
if exported.returncode:
    sys.exit(exported.stderr)
token = development_token(settings.state, settings.audience, _case_tour.CONSUMER, lifetime=60)
answer = httpx.get(f"{address}/evidence/{case['id']}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
answer.raise_for_status()
packed = party.with_suffix(".zip")
packed.write_bytes(answer.content)
write_export(read_export(packed), party, zipped=False)
