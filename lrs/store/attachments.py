"""The bytes of attachments, in GridFS: durable before the statement that names them.

A file is ``named`` once a statement with it has been seen; one that stays unnamed for an hour is swept. Every upload
has an id of its own, so a sweep never touches what is being written.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple, TypeVar

import pymongo
from bson import ObjectId
from gridfs import GridFSBucket, NoFile
from pymongo.database import Database

from lrs.store.errors import translated

KEEP_UNNAMED = 3600.0
"""Seconds that bytes are kept which no statement names."""
_CHUNK = 255 * 1024

T = TypeVar("T")

FileId = ObjectId
"""What a file is known by, to the layers above as to this one."""


class StoredAttachment(NamedTuple):
    """One file: its GridFS id, hash as claimed (hex), content type and length in bytes."""

    file: ObjectId
    sha2: str
    content_type: str
    length: int


class Attachments:
    """Files of one organisation are shared by its statements and found by hash, never across organisations."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._bucket = GridFSBucket(database, bucket_name="attachments", chunk_size_bytes=_CHUNK)
        self._files = database["attachments.files"]
        self._uploads = database["attachments.uploads"]
        self._statements = database["statements"]
        self._deadline = deadline

    def keep(self, org: bytes, sha2: str, content_type: str, source: IO[bytes]) -> ObjectId:
        """Store the bytes unless they are stored; return the file's id once it is durable."""
        held = {"metadata.org": org, "metadata.sha2": sha2, "metadata.contentType": content_type}
        with translated():
            with pymongo.timeout(self._deadline):
                wanted = {"$currentDate": {"metadata.touched": True}, "$unset": {"metadata.left": ""}}
                found = self._files.find_one_and_update(held, wanted)
            if found is not None:
                return ObjectId(found["_id"])
            metadata = {
                "org": org,
                "sha2": sha2,
                "contentType": content_type,
                "named": False,
                "touched": datetime.now(UTC),
            }
            return self._upload(metadata, source)

    def _upload(self, metadata: dict[str, Any], source: IO[bytes]) -> ObjectId:
        file = ObjectId()
        with pymongo.timeout(self._deadline):
            self._uploads.update_one({"_id": file}, {"$currentDate": {"touched": True}}, upsert=True)
            upload = self._bucket.open_upload_stream_with_id(file, metadata["sha2"], metadata=metadata)
        while chunk := source.read(_CHUNK):
            with pymongo.timeout(self._deadline):
                upload.write(chunk)
        # Not closed when something went wrong: that would make a file of what has come so far.
        with pymongo.timeout(self._deadline):
            upload.close()
        return file

    def find(self, org: bytes, files: Iterable[ObjectId]) -> list[StoredAttachment]:
        """Return the files with these ids, one for each hash."""
        with translated(), pymongo.timeout(self._deadline):
            rows = list(self._files.find({"_id": {"$in": list(files)}, "metadata.org": org}))
        by_hash = {row["metadata"]["sha2"]: row for row in rows}
        return [
            StoredAttachment(row["_id"], sha2, row["metadata"]["contentType"], row["length"])
            for sha2, row in by_hash.items()
        ]

    def read(self, file: ObjectId) -> Iterator[bytes]:
        """Yield a file's bytes, chunk by chunk."""
        with translated():
            with pymongo.timeout(self._deadline):
                stream = self._bucket.open_download_stream(file)
            try:
                yield from self._each(iter(stream.readchunk, b""))
            finally:
                with pymongo.timeout(self._deadline):
                    stream.close()

    def sweep(self, *, older: float = KEEP_UNNAMED) -> int:
        """Delete files that no statement has named for ``older`` seconds, and uploads that broke off.

        Returns how many went.
        """
        with translated():
            return self._sweep_uploads(older) + self._sweep_unnamed(older)

    def sweep_left(self, org: bytes, *, older: float) -> int:
        """Delete the files of an organisation that its statements have given up, and nobody has asked for since.

        Whoever has looked one up within ``older`` seconds may be about to name it: it stays for now. Returns how many
        went.
        """
        left = {"metadata.named": False, "metadata.left": True, "metadata.org": org} | _stale(
            "$metadata.touched", older
        )
        gone = 0
        with translated():
            for row in self._each(self._files.find(left, {"_id": 1})):
                with pymongo.timeout(self._deadline):
                    if self._is_named(row["_id"]):
                        continue
                    if self._files.delete_one({"_id": row["_id"]} | left).deleted_count:
                        self._delete(row["_id"])
                        gone += 1
        return gone

    def forget(self, org: bytes, before: datetime, most: int) -> int:
        """Delete files of an organisation that came last before an instant, whatever names them; return how many."""
        old = {"metadata.org": org, "metadata.touched": {"$lt": before}}
        gone = 0
        with translated():
            for row in self._each(self._files.find(old, {"_id": 1}).limit(most)):
                with pymongo.timeout(self._deadline):
                    if self._files.delete_one({"_id": row["_id"]} | old).deleted_count:
                        self._delete(row["_id"])
                        gone += 1
        return gone

    def count(self, org: bytes, before: datetime) -> int:
        """Return how many files of an organisation came last before an instant."""
        with translated(), pymongo.timeout(self._deadline):
            return self._files.count_documents({"metadata.org": org, "metadata.touched": {"$lt": before}})

    def _sweep_uploads(self, older: float) -> int:
        gone = 0
        for upload in self._each(self._uploads.find(_stale("$touched", older), {"_id": 1})):
            with pymongo.timeout(self._deadline):
                if self._files.find_one({"_id": upload["_id"]}, {"_id": 1}) is None:
                    self._delete(upload["_id"])
                    gone += 1
                self._uploads.delete_one({"_id": upload["_id"]})
        return gone

    def _sweep_unnamed(self, older: float) -> int:
        unnamed = {"metadata.named": False} | _stale("$metadata.touched", older)
        gone = 0
        for row in self._each(self._files.find(unnamed, {"_id": 1})):
            with pymongo.timeout(self._deadline):
                if self._is_named(row["_id"]):
                    continue
                # Its row first, and only if it is still stale: whoever looked it up meanwhile has touched it.
                if self._files.delete_one({"_id": row["_id"]} | unnamed).deleted_count:
                    self._delete(row["_id"])
                    gone += 1
        return gone

    def _is_named(self, file: ObjectId) -> bool:
        """Tell whether a statement names a file, and remember that one does."""
        if self._statements.find_one({"files": file}, {"_id": 1}) is None:
            return False
        self._files.update_one({"_id": file}, {"$set": {"metadata.named": True}, "$unset": {"metadata.left": ""}})
        return True

    def _each(self, items: Iterator[T]) -> Iterator[T]:
        """Yield the items, each step within the deadline: a walk as a whole may take as long as its reader does."""
        while True:
            with pymongo.timeout(self._deadline):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item

    def _delete(self, file: ObjectId) -> None:
        with suppress(NoFile):  # raised after the chunks are gone, when the row went before
            self._bucket.delete(file)


def _stale(touched: str, older: float) -> dict[str, Any]:
    return {"$expr": {"$lt": [touched, {"$subtract": ["$$NOW", int(older * 1000)]}]}}
