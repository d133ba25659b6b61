"""``python -m tests.unit.migrate`` accepts the report of the small cluster as it is now."""

import json

from tests.unit.migrate.test_command import GOLDEN, SMALL, report, settled

if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(settled(report(SMALL)), indent=2, ensure_ascii=False) + "\n")
