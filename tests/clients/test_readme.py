"""What the README shows, executed against the real server."""

import re
import sys
from pathlib import Path

import pytest

import clients

TEXT = (Path(clients.__file__).parent / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_every_example_works(server, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sohoc_client", clients)
    names = {name: getattr(clients, name) for name in clients.__all__}
    with clients.LRSClient(server.endpoint, clients.Basic(server.key, server.secret)) as lrs:
        first, *others = [_here(example, server) for example in EXAMPLES]
        exec(first, names)  # noqa: S102 - our own text
        found = [each["id"] for each in lrs.find(agent=names["learner"])]
        assert capsys.readouterr().out == f"{found}\n"
        names |= {"lrs": lrs, "statements": [clients.completed(names["learner"], "https://x.vn") for _ in range(3)]}
        for example in others:
            exec(example, names)  # noqa: S102 - our own text
        assert len(list(lrs.find(agent=names["learner"]))) == 4
        assert lrs.state("https://example.vn/courses/an-toan-so", names["learner"]).get("bookmark").json() == {
            "page": 5
        }


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`lrs\.([a-z_]+)\(|^\| `([a-z_]+)\(", TEXT, re.MULTILINE))))
def test_every_method_that_is_named_exists(name):
    assert hasattr(clients.LRSClient, "".join(name))


def test_every_method_is_named():
    methods = {name for name in vars(clients.LRSClient) if not name.startswith("_")} - {"close"}
    assert {name for name in methods if not re.search(rf"\b{name}\(", TEXT)} == set()


def _here(example, server):
    return example.replace("https://lrs.example.vn/xapi", server.endpoint).replace(
        'Basic("key", "secret")', f'Basic("{server.key}", "{server.secret}")'
    )
