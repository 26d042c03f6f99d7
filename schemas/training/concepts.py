"""The concepts that the profile defines: activity types and extensions. Verbs it takes from others, as they are."""

import json
from collections.abc import Iterator
from typing import Any, Final

from schemas.training.terms import AGE_BANDS, ASSISTED, BASE, CAPTURES, GROUPS, LEVELS, MODES, OUTCOMES, VERSION

Concept = dict[str, Any]

_EVENT: Final = "http://activitystrea.ms/event"
_TASK: Final = "http://activitystrea.ms/task"

# Name; broader type of another profile; name and definition in Vietnamese; the same in English.
_TYPES: Final[tuple[tuple[str, str | None, str, str, str, str], ...]] = (
    ("community-class", "http://adlnet.gov/expapi/activities/course",
     "lớp học cộng đồng", "Lớp kỹ năng số cho người dân, một hay nhiều buổi, mở tại xã, phường, ấp hoặc trực tuyến.",
     "community class", "A class in digital skills for residents, of one session or more, in a commune or online."),
    ("support-session", "http://id.tincanapi.com/activitytype/tutor-session",
     "buổi hỗ trợ", "Một lần “cầm tay chỉ việc”: người của tổ công nghệ số hướng dẫn trực tiếp một hay vài người.",
     "support session", "Hands-on support: someone of a community team shows one person or a few how it is done."),
    ("lab-visit", _EVENT,
     "tham quan phòng thí nghiệm", "Chuyến tham quan phòng thí nghiệm, trung tâm đổi mới sáng tạo hoặc doanh nghiệp.",
     "lab visit", "A visit to a laboratory, an innovation centre or an enterprise."),
    ("internship", None,
     "thực tập", "Thời gian thực tập tại một cơ quan, doanh nghiệp; số giờ được cộng từ các lần ghi tiến độ.",
     "internship", "A time of practice with a host organisation; its hours are the sum of what was reported."),
    ("outreach-event", _EVENT,
     "hoạt động tuyên truyền", "Hoạt động cho nhiều người không ghi tên: tuyên truyền, triển lãm, gian trải nghiệm.",
     "outreach event", "An event for many whose names are not taken: information, an exhibition, a booth."),
    ("digital-public-service-task", _TASK,
     "thực hiện dịch vụ công trực tuyến", "Làm hoặc tập làm một loại thủ tục; mã là của loại, không của hồ sơ.",
     "online public-service task", "Doing or practising a type of procedure; its id is the type's, never a dossier's."),
    ("e-identity-task", _TASK,
     "đăng ký định danh điện tử", "Đăng ký hoặc kích hoạt tài khoản định danh điện tử; không ghi số hay tên tài khoản.",
     "electronic identity task", "Registering or activating an electronic identity; nothing of the account is told."),
    ("cashless-payment-task", _TASK,
     "thanh toán không tiền mặt", "Thực hiện hoặc tập thanh toán không dùng tiền mặt; không ghi số tiền hay tài khoản.",
     "cashless payment task", "Paying, or practising to pay, without cash; neither amount nor account is recorded."),
    ("e-commerce-task", _TASK,
     "thương mại điện tử", "Mua, bán hoặc mở gian hàng trên mạng.",
     "e-commerce task", "Buying, selling or opening a shop online."),
    ("digital-platform-task", _TASK,
     "sử dụng nền tảng số", "Sử dụng một nền tảng số của tỉnh hoặc quốc gia.",
     "digital platform task", "Using a provincial or national digital platform."),
    ("digital-platform", "http://activitystrea.ms/application",
     "nền tảng số", "Một nền tảng số; đặt trong contextActivities của nhiệm vụ thực hiện trên nền tảng đó.",
     "digital platform", "A digital platform; stands in contextActivities of a task done on it."),
    ("skill", "http://adlnet.gov/expapi/activities/objective",
     "kỹ năng", "Một kỹ năng (một nút) của khung kỹ năng.",
     "skill", "A skill: a node of a framework of skills."),
    ("skill-confirmation", "https://www.opigno.org/en/tincan_registry/activity_type/certificate",
     "xác nhận kỹ năng", "Giấy hoặc bản ghi xác nhận một người đạt kỹ năng hoặc bộ kỹ năng.",
     "confirmation of skills", "The confirmation that a person has a skill or a set of skills."),
    ("programme", None,
     "chương trình", "Kế hoạch, nghị quyết hay chương trình mà việc học phục vụ; đặt trong contextActivities.category.",
     "programme", "A plan, resolution or programme that training serves; stands in contextActivities.category."),
    ("emulation-title", "http://id.tincanapi.com/activitytype/reward",
     "danh hiệu thi đua", "Danh hiệu mà đơn vị hoặc tổ đăng ký và được công nhận trong phong trào thi đua.",
     "emulation title", "A title that a unit or team strives for and is awarded in an emulation movement."),
    ("follow-up-survey", None,
     "khảo sát sau đào tạo", "Khảo sát vài tuần sau khi học hoặc được hỗ trợ; chỉ ghi kết quả (outcome).",
     "follow-up survey", "A survey some weeks after training or support; it tells no more than what came of it."),
)  # fmt: skip

_TEXT: Final[Concept] = {"type": "string", "minLength": 1, "maxLength": 200}
_UNIT: Final[Concept] = {
    "type": "object",
    "required": ["code"],
    "properties": {
        "code": {"type": "string", "minLength": 1, "maxLength": 20},
        "asOf": {"type": "string", "format": "date"},
        "scheme": _TEXT,
        "hamlet": _TEXT,
    },
}
_CONTEXT, _RESULT = "ContextExtension", "ResultExtension"
_COUNT: Final[Concept] = {"type": "integer", "minimum": 0}

# Name; where it stands; JSON Schema; name and definition in Vietnamese; the same in English.
_EXTENSIONS: Final[tuple[tuple[str, str, Concept, str, str, str, str], ...]] = (
    ("admin-unit", _CONTEXT, _UNIT,
     "đơn vị hành chính", "Nơi tổ chức. Mã đơn vị được dùng lại theo thời gian nên phải kèm ngày (asOf).",
     "administrative unit", "Where it was delivered. Codes are re-used over time, so the date (asOf) is part of it."),
    ("residence-unit", _CONTEXT, _UNIT,
     "đơn vị cư trú", "Nơi cư trú của người học, cùng dạng với đơn vị hành chính. Không bắt buộc.",
     "unit of residence", "Where the learner lives, in the same form as the administrative unit. Optional."),
    ("programme", _CONTEXT, {"type": "array", "minItems": 1, "items": _TEXT},
     "chương trình", "Danh sách mã chương trình, lặp lại các hoạt động trong category cho công cụ chỉ xuất được mã.",
     "programme", "Codes of programmes; mirrors the activities in category for tools that export codes only."),
    ("target-group", _CONTEXT, {"type": "array", "minItems": 1, "items": {"enum": list(GROUPS)}},
     "nhóm đối tượng", "Các nhóm mà người học thuộc về. Cố ý không có dữ liệu nhạy cảm.",
     "target group", "The groups that the learner belongs to. Sensitive data are left out on purpose."),
    ("age-band", _CONTEXT, {"enum": list(AGE_BANDS)},
     "nhóm tuổi", "Nhóm tuổi thay cho ngày sinh.",
     "age band", "The band of age, in place of a date of birth."),
    ("delivery-mode", _CONTEXT, {"enum": list(MODES)},
     "hình thức tổ chức", "Cách việc học hoặc hỗ trợ diễn ra.",
     "delivery mode", "How training or support was delivered."),
    ("assisted", _RESULT, {"enum": list(ASSISTED)},
     "mức hỗ trợ", "Tự làm (none), được hướng dẫn (guided) hay được làm giúp (done-for).",
     "assistance", "Whether it was done alone (none), with guidance (guided) or by the helper (done-for)."),
    ("identity-level", _RESULT, {"enum": [int(level) for level in LEVELS]},
     "mức định danh", "Mức của tài khoản định danh điện tử: 1 hoặc 2.",
     "identity level", "The level of an electronic identity: 1 or 2."),
    ("capture", _CONTEXT,
     {"type": "object", "required": ["mode"], "properties": {
         "mode": {"enum": list(CAPTURES)}, "device": _TEXT, "batch": _TEXT,
         "capturedAt": {"type": "string", "format": "date-time"}, "clockSkewS": {"type": "number"}}},
     "cách ghi nhận", "Ghi trực tiếp, ngoại tuyến, từ tệp hay từ giấy; độ lệch đồng hồ. Không ghi số sê-ri.",
     "capture", "Recorded live, offline, from a file or from paper; how far the clock was off. Never a serial number."),
    ("headcount", _RESULT,
     {"type": "object", "required": ["total"], "properties": {
         "total": _COUNT, "byAgeBand": {"type": "object", "propertyNames": {"enum": list(AGE_BANDS)},
                                        "additionalProperties": _COUNT}}},
     "số người", "Số người đã tiếp cận, không ghi tên. Chỉ dùng với “hosted” và chủ thể là nhóm.",
     "headcount", "How many were reached, without names. Only with `hosted` and a Group as actor."),
    ("skill", _CONTEXT,
     {"type": "object", "required": ["framework", "code"], "properties": {
         "framework": _TEXT, "version": _TEXT, "code": _TEXT, "level": {"type": ["string", "integer"]}}},
     "kỹ năng", "Kỹ năng trong khung nào, phiên bản nào, mức nào. Việc đối chiếu giữa các khung do máy chủ làm.",
     "skill", "The skill by framework, version and level. Crosswalks between frameworks are the server's business."),
    ("consent-ref", _CONTEXT, _TEXT,
     "mã đồng ý", "Mã không mang nghĩa của bản ghi sự đồng ý.",
     "consent reference", "The opaque id of the record of consent."),
    ("organisation", _CONTEXT, _TEXT,
     "tổ chức", "Mã đăng ký của công ty, trường hoặc nơi tiếp nhận.",
     "organisation", "The registry code of the company, school or host."),
    ("outcome", _RESULT, {"type": "array", "items": {"enum": list(OUTCOMES)}},
     "kết quả sau đào tạo", "Có việc làm mới (new-job), có dùng kỹ năng đã học (skill-use); danh sách rỗng: không có.",
     "outcome", "What came of training: a new job (new-job), use of the new skill (skill-use); empty for neither."),
)  # fmt: skip


def type_iri(name: str) -> str:
    """Return the IRI of an own activity type."""
    return f"{BASE}/activity-types/{name}"


def extension_iri(name: str) -> str:
    """Return the IRI of an own extension."""
    return f"{BASE}/extensions/{name}"


def labels(vi: str, vi_definition: str, en: str, en_definition: str) -> Concept:
    """Return name and definition in both languages."""
    return {"prefLabel": {"vi": vi, "en": en}, "definition": {"vi": vi_definition, "en": en_definition}}


def concepts() -> Iterator[Concept]:
    """Yield activity types and extensions as the profile states them."""
    for name, broader, *texts in _TYPES:
        told = {"id": type_iri(name), "type": "ActivityType", "inScheme": VERSION, **labels(*texts)}
        yield told | ({"broadMatch": [broader]} if broader else {})
    for name, place, schema, *texts in _EXTENSIONS:
        written = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#"} | schema, ensure_ascii=False)
        told = {"id": extension_iri(name), "type": place, "inScheme": VERSION, **labels(*texts)}
        yield told | {"inlineSchema": written}
