"""Cuts at random within the constraints of the catalog, with values that the simulated account has."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.api.catalog.cut_dataset import values_in
from resources.api.catalog.cut_rules import CutError, actions_for_cuts, dataset_from, splits_of
from resources.api.catalog.cuts import ALL, FILTERS, VALUES, Cut
from resources.api.catalog.model import SPLITS
from resources.config import Settings
from resources.config.cut_settings import not_offered
from resources.simulator.places import ISPS

ACTIONS = actions_for_cuts(DATASETS)
PLACES = ("CN", "CN/CN", "CN/CN/beijing", "CN/CN/guangdong", "AP", "AP/SG", "NA")
LISTED = {
    "isps": tuple(ISPS),
    "regions": PLACES,
    "user_regions": PLACES,
    "apps": ("live", "event"),
}


@st.composite
def cuts(draw, actions=tuple(ACTIONS), name="x"):
    """A cut that is possible: of any action, split, width, filters and meaning."""
    base = ACTIONS[draw(st.sampled_from(actions))]
    endpoint = base.endpoint
    given = {}
    possible = splits_of(endpoint)
    if possible:
        given["split"] = tuple(draw(st.lists(st.sampled_from(possible), max_size=2, unique=True)))
    if base.bucket_s is not None:
        widths = endpoint.parameter["Aggregation"].allowed
        is_fine = len(given.get("split", ())) > 1  # enough rows
        given["width_s"] = draw(st.sampled_from(widths[-1:] if is_fine else widths[-2:]))
    if base.ranked:
        given["days"] = draw(st.sampled_from((1, 7, 30)))
    for key, parameter in VALUES.items():
        if values := values_in(base, parameter):
            given[key] = tuple(draw(st.lists(st.sampled_from(values), max_size=2, unique=True)))
    has = [key for key, parameter in FILTERS.items() if parameter in endpoint.parameter]
    for key in draw(st.lists(st.sampled_from(has), max_size=2, unique=True)) if has else ():
        values = LISTED.get(key) or endpoint.parameter[FILTERS[key]].allowed
        if not values:
            continue
        is_split = any(SPLITS[one].filter == FILTERS[key] for one in given.get("split", ()))
        listed = st.lists(
            st.sampled_from(values), min_size=1 + is_split, max_size=3, unique=True
        ).map(tuple)
        words = [word for word in ALL.get(key, ()) if word in ("all", "areas")]
        given[key] = draw(listed | st.sampled_from(words) if words else listed)
        if (isinstance(given[key], str) and not is_split) or (not is_split and draw(st.booleans())):
            given["each"] = (*given.get("each", ()), key)
    found = Cut(name=name, endpoint=endpoint.action, **given)
    try:
        dataset_from(found, DATASETS)
    except CutError:
        assume(False)
    assume(not not_offered(found, Settings().absent_parameters))
    return found
