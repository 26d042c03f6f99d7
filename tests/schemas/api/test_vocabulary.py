import pytest

from schemas.api.vocabulary import told_path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "[3].actor.mbox",
        "context.contextActivities.other[0].id",
        "X-Experience-API-Version",
        "limits.requests",
        "scopes[1]",
        "authority.account.homePage",
        "units[2].valid_from",
        "links[0].old_code",
        "programmes[1].aliases[0]",
        "frameworks[0].skills[1].within",
        "crosswalks[0].match",
        "targets[3].programme",
        "old_code",
        "row",
        "password",
        "code",
        "state",
        "organisation",
        "provider",
        "after",
        "as_of",
        "stateId",
        'result.extensions["https://hoc.example.vn/x"].code',
    ],
)
def test_names_of_ours_go_out(path):
    assert told_path(path) == path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("lan", "*"),
        ("[3].lan.mbox", "[3].*.mbox"),
        ('context.extensions["mailto:lan@hoc.example.vn"]', "context.extensions[*]"),
        ('context.extensions["https://hoc.example.vn/lan%40hoc"]', "context.extensions[*]"),
        ('context.extensions["https://hoc.example.vn/075203001234"]', "context.extensions[*]"),
        ('["lan.nguyen@hoc.example.vn"]', "[*]"),
        ("limits.lan", "limits.*"),
        ('display["', "display*"),
    ],
)
def test_others_do_not(path, told):
    assert told_path(path) == told
