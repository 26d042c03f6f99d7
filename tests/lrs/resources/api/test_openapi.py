"""The own API keeps to its description: whoever calls, with whatever fits it or does not.

Schemathesis makes the requests from the published document, the same in every run; they go to a real server. It knows
no ids, codes and passwords, so every other time a good one takes the place of what it made up: else whatever has an id
in its path would only ever be not found.
"""

import contextlib
import itertools
import os
import secrets
from collections import Counter, defaultdict
from http.cookiejar import DefaultCookiePolicy

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

KEEPS_TO = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PASSWORD = "mật khẩu dài của người thử"
BEYOND_REACH = ("/api/session/oidc/callback",)
"""What succeeds only for a person at a browser, who has come from an identity provider."""
SHARES = {
    ("admin", GenerationMode.POSITIVE): 10,
    ("admin", GenerationMode.NEGATIVE): 6,
    ("owner", GenerationMode.POSITIVE): 5,
    ("weak", GenerationMode.POSITIVE): 3,
    ("nobody", GenerationMode.POSITIVE): 2,
}
"""Requests for each operation, by who sends them and whether they fit the description."""
TIMES = int(os.environ.get("TIMES", "1"))
"""A longer run has so many times as many requests."""


AGREEMENT = {
    "giver": "first",
    "partner": {"name": "Viện", "document": "12/TT"},
    "purpose": {"code": "joint-course", "vi": "Lớp học chung", "en": "Joint course"},
    "basis": "contract",
    "level": "pseudonymous",
    "statements": True,
}


def is_about_a_proposal(case):
    return (case.method, case.path) in {
        ("PATCH", "/api/agreements/{agreement}"),
        ("POST", "/api/agreements/{agreement}/accept"),
    }


class Callers:
    """Speaks to a server as those whom the description knows, each request from an address of its own."""

    def __init__(self, server, provider):
        self.root = server.root
        self._provider = provider
        provider.described["authorization_endpoint"] = f"{provider.issuer}/authorize"
        provider.described["token_endpoint"] = f"{provider.issuer}/token"
        self._http = requests.Session()
        # Cookies are sent where they are meant to be, and nowhere else.
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), repeat=3))
        self._admin = {"auth": (server.key, server.secret)}
        made = self.do("POST", "/api/credentials", {"label": "weak"})
        self._weak = {"auth": (made["key"], made["secret"])}
        member = self.invitation()
        self.do("POST", "/api/invitations/accept", acceptance(member))
        self._sign_in = {"organisation": "first", "email": member["member"]["email"], "password": PASSWORD}
        self._owner = {}
        self._taken = ""
        self._registered = self.do("POST", "/api/providers", self._wanted() | {"sign_in": {"client_id": "so-hoc"}})

    def send(self, case, who):
        """Send what schemathesis made."""
        how = {"admin": self._admin, "weak": self._weak, "nobody": {}, "owner": self._signed_in()}[who]
        headers = self._from_anywhere() | how.get("headers", {})
        if case.path.startswith("/api/session"):
            self._owner = {}
        return case.call(
            base_url=self.root, session=self._http, timeout=30, allow_redirects=False, **how | {"headers": headers}
        )

    def _signed_in(self):
        if not self._owner:
            address, here = f"{self.root}/api/session", self._from_anywhere()
            answer = requests.post(address, json=self._sign_in, headers=here, timeout=30)
            csrf = {"X-CSRF-Token": answer.json()["csrf"]}
            self._owner = {"cookies": answer.cookies.get_dict(), "headers": csrf}
        return self._owner

    def _from_anywhere(self):
        return {"X-Forwarded-For": next(self._addresses)}

    def do(self, method, path, body):
        """Do something as the administrator; return the answer."""
        how = self._admin | {"json": body, "headers": self._from_anywhere(), "timeout": 30}
        answer = self._http.request(method, self.root + path, **how)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def invitation(self):
        person = {"email": f"{secrets.token_hex(6)}@hoc.example.vn", "name": "Người thử", "role": "owner"}
        return self.do("POST", "/api/members", person)

    def organisation(self):
        owner = {"email": "chu@truong.example.vn", "name": "Chủ"}
        return self.do(
            "POST", "/api/organisations", {"id": f"o{secrets.token_hex(6)}", "name": "Trường", "owner": owner}
        )

    def unit(self):
        unit = {"code": "79", "name": "Thành phố Hồ Chí Minh", "kind": "city"}
        self.do("PUT", "/api/units", {"units": [unit], "links": []})
        return unit["code"]

    def decisions(self):
        self.do("POST", "/api/batches", [LEARNED])
        return {"links": [{"kind": "split", "identity": LEARNED["actor"]["mbox"], "reason": "mistake"}]}

    def learner(self):
        self.do("POST", "/api/learners/links", self.decisions())
        return self.do("GET", "/api/learners", None)["learners"][0]["number"]

    def _wanted(self):
        """Return a provider that can be registered, an organisation having twenty at the most."""
        for each in self.do("GET", "/api/providers", None)["providers"][10:]:
            self.do("DELETE", f"/api/providers/{each['id']}", None)
        return {"issuer": self._provider.issuer, "audience": secrets.token_hex(6), "scopes": ["statements/write"]}

    def provider(self):
        return self.do("POST", "/api/providers", self._wanted())["id"]

    def split(self):
        names = (("00011", None, "2025-07-01"), ("00012", "2025-07-01", None), ("00013", "2025-07-01", None))
        units = [
            {"code": code, "name": f"Xã {code}", "kind": "commune", "valid_from": first, "valid_to": last}
            for code, first, last in names
        ]
        links = [
            {"old_code": "00011", "new_code": code, "extent": "part", "effective": "2025-07-01"}
            for code in ("00012", "00013")
        ]
        self.do("PUT", "/api/units", {"units": units, "links": links})
        return {"unit": "00011@", "to": "00012@2025-07-01", "learners": [str(self.learner())], "reason": "Ấp 3"}

    def consents(self):
        body, here = {"wordings": [WORDING | {"text": "Tôi đồng ý."}]}, self._from_anywhere()
        self._http.put(f"{self.root}/api/consents/wordings", json=body, headers=here, timeout=30, **self._admin)
        return {"consents": [CONSENT | {"identity": f"mailto:{secrets.token_hex(6)}@hoc.example.vn"}]}

    def consent(self):
        return self.do("POST", "/api/consents", self.consents())["rows"][0]["id"]

    def agreement(self, *, accepted):
        made = self.do("POST", "/api/agreements", AGREEMENT)["id"]
        if accepted:
            here = self._from_anywhere() | {"If-Match": '"1"'}
            self._http.post(f"{self.root}/api/agreements/{made}/accept", headers=here, timeout=30, **self._admin)
        return made

    def taken(self):
        """Make an agreement by which somebody else gives something."""
        if not self._taken:
            made, here = self.organisation(), self._from_anywhere()
            self.do("POST", "/api/invitations/accept", acceptance(made))
            member = {"organisation": made["id"], "email": "chu@truong.example.vn", "password": PASSWORD}
            answer = requests.post(f"{self.root}/api/session", json=member, headers=here, timeout=30)
            how = {"cookies": answer.cookies.get_dict(), "headers": here | {"X-CSRF-Token": answer.json()["csrf"]}}
            terms = {name: value for name, value in AGREEMENT.items() if name != "partner"}
            terms |= {"giver": made["id"], "taker": "first"}
            proposed = requests.post(f"{self.root}/api/agreements", json=terms, timeout=30, **how).json()
            path, here = f"{self.root}/api/agreements/{proposed['id']}/accept", self._from_anywhere()
            self._http.post(path, headers=here | {"If-Match": '"1"'}, timeout=30, **self._admin)
            self._taken = proposed["id"]
        return self._taken

    def request(self):
        return self.do("POST", "/api/subjects/requests", ASKED)["id"]

    def room(self, what):
        """Leave fewer of something than an organisation may have."""
        for each in self.do("GET", f"/api/{what}", None)[what][10:]:
            self.do("DELETE", f"/api/{what}/{each['id']}", None)

    def forwarded(self):
        self.room("forwards")
        return PARTNER | {"agreement": self.agreement(accepted=True)}

    def pulled(self):
        self.room("pulls")
        return PARTNER | {"credential": self.do("POST", "/api/credentials", {})["key"]}

    def called(self):
        self.room("webhooks")
        return {"url": PARTNER["url"], "events": ["agreement.changed"]}

    def token(self):
        body, here = {"grant_type": "client_credentials"}, self._from_anywhere()
        answer = self._http.post(f"{self.root}/oauth/token", data=body, headers=here, timeout=30, **self._admin)
        return answer.json()["access_token"]

    def improve(self, case):
        """Put what exists, or opens, in the place of what was made up."""
        there = {
            "key": lambda: self.do("POST", "/api/credentials", {})["key"],
            "id": lambda: self.organisation()["id"],
            "member": lambda: self.invitation()["member"]["id"],
            "code": self.unit,
            "number": self.learner,
            "provider": self.provider,
            "consent": self.consent,
            "request": self.request,
            "agreement": lambda: self.agreement(accepted=not is_about_a_proposal(case)),
            "shared": self.taken,
            "forward": lambda: self.do("POST", "/api/forwards", self.forwarded())["id"],
            "pull": lambda: self.do("POST", "/api/pulls", self.pulled())["id"],
            "webhook": lambda: self.do("POST", "/api/webhooks", self.called())["id"],
        }
        for name in case.path_parameters.keys() & there:
            case.path_parameters[name] = there["shared" if case.path.startswith("/api/shared/") else name]()
        if is_about_a_proposal(case):
            case.headers = {"If-Match": '"1"'}
            if case.method == "PATCH":
                case.body = {"k": 12}
        bodies = {
            "/api/agreements": lambda: AGREEMENT,
            "/api/forwards": self.forwarded,
            "/api/pulls": self.pulled,
            "/api/webhooks": self.called,
            "/api/session": lambda: self._sign_in,
            "/api/session/password": lambda: {"current": PASSWORD, "password": PASSWORD},
            "/api/consents": self.consents,
            "/api/consents/{consent}/withdraw": dict,
            "/api/invitations/accept": lambda: acceptance(self.invitation()),
            "/api/launches": lambda: LAUNCH,
            "/api/learners/links": self.decisions,
            "/api/providers": self._wanted,
            "/api/subjects/requests": lambda: ASKED,
            "/api/subjects/requests/{request}/extend": lambda: {"reason": "complex"},
            "/api/subjects/requests/{request}/refuse": lambda: {"reason": "repeated"},
            "/api/subjects/requests/{request}/fulfil": dict,
            "/api/units/assignments": self.split,
        }
        forms = {
            "/oauth/token": lambda: {"grant_type": "client_credentials"},
            "/oauth/revoke": lambda: {"token": self.token()},
        }
        if case.method == "POST" and case.path in bodies:
            case.body, case.media_type = bodies[case.path](), "application/json"
        if case.path in forms:
            case.body = forms[case.path]()
        if case.path == "/api/policies" and case.method == "PUT":
            version = self.do("GET", "/api/policies", None)["version"]
            case.body, case.headers = {}, {"If-Match": f'"{version}"'}
        if case.path == "/api/session/oidc":
            case.query = {"organisation": "first", "provider": self._registered["id"]}


LEARNED = {
    "actor": {"mbox": "mailto:lan@hoc.example.vn"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://hoc.example.vn/courses/an-toan-so"},
}
PARTNER = {"url": "https://lrs.partner.example.vn/xapi", "key": "key", "secret": "secret"}
ASKED = {"type": "access", "learner": LEARNED["actor"]["mbox"]}
WORDING = {"id": "chia-se", "version": "1", "language": "vi"}
CONSENT = {
    "purpose": "chia-se",
    "answer": "yes",
    "wording": WORDING,
    "given_by": "self",
    "how": "paper",
    "given": "2026-08-01",
}
LAUNCH = {"agent": {"mbox": "mailto:lan@hoc.example.vn"}, "activity": "https://hoc.example.vn/courses/an-toan-so"}


def acceptance(invited):
    return {"code": invited["invitation"]["code"], "password": PASSWORD}


@pytest.fixture(scope="module")
def callers(serve, lasting_provider):
    with serve(LRS_PROXIES="1", LRS_PROVIDER_HOSTS="127.0.0.1") as running:
        yield Callers(running, lasting_provider)


@pytest.fixture(scope="module")
def operations(callers):
    """The operations of the published document."""
    document = schemathesis.openapi.from_url(f"{callers.root}/api/openapi.json")
    document.config.generation.update(with_security_parameters=False)
    return [found.ok() for found in document.get_all_operations()]


@pytest.fixture(scope="module")
def met(callers, operations):
    """Send everything; return which statuses each operation was met with, by who sent it, and what was amiss."""
    statuses, amiss = defaultdict(Counter), []
    for (who, mode), share in SHARES.items():
        for operation in operations:
            try:
                fuzz(callers, operation, who, mode, share * TIMES, statuses[who, operation.path, operation.method])
            except FailureGroup as found:
                amiss.append(f"{who}: {operation.method} {operation.path}: {found}")
    return statuses, amiss


def fuzz(callers, operation, who, mode, examples, statuses):
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), good=strategies.booleans())
    def send(case, good):
        if good and mode is GenerationMode.POSITIVE:
            callers.improve(case)
        answer = callers.send(case, who)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=KEEPS_TO)

    # What takes nothing cannot be sent anything that does not fit.
    with contextlib.suppress(Unsatisfiable):
        send()


def test_every_answer_is_as_described(met):
    """`pytest -rP` shows how much was asked by whom, and what came back."""
    statuses, amiss = met
    for who in dict.fromkeys(who for who, _ in SHARES):
        total = sum((each for (sender, *_), each in statuses.items() if sender == who), Counter())
        print(who, total.total(), dict(sorted(total.items())))  # noqa: T201 - figures for people
    assert not amiss, "\n\n".join(amiss)


def test_everything_was_met_with_success_too(met, operations):
    statuses, _ = met
    for operation in operations:
        found = {status for who in ("admin", "owner") for status in statuses[who, operation.path, operation.method]}
        reached = any(200 <= status < 400 for status in found)
        untried = f"Teach `improve` what {operation.method} {operation.path} needs: it was only met with {found}"
        assert reached or operation.path.startswith(BEYOND_REACH), untried


def test_without_a_credential_only_what_is_open_to_all_is_answered(met, operations):
    statuses, _ = met
    for operation in operations:
        found = statuses["nobody", operation.path, operation.method].keys()
        assert found
        ways = operation.definition.raw.get("security")
        if ways != [] and {} not in (ways or ()):
            assert found == {401}, (operation.method, operation.path, found)
