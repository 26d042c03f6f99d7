import pytest

from schemas.faults import Refused
from schemas.xapi.agents import load_agent

LAN = {"mbox": "mailto:lan@ex.vn"}
MINH = {"account": {"homePage": "https://sso.ex.vn", "name": "minh"}}


def group(**members):
    return {"objectType": "Group"} | members


def faults(raw):
    with pytest.raises(Refused) as refused:
        load_agent(raw, "agent")
    return [(fault.path, fault.rule) for fault in refused.value.faults]


@pytest.mark.parametrize(
    "agent",
    [
        LAN,
        MINH,
        {"objectType": "Agent", "name": "", "mbox_sha1sum": "0" * 40},
        {"openid": "https://id.ex.vn/lan"},
        {"account": {"homePage": "https://sso.ex.vn", "name": ""}},
        group(member=[LAN]),
        group(member=[LAN, MINH, LAN], name="Lớp 12"),
        group(mbox="mailto:lop12@ex.vn"),
        group(mbox="mailto:lop12@ex.vn", member=[]),
        group(account=MINH["account"], member=[LAN]),
    ],
)
def test_agents_and_groups_with_what_identifies_them_are_taken(agent):
    assert load_agent(agent) is agent


REFUSED = [
    ("nothing", None, [("agent", "null")]),
    ("a text", "mailto:lan@ex.vn", [("agent", "object")]),
    ("several", [LAN], [("agent", "object")]),
    ("nobody", {}, [("agent", "one-identifier")]),
    ("a name only", {"name": "Lan"}, [("agent", "one-identifier")]),
    ("two identifiers", LAN | MINH, [("agent", "one-identifier")]),
    ("letter case", {"objectType": "agent"} | LAN, [("agent.objectType", "object-type")]),
    ("another type", {"objectType": "Activity"} | LAN, [("agent.objectType", "object-type")]),
    ("null type", {"objectType": None} | LAN, [("agent.objectType", "null")]),
    ("type of a type", {"objectType": ["Agent"]} | LAN, [("agent.objectType", "object-type")]),
    ("null", {"mbox": None}, [("agent.mbox", "null")]),
    ("null beside", LAN | {"openid": None}, [("agent.openid", "null"), ("agent", "one-identifier")]),
    ("unknown", LAN | {"Name": "Lan"}, [("agent.Name", "unknown")]),
    ("an agent's members", LAN | {"member": [MINH]}, [("agent.member", "unknown")]),
    ("no home page", {"account": {"name": "a"}}, [("agent.account.homePage", "required")]),
    ("no account name", {"account": {"homePage": "https://ex.vn"}}, [("agent.account.name", "required")]),
    ("an account's extra", {"account": MINH["account"] | {"id": 1}}, [("agent.account.id", "unknown")]),
    ("an account of text", {"account": "minh"}, [("agent.account", "object")]),
    ("a number for a name", LAN | {"name": 1}, [("agent.name", "string")]),
    ("a long mailbox", {"mbox": f"mailto:a@{'b' * 2048}"}, [("agent.mbox", "too-long")]),
    ("a long account", {"account": {"homePage": "a:b", "name": "n" * 2049}}, [("agent.account.name", "too-long")]),
    ("an anonymous group without members", group(), [("agent.member", "members")]),
    ("an anonymous group of nobody", group(member=[]), [("agent.member", "members")]),
    ("a group of two identifiers", group(member=[LAN]) | LAN | MINH, [("agent", "one-identifier")]),
    (
        "a group in a group",
        group(member=[group(mbox="mailto:lop12@ex.vn")]),
        [("agent.member[0].objectType", "choice")],
    ),
    ("a bad member", group(member=[LAN, {"mbox": "minh"}]), [("agent.member[1].mbox", "mailto")]),
    ("a null member", group(member=[None]), [("agent.member[0]", "null")]),
    ("members that are one", group(member=LAN), [("agent.member", "array")]),
]


@pytest.mark.parametrize(("raw", "expected"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_everything_else_is_refused_with_its_place(raw, expected):
    assert faults(raw) == expected
