"""Plans a catalogue file, in a process of its own, and prints what that took as one line of JSON.

python -m benchmarks.claims.run_plan DATABASE_URL FILE
"""

import json
import sys
import time
from datetime import UTC, datetime

from callsheet.files.load import load_manifests
from callsheet.service.manifests.service import ManifestService
from callsheet.service.setup import open_store


def main(url: str, file: str) -> None:
    """Read the file and plan it."""
    service = ManifestService(open_store(url, _now), "benchmark", _now, lambda _name: None)
    begun = time.process_time()
    (manifest,) = load_manifests([file])
    read = time.process_time()
    planned = service.plan(manifest)
    done = time.process_time()
    impact = planned.plan.impact.record()
    print(
        json.dumps({"read": read - begun, "plan": done - read, "steps": len(planned.plan.steps), "impact": impact})
    )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(*sys.argv[1:])
