"""Schedules and sensors of a home keep their state when livestats is called by another name in Dagster."""

from pipelines.orchestration import location
from pipelines.orchestration.dagster_internals import WorkspaceFileTarget
from tests.support.dagster_states import state_of


def known(history):
    """Location and name -> status and how far it has come."""
    return {
        (state.selector.location_name, state.name): (state.status.value, state.instigator_data)
        for state in history.all_instigator_state()
    }


def test_what_somebody_switched_and_how_far_it_came_is_kept(history):
    off = state_of(location.FORMER, "capture_every_day", is_running=False)
    on = state_of(location.FORMER, "follow_ledger", cursor="7")
    for state in (off, on):
        history.add_instigator_state(state)
    assert location.carry_over(history) == 2
    assert known(history) == {
        (location.NAME, "capture_every_day"): ("STOPPED", off.instigator_data),
        (location.NAME, "follow_ledger"): ("RUNNING", on.instigator_data),
    }
    assert location.carry_over(history) == 0


def test_also_where_the_daemon_loads_the_code_itself(history):
    history.add_instigator_state(state_of(location.FORMER, "follow_ledger", is_served=False))
    assert location.carry_over(history) == 1
    assert [*known(history)] == [(location.NAME, "follow_ledger")]


def test_a_state_of_the_present_name_and_those_of_others_stay(history):
    history.add_instigator_state(state_of(location.FORMER, "follow_ledger", cursor="7"))
    history.add_instigator_state(state_of(location.NAME, "follow_ledger", cursor="8"))
    history.add_instigator_state(state_of("another", "follow_ledger", cursor="9"))
    assert location.carry_over(history) == 0
    assert {where: data.cursor for (where, _), (_, data) in known(history).items()} == {
        location.NAME: "8",
        "another": "9",
    }


def test_workspace_yaml_has_the_name():
    (origin,) = WorkspaceFileTarget(["workspace.yaml"]).create_origins()
    assert origin.location_name == location.NAME
