"""Make the replica set of compose.yaml and its users; run again it changes nothing.

Runs on the host of the first member: while there are no users, MongoDB lets only its own host in, to make one.
"""

import os
import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

NAME = "lrs"
MEMBERS = os.environ.get("MONGODB_MEMBERS", "mongo1:27017,mongo2:27017,mongo3:27017").split(",")  # noqa: TID251 - not the server
ADMIN_PASSWORD = os.environ["MONGODB_ADMIN_PASSWORD"]  # noqa: TID251 - not the server
LRS_PASSWORD = os.environ["MONGODB_LRS_PASSWORD"]  # noqa: TID251 - not the server
SETTINGS = {
    # A new primary some 2 seconds after a loss. With members in different places, 5000.
    "electionTimeoutMillis": 2000,
    "heartbeatIntervalMillis": 400,
    "catchUpTimeoutMillis": 2000,
}
ALREADY_INITIALIZED, USER_EXISTS, UNAUTHORIZED = 23, 51003, 13
PATIENCE = 60.0

Client = MongoClient[dict[str, Any]]


def initiate(first: Client) -> None:
    """Make the set; its first member is preferred, so that it is the one that takes the first user."""
    members = [{"_id": n, "host": host, "priority": 1 if n else 2} for n, host in enumerate(MEMBERS)]
    try:
        first.admin.command("replSetInitiate", {"_id": NAME, "members": members, "settings": SETTINGS})
    except OperationFailure as error:
        if error.code not in {ALREADY_INITIALIZED, UNAUTHORIZED}:
            raise


def make_admin(first: Client) -> None:
    """Make the first user once this member is primary; nothing if there is one already."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            first.admin.command("createUser", "admin", pwd=ADMIN_PASSWORD, roles=["root"])
        except (AutoReconnect, OperationFailure) as error:
            if getattr(error, "code", None) in {UNAUTHORIZED, USER_EXISTS}:
                return
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def make_user(whole: Client) -> None:
    """Make the server's own user, who reaches its database and no other; and majority the default of all."""
    whole.admin.command(
        "setDefaultRWConcern", defaultReadConcern={"level": "majority"}, defaultWriteConcern={"w": "majority"}
    )
    users = whole[NAME]
    known = users.command("usersInfo", NAME)["users"]
    users.command("updateUser" if known else "createUser", NAME, pwd=LRS_PASSWORD, roles=["readWrite"])


def main() -> None:
    """Make everything."""
    with Client(f"mongodb://{MEMBERS[0].replace('mongo1', '127.0.0.1')}/?directConnection=true") as first:
        initiate(first)
        make_admin(first)
    with Client(MEMBERS, replicaSet=NAME, username="admin", password=ADMIN_PASSWORD, authSource="admin") as whole:
        make_user(whole)


if __name__ == "__main__":
    try:
        main()
    except PyMongoError as error:
        sys.exit(f"The replica set could not be made: {error}")
