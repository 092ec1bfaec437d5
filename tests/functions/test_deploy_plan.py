"""Where a deploy would put the functions, by the CLI's own code and the manifest of main.py."""

import copy
import json
import os
import subprocess
from pathlib import Path

import pytest
from firebase_functions.options import SupportedRegion

PLAN = Path(__file__).parent / "deploy_plan.cjs"
REGIONS = {region.value for region in SupportedRegion}


def planned(manifest):
    """What the CLI would send, and why it would send nothing."""
    done = subprocess.run(
        ["node", PLAN],
        input=json.dumps(manifest),
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return (json.loads(done.stdout), "") if done.returncode == 0 else ({}, done.stderr)


@pytest.fixture(scope="module")
def plan(manifest):
    functions, problem = planned(manifest)
    assert problem == ""
    return functions


def test_every_function_is_deployed_to_a_place_where_functions_are(plan, manifest):
    places = {name: function["name"].split("/")[3] for name, function in plan.items()}
    assert places == dict.fromkeys(manifest["endpoints"], "us-central1")
    assert set(places.values()) <= REGIONS
    assert "global" not in REGIONS


@pytest.mark.parametrize("name", ["on_user_created", "on_user_deleted"])
def test_user_events_are_triggered_from_where_authentication_sends_them(plan, name):
    trigger = plan[name]["eventTrigger"]
    assert trigger == {
        "eventType": f"google.firebase.auth.user.v2.{name.removeprefix('on_user_')}",
        "triggerRegion": "global",
        "retryPolicy": "RETRY_POLICY_RETRY",
        "eventFilters": [],
    }


def test_tenant_is_sent_as_a_filter(manifest):
    changed = copy.deepcopy(manifest)
    changed["endpoints"]["on_user_created"]["eventTrigger"]["eventFilters"] = {"tenantid": "t1"}
    functions, _ = planned(changed)
    assert functions["on_user_created"]["eventTrigger"]["eventFilters"] == [
        {"attribute": "tenantid", "value": "t1"}
    ]


def test_cli_refuses_a_trigger_of_users_in_a_region(manifest):
    changed = copy.deepcopy(manifest)
    changed["endpoints"]["on_user_created"]["eventTrigger"]["region"] = "us-central1"
    functions, problem = planned(changed)
    assert functions == {}
    assert "must specify 'global' trigger location" in problem
