"""The names that the digital-skills profile stands on, and its controlled lists: said here and nowhere else."""

from typing import Final

# Statements carry this for decades: it may be redirected elsewhere, and never changes.
BASE: Final = "https://w3id.org/so-hoc/profiles/digital-skills"
# What statements that follow the profile name. Templates and patterns that change get new ids, in a new version.
VERSION: Final = f"{BASE}/v1.0"
# Where a programme is named as an Activity, its code follows, percent-encoded.
PROGRAMMES: Final = f"{BASE}/programmes/"
# The home page of accounts that stand for identities which are not kept. The names are keyed, so it may be everybody's.
PSEUDONYMS: Final = "https://w3id.org/so-hoc/pseudonyms"
# The home page of what an organisation's own credential stores is this and its code, percent-encoded.
ORGANISATIONS: Final = "https://w3id.org/so-hoc/organisations/"
# The home page of accounts that stand for people whose data were erased.
ERASED: Final = "https://w3id.org/so-hoc/erased"
# The home page of the accounts of organisations that send statements about nobody: head-counts.
SENDERS: Final = f"{BASE}/senders"
# What a `mentored` statement is about, whose object is a person.
MENTORING: Final = f"{BASE}/activities/mentoring"

UNKNOWN: Final = "unknown"
GROUPS: Final = (
    "official",
    "citizen",
    "elderly",
    "rural",
    "remote",
    "worker",
    "household-business",
    "student",
    "pupil",
    "volunteer",
    "disabled",
)
MINORS: Final = "<16"
AGE_BANDS: Final = (MINORS, "16-24", "25-39", "40-59", "60-69", "70-79", "80+", UNKNOWN)
MODES: Final = ("in-person", "online-live", "online-self", "household-visit", "kiosk", "blended")
ASSISTED: Final = ("none", "guided", "done-for")
LEVELS: Final = ("1", "2")
CAPTURES: Final = ("live", "offline", "import", "paper")
FOLLOW_UP: Final = "follow-up-survey"
# What may have come of training, as somebody says in a follow-up survey.
OUTCOMES: Final = ("new-job", "skill-use")

VERBS: Final = frozenset(
    (
        "registered",
        "attended",
        "experienced",
        "progressed",
        "completed",
        "passed",
        "failed",
        "satisfied",
        "waived",
        "earned",
        "mentored",
        "hosted",
        "responded",
    )
)
# What a statement counts as in reports.
KINDS: Final = frozenset(["learning", "support", "task", "service", "reach", "survey", "credential"])
# What counts as training: service is what is done for others, head-counts are nobody in particular.
TRAINING: Final = ("credential", "learning", "support", "task")
PASSED: Final = ("earned", "passed", "waived")
COMPLETED: Final = (*PASSED, "completed", "satisfied")
# Whoever only registered was not trained.
TRAINED: Final = (*COMPLETED, "attended", "experienced", "failed", "progressed")
# What extensions tell, and what others than the actor are in a statement.
EXTENSIONS: Final = frozenset(
    (
        "unit",
        "residence",
        "programmes",
        "groups",
        "age_band",
        "mode",
        "assisted",
        "level",
        "capture",
        "headcount",
        "skill",
        "organisation",
    )
)
ROLES: Final = frozenset(["team", "instructor"])
