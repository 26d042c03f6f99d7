"""The xAPI profile (xAPI Profiles 1.0) of digital-skills training, as it is served.

``profile.jsonld`` is written by ``python -m schemas.training.profile`` from ``concepts`` and ``outlines``, and kept:
what is served under one version never changes.
"""

import json
from pathlib import Path
from typing import Any, Final

from schemas.training.concepts import concepts, labels
from schemas.training.outlines import patterns, templates
from schemas.training.terms import BASE, VERSION

_FILE: Final = Path(__file__).with_name("profile.jsonld")
_DEFINITION_VI: Final = (
    "Cách ghi bằng xAPI việc học và hỗ trợ kỹ năng số trong cộng đồng: lớp học, “cầm tay chỉ việc”, thực tập, hội "
    "nghị, tuyên truyền, thi đua. Người học chỉ được biết qua tài khoản; không có tên, ngày sinh hay số giấy tờ. Trong "
    "xAPI 2.0, tổ và người hướng dẫn có thể nằm trong contextGroups và contextAgents với relevantTypes "
    f"{BASE}/roles/team và {BASE}/roles/instructor. Chương trình có thể là hoạt động {BASE}/programmes/ nối với "
    "mã đã mã hoá phần trăm."
)
_DEFINITION_EN: Final = (
    "How training and support in digital skills in communities are told in xAPI: classes, hands-on support, "
    "internships, conferences, outreach, emulation. Learners are known by account only: no names, dates of birth or "
    "numbers of papers. In xAPI 2.0 team and instructors may stand in contextGroups and contextAgents, with "
    f"relevantTypes {BASE}/roles/team and {BASE}/roles/instructor. A programme may be named as the activity "
    f"{BASE}/programmes/ followed by its code, percent-encoded."
)


def load() -> bytes:
    """Return the profile as it is served: JSON-LD in UTF-8."""
    return _FILE.read_bytes()


def identifiers() -> frozenset[str]:
    """Return the IRI of the profile and of everything that it defines."""
    told = json.loads(load())
    defined = (told[part] for part in ("versions", "concepts", "templates", "patterns"))
    return frozenset([told["id"], *(each["id"] for part in defined for each in part)])


def write() -> bytes:
    """Return what the sources make of the profile."""
    made: dict[str, Any] = {
        "@context": "https://w3id.org/xapi/profiles/context",
        "id": BASE,
        "type": "Profile",
        "conformsTo": "https://w3id.org/xapi/profiles#1.0",
        **labels("Kỹ năng số cộng đồng", _DEFINITION_VI, "Community digital skills", _DEFINITION_EN),
        "versions": [{"id": VERSION, "generatedAtTime": "2026-11-23T00:00:00Z"}],
        "author": {"type": "Organization", "name": "Sổ Học"},
        "concepts": list(concepts()),
        "templates": list(templates()),
        "patterns": list(patterns()),
    }
    return f"{json.dumps(made, ensure_ascii=False, indent=1)}\n".encode()


if __name__ == "__main__":
    _FILE.write_bytes(write())
