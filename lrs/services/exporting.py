"""Files of training records, audited: before the first part goes out, and with how much it was at the end."""

from collections.abc import Iterator, Mapping
from secrets import token_hex
from typing import Any, Final

from lrs.services.principals import Principal
from lrs.services.records import Export, RecordService
from lrs.store import Store
from lrs.store.entries import Entry

_ID_BYTES: Final = 8
_MANNER: Final = frozenset({"format", "sort", "dated", "whose", "limit", "cursor"})
"""What says how records are told, and not which."""


class RecordExports:
    """Opens files of records and notes who did."""

    def __init__(self, store: Store, records: RecordService) -> None:
        self._audit = store.audit
        self._records = records

    def open(self, principal: Principal, query: Mapping[str, Any], form: str) -> Export:
        """Return everything that is asked for; raise as ``RecordService.export`` does, and Unavailable."""
        found = self._records.export(principal, query)
        export = token_hex(_ID_BYTES)
        asked = sorted(query.keys() - _MANNER)
        entry = Entry(principal.credential, "records.exported", export, {"format": form, "asked": asked})
        self._audit.append(principal.org, entry)
        return found._replace(parts=self._counted(principal, export, found.parts))

    def _counted(
        self, principal: Principal, export: str, parts: Iterator[list[dict[str, Any]]]
    ) -> Iterator[list[dict[str, Any]]]:
        rows, whole = 0, False
        try:
            for part in parts:
                rows += len(part)
                yield part
            whole = True
        finally:
            # Also where the reader has gone meanwhile.
            entry = Entry(principal.credential, "records.sent", export, {"rows": rows, "whole": whole})
            self._audit.append(principal.org, entry)
