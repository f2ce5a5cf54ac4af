"""An agency's officer at work: keys and signatures by the commands, documents by GraphQL."""

import base64
from pathlib import Path
from typing import Any, Final

from tests.app.process import command_here
from tests.http.served import Served

CASE: Final = """
  id state version procedure availableActions
  dataset { identifier } consumer { code } provider { code }
  deadline { dueAt overdue workingDaysLeft counted rule clocks { rule dueAt } }
  documents { act digest readable signer role agency { code } }
  grant { id state version fields expired validFrom validTo availableActions }
"""
FILE: Final = f"""
mutation($input: FileSignedInput!) {{ fileSigned(input: $input) {{
  accessRequest {{ {CASE} }} grant {{ id state }} problems {{ code message path }} }} }}
"""


class Desk:
    """One agency's officer at work, with a key from `gateway certificate` and signatures from `gateway sign`."""

    def __init__(self, served: Served, folder: Path, agency: str) -> None:
        self.who = f"officer@{agency}"
        self._served = served
        self._folder = folder / agency
        self._folder.mkdir()
        self._number = 0
        key = self._folder / "key.p12"
        issued = command_here(served.gateway.state, "certificate", "issue", "--as", self.who, "--out", str(key))
        assert issued.returncode == 0, issued.stderr
        self.fingerprint = issued.stdout.strip()

    def ask(self, text: str, **variables: Any) -> Any:
        (found,) = self._served.ask(text, variables, self.who).values()
        return found

    def key(self) -> str:
        self._number += 1
        return f"{self.who}-{self._number:04}-{self._folder.stat().st_ino}"

    def prepared(self, text: str, **given: Any) -> dict[str, str]:
        made = self.ask(text, input={**given, "idempotencyKey": self.key()})
        assert made["problems"] == []
        found: dict[str, str] = made["prepared"]
        return found

    def signature(self, text: str) -> str:
        self._number += 1
        document = self._folder / f"{self._number}.json"
        document.write_bytes(text.encode())
        arguments = ("sign", str(document), "--key", str(self._folder / "key.p12"), "--passphrase-file", "/dev/null")
        signed = command_here(self._served.gateway.state, *arguments)
        assert signed.returncode == 0, signed.stderr
        return base64.b64encode(document.with_name(f"{document.name}.p7s").read_bytes()).decode()

    def file(self, prepared: dict[str, str]) -> Any:
        signature = self.signature(prepared["text"])
        return self.ask(
            FILE, input={"signing": prepared["signing"], "signature": signature, "idempotencyKey": self.key()}
        )
