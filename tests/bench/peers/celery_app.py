"""The peer of empty jobs end to end: an empty Celery task with Redis as broker and result store.

Usage: celery_app.py COUNT   prints tasks per second, with REDIS_PORT set and `celery -A celery_app worker` running.
"""
import os
import sys
import time

from celery import Celery

url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"
app = Celery("celery_app", broker=url, backend=url)


@app.task
def nothing():
    return None


if __name__ == "__main__":
    count = int(sys.argv[1])
    nothing.delay().get(timeout=60)  # the worker is there
    begin = time.monotonic()
    results = [nothing.delay() for _ in range(count)]
    for result in results:
        result.get(timeout=60)
    print(count / (time.monotonic() - begin))
