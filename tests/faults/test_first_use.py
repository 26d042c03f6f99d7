"""A fresh process meets its first requests in many threads at once: nothing that is prepared lazily may break."""

import subprocess
import sys

PROCESSES = 8
PROGRAM = """
import sys, threading
from schemas.xapi.statements import load_statement

sys.setswitchinterval(1e-6)
statement = {
    "actor": {"mbox": "mailto:hoc.vien@xa.example.vn"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"vi": "hoàn thành"}},
    "object": {"id": "https://xa.example.vn/bai-hoc", "definition": {"name": {"vi": "Bài học"}}},
    "result": {"success": True, "score": {"raw": 8}},
    "context": {"contextActivities": {"parent": [{"id": "https://xa.example.vn/khoa-hoc"}]}},
}
barrier = threading.Barrier(16)

def judge():
    barrier.wait()
    for version in ("2.0.0", "1.0.3"):
        load_statement(statement, version)

threads = [threading.Thread(target=judge) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_sixteen_threads_may_judge_the_first_statement_of_a_process() -> None:
    """msgspec prepares a struct when it first meets it; a second thread that comes meanwhile may crash the process."""
    codes = [
        subprocess.run([sys.executable, "-c", PROGRAM], timeout=30, check=False).returncode for _ in range(PROCESSES)
    ]
    assert codes == [0] * PROCESSES
