"""The picture of the demo."""

from pipelines.reports.demo_picture import short_names


def test_names_lose_the_ending_that_all_share():
    assert short_names(["pull-1.sim.example", "pull-2.sim.example"]) == {
        "pull-1.sim.example": "pull-1",
        "pull-2.sim.example": "pull-2",
    }
    assert short_names(["a.one.example", "b.two.example"]) == {
        "a.one.example": "a.one",
        "b.two.example": "b.two",
    }
