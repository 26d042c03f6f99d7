"""Files of records are audited, however far they are read."""

import json

import pytest

from lrs.services.exporting import RecordExports
from lrs.services.principals import Principal
from lrs.services.records import Export
from lrs.store.organisations import Organisation
from schemas.api.audit import AuditQuery

ORG = b"own-org!"


class Three:
    """Records of three parts."""

    def export(self, principal, query):
        assert principal.org == ORG
        return Export(None, None, iter([[query], [query, query], [query]]))


@pytest.fixture
def opened(store):
    store.organisations.insert(Organisation("own", ORG, "Trường"))
    principal = Principal(ORG, "key", frozenset({"records/read"}), b"{}", {}, organisation="own")

    def audited():
        links = store.audit.find(ORG, AuditQuery(ascending=True))
        return [(link.record.action, link.record.target, link.record.details) for link in links]

    def read(query, parts=None):
        export = RecordExports(store, Three()).open(principal, query, "csv")
        assert audited()[-1][0] == "records.exported"
        for _, _ in zip(range(99 if parts is None else parts), export.parts, strict=False):
            pass
        if parts is not None:
            export.parts.close()
        return audited()

    return read


def test_a_file_is_noted_before_it_goes_out_and_with_its_rows_when_it_has(opened):
    asked = {"learner": "mailto:lan@hoc.example.vn", "unit": "26209", "sort": "learner", "format": "csv"}
    (first, target, details), (last, same, sent) = opened(asked)
    assert (first, details) == ("records.exported", {"format": "csv", "asked": ["learner", "unit"]})
    assert (last, sent) == ("records.sent", {"rows": 4, "whole": True})
    assert target == same
    assert "lan" not in json.dumps([details, sent]).replace("learner", "")


def test_one_that_breaks_off_is_noted_with_what_had_gone(opened):
    assert opened({}, parts=2)[-1][2] == {"rows": 3, "whole": False}
