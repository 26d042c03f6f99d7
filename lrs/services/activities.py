"""Activities as the store knows them (Communication 2.5)."""

import json

from lrs.services.confinement import confine_activity
from lrs.services.principals import Principal
from lrs.store import Store


class ActivityService:
    """Tells what all statements together have said of an Activity."""

    def __init__(self, store: Store) -> None:
        self._activities = store.activities

    def get(self, principal: Principal, activity: str) -> bytes:
        """Return the Activity as JSON, with its merged definition; one that nobody has described has none."""
        principal.require("activities/read")
        confine_activity(principal, activity)
        told = json.dumps({"objectType": "Activity", "id": activity}, ensure_ascii=False).encode()
        definition = self._activities.definitions(principal.org, [activity]).get(activity)
        return told if definition is None else told[:-1] + b', "definition": ' + definition + b"}"
