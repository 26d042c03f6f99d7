"""Rows as people fill them in, made consents, or the faults for which they are none; and when things are due."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.standings import Standings
from lrs.services.subjects.policies import PolicyService
from lrs.store import Store
from schemas.faults import Fault, Refused
from schemas.sharing.consents import Consent, Wording, answered, faults_of
from schemas.subjects.calendar import due
from schemas.training.persons import names_somebody

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_AHEAD: Final = 60_000_000
"""Microseconds that the clock of whoever records may be ahead: such an instant is now."""
_SALT: Final = 6
_UNKNOWN: Final = Fault("wording", "unknown", "There is no such wording. Chưa có văn bản này.")


class ConsentRows:
    """Reads rows, and the time that withdrawals take."""

    def __init__(
        self, store: Store, policies: PolicyService, registries: RegistryService, standings: Standings, timezone: str
    ) -> None:
        self._wordings = store.wordings
        self._policies = policies
        self._registries = registries
        self._standings = standings
        self._zone = ZoneInfo(timezone)

    def read(self, principal: Principal, rows: Sequence[Mapping[str, Any] | Refused]) -> list[Consent | Refused]:
        """Return what rows say, or why they say nothing."""
        org, now = principal.org, clocks.now()
        asked = {Wording(**row["wording"]) for row in rows if not isinstance(row, Refused) and "wording" in row}
        wordings = {each.wording for each in self._wordings.among(org, asked)}
        due_by = self.due(org, now)

        def made(place: int, row: Mapping[str, Any]) -> Consent | Refused:
            wording = Wording(**row["wording"]) if "wording" in row else None
            given = self._instant(row["given"])
            faults = faults_of(row, given, now + _AHEAD)
            if wording is not None and wording not in wordings:
                faults.append(_UNKNOWN)
            if faults:
                return Refused(faults)
            answer = bool(answered(row["answer"]))
            return Consent(
                id=_id(now, place),
                who=self._standings.subject(org, row["identity"]),
                purpose=row["purpose"],
                answer=answer,
                given_by=row["given_by"],
                how=row["how"],
                given=min(given, now),
                recorded=now,
                recorded_by=principal.credential,
                wording=wording,
                under_7=row["under_7"],
                named=names_somebody(row["identity"]),
                due=None if answer else due_by,
            )

        return [row if isinstance(row, Refused) else made(place, row) for place, row in enumerate(rows)]

    def ended(self, held: Consent, when: int | date | None, now: int) -> int:
        """Return when a consent ends; raise Refused for a time before it was given or yet to come."""
        if when is None:
            return now
        ended = self._instant(when)
        if not isinstance(when, int) and when == self._day(held.given):
            ended = max(ended, held.given)
        if ended < held.given:
            raise Refused.at("withdrawn", "order", "It was given later. Ngày này trước ngày đồng ý.")
        if ended > now + _AHEAD:
            raise Refused.at("withdrawn", "future", "This is yet to come. Ngày này chưa đến.")
        return min(ended, now)

    def due(self, org: bytes, now: int) -> date:
        """Return the last day on which what is withdrawn now may take effect, as the organisation has decided."""
        term = self._policies.of(org).deadlines.withdraw
        return due(self._day(now), term, self._registries.current().holidays.days)

    def _instant(self, when: int | date) -> int:
        """Return an instant; of a day its first."""
        if isinstance(when, int):
            return when
        return (datetime.combine(when, time.min, self._zone) - _EPOCH) // _MICROSECOND

    def _day(self, instant: int) -> date:
        return (_EPOCH + instant * _MICROSECOND).astimezone(self._zone).date()


def _id(now: int, place: int) -> str:
    """Return an id: in the order in which things are recorded."""
    return (now.to_bytes(8) + place.to_bytes(2) + secrets.token_bytes(_SALT)).hex()
