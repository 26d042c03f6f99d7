import pytest

from schemas.api.registries import rows_of
from schemas.faults import Fault, Refused
from schemas.registries.csv_files import located
from schemas.registries.registries import Rows
from schemas.registries.tables import read, write

NAMES = ("units", "links", "programmes", "targets", "frameworks", "platforms")


def refusal(name, text):
    with pytest.raises(Refused) as refused:
        rows_of(name, read(name, text.encode())[0], file=True)
    return refused.value.faults


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_again(dong_nai, name):
    kind = "units" if name == "links" else name
    rows = Rows(units=dong_nai.units.units, links=dong_nai.units.links) if kind == "units" else dong_nai.rows(kind)
    found = rows_of(name, read(name, write(name, rows).encode())[0], file=True)
    assert getattr(found, name) == getattr(rows, name)
    assert found.crosswalks == rows.crosswalks


def test_a_file_begins_with_a_bom_and_ends_lines_as_excel_does(dong_nai):
    text = write("units", Rows(units=dong_nai.units.units[:1]))
    heading, row, end = text.split("\r\n")
    assert heading == "\ufeffcode,name,kind,parent,within,valid_from,valid_to"
    assert (row, end) == ("75,Tỉnh Đồng Nai,province,,,2025-07-01,2026-04-30", "")


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_spreadsheets_are_read(bom, separator, end):
    text = end.join(
        [
            separator.join(["Valid_From", " code ", "name", "kind"]),
            separator.join(["1/7/2025", "4", "Xã Mo\u0302\u0323t", "commune"]),
            separator * 3,
            separator.join(["2025-07-01", "1", '"Tỉnh ""Một"""', "province"]),
        ]
    )
    lists, numbers = read("units", (bom + text).encode())
    assert lists == {
        "units": [
            {"valid_from": "2025-07-01", "code": "00004", "name": "Xã Một", "kind": "commune"},
            {"valid_from": "2025-07-01", "code": "01", "name": 'Tỉnh "Một"', "kind": "province"},
        ]
    }
    assert numbers == {"units[0]": 2, "units[1]": 4}


def test_links_get_their_zeros_back():
    lists, _ = read("links", b"old_code,new_code,extent,effective\n4,167,whole,1/7/2025\n1,01,renamed,1/7/2025\n")
    assert [(link["old_code"], link["new_code"]) for link in lists["links"]] == [("04", "00167"), ("01", "01")]


def test_numbers_may_have_a_comma_and_flags_are_marks():
    lists, _ = read("targets", b"programme;unit;year;source;percent\n192;26116;2025;x;80,5\n")
    assert lists["targets"][0] == {"programme": "192", "unit": "26116", "year": 2025, "source": "x", "percent": 80.5}
    lists, _ = read("frameworks", b"row,framework,version,code,label_vi,example\nframework,X,1,,x,\nskill,X,1,a,A,x\n")
    assert lists["frameworks"][0]["skills"] == [{"code": "a", "labels": {"vi": "A"}, "example": True}]


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("code,name\n", "kind", "required"),
        ("code,name,kind,colour\n", "colour", "unknown"),
        ("code,name,kind,kind\n", "kind", "unique"),
        ("", "code", "required"),
        ('code,name,kind\n26116,"Xã,commune\n', "", "csv"),
        ("code,name,kind\n26116,Xã,commune,,x\n", "", "csv"),
        ("code,name,kind\n1.23E+11,Xã,commune\n", "units[0].code", "value"),
        ("code,name,kind\n26116,Xã,village\n", "units[0].kind", "value"),
        ("code,name,kind\n261,Xã,city\n", "units[0].code", "value"),
        ("code,name,kind,valid_from\n26116,Xã,commune,31/2/2025\n", "units[0].valid_from", "value"),
        ("code,name,kind\n26116,,commune\n", "units[0].name", "value"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text, path, rule):
    assert (refusal("units", text)[0].path, refusal("units", text)[0].rule) == (path, rule)


def test_a_file_in_another_encoding_is_refused():
    with pytest.raises(Refused) as refused:
        read("units", "code,name,kind\n26116,Xã,commune".encode("utf-16"))
    assert refused.value.faults[0].rule == "encoding"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("row,framework,version\nskill,X,1\n", "framework"),
        ("row,framework,version\nchapter,X,1\n", "row"),
        ("row,framework,version,match\nframework,X,1,exact\n", "match"),
    ],
)
def test_rows_of_frameworks_that_belong_nowhere_are_named(text, column):
    [fault] = refusal("frameworks", text)
    assert fault.path == column
    assert "row 2: " in fault.message


def test_faults_of_a_file_tell_the_row():
    numbers = {"frameworks[0]": 2, "frameworks[0].skills[1]": 5}
    faults = [
        Fault("frameworks[0].skills[1].code", "x", "a"),
        Fault("frameworks[0].labels.vi", "x", "b"),
        Fault("format", "x", "c"),
    ]
    told = [fault.message for fault in located(Refused(faults), numbers).faults]
    assert told == ["row 5: a", "row 2: b", "c"]


def test_a_hundred_faults_are_enough():
    assert len(located(Refused([Fault("", "x", "y")] * 1000), {}).faults) == 100
