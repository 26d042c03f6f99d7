"""Small stories of training, each told from beginning to end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from schemas.demo.chance import Urn
from schemas.demo.days import CLASSES, COURSES, SUPPORT, at, day, later
from schemas.demo.events import LITERACY, RESOLUTION
from schemas.demo.places import Person
from schemas.demo.telling import Scene, Telling
from schemas.demo.writing import SITE

_BOTH: Final = (LITERACY, RESOLUTION)
_MODES: Final = Urn([(6, "kiosk"), (3, "in-person"), (2, "household-visit")])
_ASSISTED: Final = Urn([(5, "guided"), (3, "done-for"), (2, "none")])
_CLASS_MODES: Final = Urn([(7, "in-person"), (2, "blended"), (1, "online-live")])
_SKILLS: Final = ("VD1", "VD2", "VD3", "VD4")
_PLATFORM: Final = "https://dichvucong.gov.vn/"
_IDENTITY: Final = "https://vneid.gov.vn/"
_MOOC: Final = "https://onetouch.mic.gov.vn/"
_STALL: Final = "https://san-nong-san.demo.example.vn/"
_PROCEDURES: Final = ("khai-sinh", "chung-thuc", "cu-tru", "ho-kinh-doanh", "bao-hiem-y-te", "dat-dai")
_PASS: Final = 0.5


def _task(name: str, type_: str, title: str, **more: Any) -> tuple[str, str, str, dict[str, Any]]:
    return f"{SITE}/tasks/{name}", type_, title, more


_TASKS: Final = Urn(
    [
        *((4.0, _task(each, "digital-public-service-task", f"Thủ tục {each}")) for each in _PROCEDURES),
        (8.0, _task("dinh-danh", "e-identity-task", "Định danh điện tử mức 1", level=1)),
        (10.0, _task("dinh-danh", "e-identity-task", "Định danh điện tử mức 2", level=2)),
        (9.0, _task("thanh-toan", "cashless-payment-task", "Thanh toán không tiền mặt")),
        (3.0, _task("ban-hang", "e-commerce-task", "Bán hàng trên mạng")),
        *(
            (weight, (iri, "digital-platform-task", "Sử dụng nền tảng số", {"platform": iri}))
            for weight, iri in ((4.0, _PLATFORM), (3.0, _IDENTITY), (1.0, _STALL))
        ),
    ]
)


def support(telling: Telling, person: Person | None = None) -> None:
    """Help somebody, who then does something; the helper may tell it, too."""
    rnd = telling.rnd
    person = person or telling.places.people[rnd.randrange(len(telling.places.people))]
    scene, registration = telling.visit(person), telling.registration()
    team, hamlet = scene.team()
    begun, minutes = at(day(SUPPORT, rnd), rnd), rnd.randint(5, 40)
    activity = f"{SITE}/support/{team}"
    shared: dict[str, Any] = {"programmes": _BOTH if telling.likely(0.3) else (LITERACY,), "hamlet": hamlet}
    told = {**shared, "mode": _MODES.draw(rnd), "team": team, "person": person, "registration": registration}
    helped = scene.happens(
        begun, "attended", "support-session", activity, "Cầm tay chỉ việc", **told,
        minutes=minutes, assisted=_ASSISTED.draw(rnd),
    )  # fmt: skip
    for number in range(rnd.choice((0, 1, 1, 2))):
        task, type_, title, more = _TASKS.draw(rnd)
        done = later(begun, minutes - number)
        scene.happens(done, "completed", type_, task, title, **{**told, **more}, assisted=_ASSISTED.draw(rnd))
    helpers = scene.some("volunteer", 1) if telling.likely(0.2) else []
    for helper in helpers:
        _help(scene, helper, person, later(begun, minutes), minutes, activity, {**shared, "team": team})
    if helped is not None and telling.likely(0.03):
        asked = {**shared, "person": person, "registration": registration}
        survey = f"{SITE}/surveys/after-support"
        scene.happens(
            begun + timedelta(days=56), "responded", "follow-up-survey", survey, "Khảo sát sau hỗ trợ", **asked,
            source=helped,
        )  # fmt: skip


def _help(  # noqa: PLR0913, PLR0917 - the helper's view of all that happened
    scene: Scene, helper: Person, person: Person, when: Any, minutes: int, activity: str, told: dict[str, Any]
) -> None:
    registration = scene.telling.registration()
    told = {**told, "person": helper, "registration": registration, "minutes": minutes}
    if scene.telling.likely(0.25):
        scene.happens(when, "mentored", "", "", "", **told, about=person)
    else:
        scene.happens(when, "hosted", "support-session", activity, "Cầm tay chỉ việc", **told)


def community_class(telling: Telling) -> None:
    """Hold a class for residents: some come to every session, some pass, some get a confirmation."""
    rnd, scene = telling.rnd, telling.visit()
    begun = at(day(CLASSES, rnd), rnd, first=18, last=19)
    group = rnd.choice(("elderly", "elderly", "elderly", "citizen", "citizen", "worker", "household-business", "rural"))
    people = scene.some(group, rnd.randint(10, 25))
    name = f"{SITE}/classes/{scene.place.unit.code}/{telling.registration()[:8]}"
    shared: dict[str, Any] = {
        "programmes": _BOTH if telling.likely(0.5) else (LITERACY,),
        "mode": _CLASS_MODES.draw(rnd),
        "instructor": f"giang-vien-{rnd.randint(1, 40):02d}",
    }
    sessions = rnd.randint(2, 4)
    skill = {"framework": "757", "version": "2025", "code": rnd.choice(_SKILLS), "level": "1"}
    for person in people:
        told = {**shared, "person": person, "registration": telling.registration()}
        title = "Lớp kỹ năng số"
        scene.happens(begun - timedelta(days=5), "registered", "community-class", name, title, **told)
        came = 0
        for session in range(sessions):
            if telling.likely(0.85):
                came += 1
                moment = begun + timedelta(days=3 * session)
                scene.happens(moment, "attended", "community-class", name, title, **told, minutes=90)
        if came < sessions - 1:
            continue
        ended = begun + timedelta(days=3 * sessions, minutes=100)
        scene.happens(ended, "completed", "community-class", name, title, **told)
        _assess(scene, later(ended, 20), skill, told)


def _assess(scene: Scene, when: Any, skill: dict[str, Any], told: dict[str, Any]) -> None:
    telling = scene.telling
    if not telling.likely(0.7):
        return
    scaled = round(min(1.0, max(0.1, telling.rnd.gauss(0.68, 0.18))), 2)
    verb = "passed" if scaled >= _PASS else "failed"
    node = f"{SITE}/skills/{skill['framework']}/{skill['code']}"
    told = {**told, "skill": skill}
    title = "Kỹ năng số cơ bản"
    scene.happens(when, verb, "skill", node, title, **told, scaled=scaled, success=scaled >= _PASS)
    if verb == "passed" and telling.likely(0.6):
        scene.happens(later(when, 30), "earned", "skill-confirmation", f"{node}/confirmation", title, **told)


def conference(telling: Telling) -> None:
    """Tell officials of a few places about artificial intelligence."""
    rnd = telling.rnd
    begun = at(day(COURSES, rnd), rnd, first=8, last=8)
    name = f"{SITE}/conferences/ai-{begun:%Y-%m-%d}"
    for _ in range(3):
        scene = telling.visit()
        for person in scene.some("official", rnd.randint(3, 10)):
            registration = telling.registration()
            for session in (1, 2):
                scene.happens(
                    begun + timedelta(hours=3 * session - 3), "attended", "conference-session",
                    f"{name}/{session}", "Trí tuệ nhân tạo cho cán bộ, công chức", person=person, minutes=120,
                    programmes=(RESOLUTION,), mode="in-person", parent=(name, "conference"), registration=registration,
                    instructor=f"chuyen-gia-{rnd.randint(1, 12):02d}",
                )  # fmt: skip


def course_list(telling: Telling) -> None:
    """Take in a list of those who have finished an open course."""
    rnd, scene = telling.rnd, telling.visit()
    ended = at(day(COURSES, rnd), rnd)
    group = rnd.choice(("official", "official", "worker", "citizen"))
    company = f"DN-{rnd.randint(1, 60):04d}" if group == "worker" else None
    number = rnd.randint(1, 12)
    for person in scene.some(group, rnd.randint(8, 25)):
        scene.happens(
            later(ended, rnd.randint(0, 300)), "completed", "course", f"{_MOOC}courses/{number}",
            f"Khoá học trực tuyến {number}", person=person, programmes=_BOTH, mode="online-self", is_import=True,
            platform=_MOOC, organisation=company, registration=telling.registration(), minutes=rnd.randint(40, 240),
        )  # fmt: skip


Story = Callable[[Telling], None]
