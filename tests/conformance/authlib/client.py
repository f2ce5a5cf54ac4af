"""An OAuth client library (Authlib) at the token endpoints: `client.py ADDRESS FOLDER`."""

import json
import sys
from pathlib import Path

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

address, folder = sys.argv[1], Path(sys.argv[2])
partner = json.loads((folder / "partner.json").read_text())
server = requests.get(f"{address}/.well-known/oauth-authorization-server", timeout=10).json()
key = ECKey.import_key(json.loads((folder / "key.jwk").read_text()))
details = json.dumps([{"type": "urn:gateway:grant", "grant": partner["grant"]}])

session = OAuth2Session(
    partner["client"],
    key,
    token_endpoint_auth_method="private_key_jwt",
    revocation_endpoint_auth_method="private_key_jwt",
)
session.register_client_auth_method(PrivateKeyJWT(server["token_endpoint"], alg="ES256"))
token = session.fetch_token(server["token_endpoint"], grant_type="client_credentials", authorization_details=details)
assert token["token_type"] == "Bearer"
assert token["authorization_details"][0]["grant"] == partner["grant"]

# Its own library for tokens.
keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=10).json())
found = jwt.decode(token["access_token"], keys, algorithms=["ES256"])
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": server["issuer"]},
    aud={"essential": True, "value": server["protected_resources"][0]},
    client_id={"essential": True, "value": partner["client"]},
).validate(found.claims)
assert found.header["typ"] == "at+jwt"

told = session.introspect_token(server["introspection_endpoint"], token=token["access_token"])
assert told.json()["active"], told.text
revoked = session.revoke_token(server["revocation_endpoint"], token=token["access_token"])
assert revoked.status_code == 200, revoked.text
told = session.introspect_token(server["introspection_endpoint"], token=token["access_token"])
assert told.json() == {"active": False}, told.text
refused = requests.post(server["token_endpoint"], data={"grant_type": "client_credentials"}, timeout=10)
assert refused.status_code == 401
assert refused.json()["error"] == "invalid_client"
print("tokens: Authlib has, checks, introspects and revokes one")
