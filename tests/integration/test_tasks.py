"""A file whose worker dies, in the suite as it runs: the sweep and the task queue bring it to its end."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import requests
from PIL import Image

from tests.integration.people import eventually
from tests.integration.workers import end

# A worker must start, and the queue takes its time.
MINUTE = 60


def large_picture():
    """49 megapixels of one colour: few bytes to send, and a second of work."""
    out = BytesIO()
    Image.new("RGB", (7000, 7000), (90, 120, 150)).save(out, "PNG")
    return out.getvalue()


def sweep(suite):
    """What Cloud Scheduler does every hour, and nobody in the suite."""
    response = requests.post(
        f"{suite.url('functions')}/{suite.project_id}/us-central1/sweep-0",
        headers={"X-CloudScheduler-ScheduleTime": datetime.now(UTC).isoformat()},
        timeout=5 * MINUTE,
    )
    assert response.ok, response.text


def test_file_whose_worker_was_killed_becomes_ready_after_the_sweep(suite, admin, person, workers):
    # The worker is there before the file that kills it, so that none has to start in between.
    warm = person.upload("warm.txt", b"warm", "text/plain")
    person.until_ready(warm)
    data = large_picture()
    file_id = person.upload("large.png", data, "image/png")
    reference = admin.firestore.document(person.file_path(file_id))

    def fields():
        return reference.get().to_dict()

    # The other workers may have files of other tests.
    def at_work():
        return fields()["state"] == "processing" and workers.at_work_on("on_file_finalized", len(data))

    end(eventually(at_work, what="the work has begun"))
    assert fields()["state"] == "processing"
    assert person.profile()["usage"] == {"bytes": 4, "files": 1}

    reference.update({"updatedAt": datetime.now(UTC) - timedelta(minutes=16)})
    sweep(suite)
    eventually(lambda: fields()["state"] == "ready", within=2 * MINUTE, what="the file is ready")
    assert {"attempts", "retryAt"}.isdisjoint(fields())
    assert sorted(admin.objects(f"derived/{person.uid}/")) == sorted(fields()["thumbnails"].values())
    assert person.profile()["usage"] == {"bytes": 4 + len(data), "files": 2}
    reports = [each.to_dict() for each in admin.firestore.collection("reports").stream()]
    assert any(report.get("kind") == "sweep" and report["requeued"] for report in reports)
