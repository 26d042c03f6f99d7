"""What deploy/README.md shows of organisations and keys works as it stands there."""

import json
import re
import subprocess
from pathlib import Path

README = (Path(__file__).parent.parent / "deploy" / "README.md").read_text("utf-8")
SECTION = README.partition("## Organisations and keys")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^curl .*?(?=\n\n|\ncurl |\n```)", SECTION, re.MULTILINE | re.DOTALL)


def test_its_commands_lead_to_a_tool_s_key(server, tmp_path, a_statement):
    known = {"KEY": server.key, "SECRET": server.secret}

    def run(command):
        for name, value in known.items():
            command = re.sub(rf"(?<![\w-]){name}(?![\w-])", value, command)
        here = command.replace("http://127.0.0.1:8080", server.root)
        answer = subprocess.run(
            ["/bin/bash", "-c", f"{here} -sS --fail-with-body"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(answer.stdout)

    make, accept, sign_in, make_key = COMMANDS
    known["CODE"] = run(make)["invitation"]["code"]
    assert run(accept)["organisation"] == "hcmus"
    known["CSRF"] = run(sign_in)["csrf"]
    key = run(make_key)
    assert key["scopes"] == ["statements/write"]
    statement = json.dumps(a_statement())
    post = (
        f"curl -u {key['key']}:{key['secret']} -H 'X-Experience-API-Version: 2.0.0' -H 'Content-Type: application/json'"
    )
    assert len(run(f"{post} -d '{statement}' {server.endpoint}/statements")) == 1
