import hashlib
import io

import pytest

from lrs.services.attachments import ReceivedAttachment, attachments_of, match
from schemas.faults import Refused


def received(text, algorithm=hashlib.sha256):
    data = text.encode()
    return ReceivedAttachment(
        sha2=algorithm(data).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
        content_type="text/plain",
        length=len(data),
        file=io.BytesIO(data),
    )


def named(text, **changes):
    return {
        "usageType": "http://truong.example/chung-chi",
        "display": {"vi": "Chứng chỉ"},
        "contentType": "text/plain",
        "length": len(text.encode()),
        "sha2": hashlib.sha256(text.encode()).hexdigest(),
    } | changes


def statement(*attachments, **changes):
    return {
        "actor": {"mbox": "mailto:hoc.vien@truong.example"},
        "verb": {"id": "http://truong.example/da-hoc"},
        "object": {"id": "http://truong.example/khoa-hoc"},
        "attachments": list(attachments),
    } | changes


def sub_statement(*attachments):
    return {"objectType": "SubStatement"} | statement(*attachments)


ELSEWHERE = {"fileUrl": "http://truong.example/tep"}
ONE, TWO = received("một"), received("hai")


def faults(*args, **options):
    with pytest.raises(Refused) as refused:
        match(*args, **options)
    return [(fault.path, fault.rule) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("statements", "parts", "matched"),
    [
        ([], [], []),
        ([statement()], [], [[]]),
        ([statement(named("một"))], [ONE], [[ONE]]),
        ([statement(named("hai"), named("một"))], [ONE, TWO], [[TWO, ONE]]),
        ([statement(named("một")), statement(), statement(named("một"))], [ONE], [[ONE], [], [ONE]]),
        ([statement(named("một"), named("một"))], [ONE], [[ONE]]),
        ([statement(named("một"))], [ONE, ONE], [[ONE]]),
        ([statement(named("một", sha2=ONE.sha2.upper()))], [ONE], [[ONE]]),
        ([statement(object=sub_statement(named("một")))], [ONE], [[ONE]]),
        ([statement(named("hai"), object=sub_statement(named("một")))], [ONE, TWO], [[TWO, ONE]]),
        ([statement(named("một", **ELSEWHERE))], [], [[]]),
        ([statement(named("một", **ELSEWHERE))], [ONE], [[ONE]]),
        ([statement(named("một", length=3, contentType="image/png"))], [ONE], [[ONE]]),
    ],
)
def test_data_goes_to_every_statement_that_names_its_hash(statements, parts, matched):
    assert match(statements, parts) == matched


def test_a_statement_without_the_property_has_no_attachments():
    plain = statement()
    del plain["attachments"]
    assert match([plain]) == [[]]


def test_an_attachment_without_data_and_address_is_refused_with_its_place():
    assert faults([statement(), statement(named("một", **ELSEWHERE), named("hai"))]) == [
        ("[1].attachments[1]", "attachment-data")
    ]
    assert faults([statement(named("một"))], single=True) == [("attachments[0]", "attachment-data")]
    inner = statement(object=sub_statement(named("một")))
    assert faults([inner]) == [("[0].object.attachments[0]", "attachment-data")]
    assert faults([inner], single=True) == [("object.attachments[0]", "attachment-data")]


def test_one_hash_is_not_another_even_of_the_same_data():
    assert faults([statement(named("một"))], [received("một", hashlib.sha512)]) == [
        ("[0].attachments[0]", "attachment-data")
    ]


def test_data_that_no_statement_names_is_refused_with_its_part():
    assert faults([statement(named("hai"))], [ONE, TWO, received("ba")]) == [
        ("parts[1]", "unnamed"),
        ("parts[3]", "unnamed"),
    ]


def test_only_the_first_faults_are_told():
    assert len(faults([statement(*map(named, map(str, range(5000))))])) == 20
    assert len(faults([statement()], [received(str(number)) for number in range(1000)])) == 20


def test_attachments_are_listed_with_their_places():
    listed = attachments_of(statement(named("một"), object=sub_statement(named("hai"))), "[7]")
    assert [(path, attachment["length"]) for path, attachment in listed] == [
        ("[7].attachments[0]", 5),
        ("[7].object.attachments[0]", 3),
    ]
