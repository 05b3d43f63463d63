"""The peer of the inline-lane read: one row by primary key from SQLite, as FastAPI answers it."""
import sqlite3
import threading

from fastapi import FastAPI, HTTPException

app = FastAPI()
local = threading.local()


def connection():
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect("peer.sqlite")
        local.connection.row_factory = sqlite3.Row
    return local.connection


@app.get("/jobs/{job_id}")
def job(job_id: int):
    row = connection().execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise HTTPException(404, "no such job")
    return dict(row)
