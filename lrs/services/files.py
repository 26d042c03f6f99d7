"""The data of attachments: kept before the statements that name it, handed out with them."""

from collections.abc import Iterable, Sequence

from lrs.services.attachments import OutgoingAttachment, ReceivedAttachment, match
from lrs.services.signatures import check_signatures
from lrs.store.attachments import Attachments, FileId
from lrs.store.rows import Found
from schemas.xapi.statements import Statement


class Files:
    """Judges what came along with statements, keeps it, and finds it again through the statements."""

    def __init__(self, attachments: Attachments) -> None:
        self._attachments = attachments

    def keep(
        self, org: bytes, statements: Sequence[Statement], received: Sequence[ReceivedAttachment], *, single: bool
    ) -> list[list[FileId]]:
        """Return, statement by statement, the files that hold its data, all durable; raise Refused.

        ``single`` says that the body was one object and no array, for the paths of faults.
        """
        matched = match(statements, received, single=single)
        check_signatures(statements, matched, single=single)
        kept = {part.sha2: self._keep(org, part) for parts in matched for part in parts}
        return [[kept[part.sha2] for part in parts] for parts in matched]

    def _keep(self, org: bytes, part: ReceivedAttachment) -> FileId:
        part.file.seek(0)
        return self._attachments.keep(org, part.sha2, part.content_type, part.file)

    def of(self, org: bytes, statements: Iterable[Found]) -> list[OutgoingAttachment]:
        """Return the data of these statements' attachments, each piece once, read when it is sent."""
        files = {file: None for statement in statements for file in statement.files}
        return [
            OutgoingAttachment(sha2=f.sha2, content_type=f.content_type, chunks=self._attachments.read(f.file))
            for f in self._attachments.find(org, files)
        ]
