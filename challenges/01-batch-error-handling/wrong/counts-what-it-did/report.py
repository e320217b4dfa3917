"""Writes report.json from what this start of the program counted."""

import json
import os

import orders


def write_report(connection, folder: str) -> None:
    reasons = dict(connection.execute("SELECT reason, count(*) FROM quarantine GROUP BY reason").fetchall())
    with open(os.path.join(folder, "report.json"), "w", encoding="utf-8") as file:
        json.dump({"loaded": orders.loaded, "quarantined": reasons}, file)
