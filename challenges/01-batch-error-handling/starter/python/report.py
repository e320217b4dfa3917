"""Writes report.json: what the tables hold, so that it is true whichever start of the program wrote it."""

import json
import os


def write_report(connection, folder: str) -> None:
    (loaded,) = connection.execute("SELECT count(*) FROM orders").fetchone()
    (settled,) = connection.execute("SELECT count(*) FROM payments").fetchone()
    reasons = connection.execute("SELECT reason, count(*) FROM quarantine GROUP BY reason").fetchall()
    path = os.path.join(folder, "report.json")
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump({"loaded": loaded, "settled": settled, "quarantined": dict(reasons)}, file)
    # Whoever reads it meanwhile finds the old report or the new one, never half of one.
    os.replace(path + ".tmp", path)
