"""The peer of the inline-lane read: one row by primary key from SQLite, as FastAPI answers it.

Usage: fastapi_app.py FILE   makes the database with one row like a job of ours; then, with PEER_DATABASE=FILE,
`uvicorn --workers 2 fastapi_app:app` serves it.
"""
import os
import sqlite3
import sys
import threading

from fastapi import FastAPI, HTTPException

app = FastAPI()
local = threading.local()


def connection():
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(os.environ["PEER_DATABASE"])
        local.connection.row_factory = sqlite3.Row
    return local.connection


@app.get("/jobs/{job_id}")
def job(job_id: int):
    row = connection().execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise HTTPException(404, "no such job")
    return dict(row)


def make_database(file):
    row = {
        "id": 1, "dialect": "engine", "external_id": "1", "owner": "", "queue": "default", "name": "", "priority": 0,
        "state": "finished", "stop_reason": "none", "created_us": 1785585600123456, "started_us": 1785585600223456,
        "finished_us": 1785585600323456, "not_before_us": 0, "attempt": 1, "max_attempts": 3,
        "progress": '{"done":0,"per_second":0.0,"counts":{"read":1}}', "counts": '{"read":1}', "result": None,
        "error": None, "facts": "{}",
    }
    with sqlite3.connect(file) as database:
        columns = ", ".join(name if name != "id" else "id INTEGER PRIMARY KEY" for name in row)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"CREATE TABLE jobs ({columns})")
        database.execute(f"INSERT INTO jobs VALUES ({', '.join('?' * len(row))})", list(row.values()))


if __name__ == "__main__":
    make_database(sys.argv[1])
