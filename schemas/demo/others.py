"""More stories: of students, of units, of crowds without names, and of tools that do not know our profile."""

from datetime import timedelta
from typing import Any, Final

from schemas.demo.days import CLASSES, COURSES, at, day, later
from schemas.demo.events import EMULATION, LITERACY, RESOLUTION
from schemas.demo.telling import Telling
from schemas.demo.writing import FOREIGN, LMS, SITE

_PASS: Final = 0.5
_CROWD: Final = (("<16", 60), ("16-24", 90), ("25-39", 120), ("40-59", 100), ("60-69", 50), ("70-79", 20))


def internship(telling: Telling) -> None:
    """Let students work with a host for some weeks."""
    rnd, scene = telling.rnd, telling.visit()
    begun = at(day(COURSES, rnd), rnd)
    for person in scene.some("student", 3):
        host = f"DN-{rnd.randint(1, 60):04d}"
        told: dict[str, Any] = {"person": person, "organisation": host, "registration": telling.registration()}
        told["programmes"] = (RESOLUTION,)
        name, title = f"{SITE}/internships/{host}", "Thực tập công nghệ số"
        scene.happens(begun, "registered", "internship", name, title, **told)
        weeks = rnd.randint(3, 6)
        for week in range(1, weeks + 1):
            moment = begun + timedelta(days=7 * week)
            scene.happens(moment, "progressed", "internship", name, title, **told, minutes=60 * rnd.randint(12, 36))
        scene.happens(begun + timedelta(days=7 * weeks + 1), "completed", "internship", name, title, **told)


def lab_visit(telling: Telling) -> None:
    """Show a laboratory to students."""
    rnd, scene = telling.rnd, telling.visit()
    begun, number = at(day(COURSES, rnd), rnd), rnd.randint(1, 8)
    for person in scene.some("student", rnd.randint(4, 12)):
        scene.happens(
            begun, "attended", "lab-visit", f"{SITE}/labs/{number}", "Phòng thí nghiệm công nghệ số", person=person,
            organisation=f"LAB-{number:02d}", programmes=(RESOLUTION,), minutes=150, mode="in-person",
            registration=telling.registration(),
        )  # fmt: skip


def outreach(telling: Telling) -> None:
    """Let an office tell many people, whom nobody writes down, and some try something at a booth."""
    rnd, scene = telling.rnd, telling.visit()
    begun = at(day(CLASSES, rnd), rnd)
    name, title = f"{SITE}/events/{scene.place.unit.code}/{begun:%Y-%m-%d}", "Ngày hội chuyển đổi số"
    crowd = {band: rnd.randint(most // 4, most) for band, most in _CROWD}
    scene.happens(
        begun, "hosted", "outreach-event", name, title, group=f"ubnd-{scene.place.unit.code}", headcount=crowd,
        programmes=(LITERACY,), mode="in-person",
    )  # fmt: skip
    for person in scene.some("citizen", rnd.randint(2, 9)):
        scene.happens(
            later(begun, rnd.randint(10, 120)), "experienced", "outreach-event", f"{name}/booth", title, person=person,
            programmes=(LITERACY,), mode="in-person", registration=telling.registration(),
        )  # fmt: skip


def emulation(telling: Telling) -> None:
    """Let a unit strive for a title, which it may get."""
    rnd, scene = telling.rnd, telling.visit()
    begun = at(day(CLASSES, rnd), rnd)
    told: dict[str, Any] = {"group": f"ubnd-{scene.place.unit.code}", "programmes": (EMULATION,)}
    name, title = f"{SITE}/titles/{begun.year}", "Đơn vị đi đầu về chuyển đổi số"
    scene.happens(begun, "registered", "emulation-title", name, title, **told)
    if telling.likely(0.5):
        scene.happens(begun + timedelta(days=150), "earned", "emulation-title", name, title, **told)


def moodle(telling: Telling) -> None:
    """Let students and officials learn with Moodle, which tells it in its own words."""
    rnd, scene = telling.rnd, telling.visit()
    begun, number = at(day(COURSES, rnd), rnd, first=7, last=21), rnd.randint(1, 30)
    course, quiz = f"{LMS}/course/view.php?id={number}", f"{LMS}/mod/quiz/view.php?id={number}"
    for person in scene.some(rnd.choice(("student", "student", "official")), rnd.randint(2, 6)):
        told: dict[str, Any] = {"person": person, "registration": telling.registration(), "form": "moodle"}
        title = f"Khoá học {number}"
        scene.happens(begun, "registered", "course", course, title, **told)
        scene.happens(later(begun, 5), "", "course", course, title, **told)
        scaled = round(rnd.uniform(0.3, 1.0), 2)
        verb = "passed" if scaled >= _PASS else "failed"
        scene.happens(
            later(begun, 90), verb, "assessment", quiz, f"Bài kiểm tra {number}", **told, parent=(course, "course"),
            scaled=scaled, success=scaled >= _PASS,
        )  # fmt: skip
        if scaled >= _PASS:
            scene.happens(later(begun, 100), "completed", "course", course, title, **told)


def foreign(telling: Telling) -> None:
    """Let a tool say something in words that are in no vocabulary: one of a verb, one of a thing."""
    rnd, scene = telling.rnd, telling.visit()
    begun = at(day(COURSES, rnd), rnd)
    for person in scene.some("citizen", 2):
        told: dict[str, Any] = {"person": person, "registration": telling.registration(), "form": "foreign"}
        lesson, title = f"{FOREIGN}/lessons/{rnd.randint(1, 9)}", "Bài học"
        scene.happens(begun, "", "course", lesson, title, **told)
        scene.happens(later(begun, 30), "completed", f"{FOREIGN}/types/lesson", lesson, title, **told)
