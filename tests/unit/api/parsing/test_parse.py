"""Answers become typed rows, for every dataset: compared with a plain reading of the same JSON."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.catalog.model import SPLITS, ColumnType, DomainRole, DuplicateKeys
from resources.api.errors import IncompleteAnswer, TryLater, WrongAnswer
from resources.api.pagination import PageFacts
from resources.api.parsing.parse import join, read_page, row_schema
from resources.api.request_plan import Domain, Inventory, Stream, request_of, requests_for
from tests.support.documented_limits import DOCUMENTED
from tests.support.each import each

SAMPLES = Path(__file__).parents[3] / "samples"
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2025, 3, 1)
PUSH, PULL, LIVE = "push.example.com", "pull.example.com", "live.example.com"
HOSTILE = ["", "'; DROP TABLE x; --", "a/../b", "\x00\x1b[31m\r\n", "\u202e", "é中😀", "NULL", "0"]

MANY = Inventory(
    domains=(
        Domain(PUSH, DomainRole.PUSH),
        Domain(PULL, DomainRole.PULL),
        Domain(LIVE, DomainRole.PULL),
    ),
    isps=("telecom", "unicom"),
    streams=(Stream(PUSH, "show", "room1"), Stream(PULL, "show", "room1")),
    addresses=("192.0.2.7", "2001:db8::1"),
)
ONE = Inventory(
    domains=(Domain(PUSH, DomainRole.PUSH), Domain(PULL, DomainRole.PULL)),
    isps=("telecom",),
    streams=MANY.streams,
    addresses=("192.0.2.7",),
)

all_datasets = each("dataset", DATASETS.values(), lambda d: d.name)
split_datasets = each("dataset", [d for d in DATASETS.values() if d.split], lambda d: d.name)


def first_walk(name, known=MANY):
    return next(iter(requests_for(DATASETS[name], DAY, SHANGHAI, known)))


def sample(action):
    return json.loads((SAMPLES / f"{action}.json").read_text("utf-8"))


def sample_of(name, walk=None):
    """The sample as the answer to `walk`: what it echoes is what was asked."""
    return echoing(sample(DATASETS[name].endpoint.action), walk or first_walk(name), name)


def echoing(document, walk, name):
    for parameter in DATASETS[name].endpoint.parameters:
        if (
            document["Result"].pop(parameter.name, None) is not None
            and parameter.name in walk.payload
        ):
            document["Result"][parameter.name] = walk.payload[parameter.name]
    return document


def read(name, document, *, walk=None, number=1):
    dataset = DATASETS[name]
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_page(dataset, walk or first_walk(name), body, number)


def rows_of(name, document, walk=None):
    walk = walk or first_walk(name)
    return join(DATASETS[name], walk, [read(name, document, walk=walk)]).table.to_pylist()


# --- the samples: one answer of each action, in the documented shape ---


def rows_in_sample(dataset):
    """Items at the documented place of the rows, counted without the parser."""
    said = DOCUMENTED[dataset.endpoint.action]
    path = said.split_rows if dataset.split else said.rows
    if not path:
        return 1
    return _items(sample(dataset.endpoint.action)["Result"], path.split("."), said)


def _items(above, path, said):
    found = above.get(path[0]) or []
    if len(path) == 1:
        return len(found)
    fewest = 1 if said.childless_are_rows else 0
    return sum(max(fewest, _items(item, path[1:], said)) for item in found)


def test_every_action_has_a_sample():
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(ENDPOINTS)


@all_datasets
def test_a_sample_is_read_whole(dataset):
    page = read(dataset.name, sample_of(dataset.name))
    rows = join(dataset, first_walk(dataset.name), [page])
    assert rows.table.num_rows == rows_in_sample(dataset) > 0
    assert rows.table.schema == row_schema(dataset)
    assert (rows.outside, rows.unknown, rows.disagreeing) == (0, (), ())


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "stream_session",
            {
                "slot_start_at": at("2025-03-01T20:00:00+08:00"),
                "slot_seconds": 300,
                "online_user_type": "Online",
                "domain": "live.example.com",
                "isp": "unicom",
                "online_users": 20,
                "requests": 200,
                "hit_rate": 0.97,
            },
        ),
        (
            "play_status_code",
            {
                "slot_start_at": at("2025-03-01T20:00:00+08:00"),
                "slot_seconds": 300,
                "request_type": "Access",
                "domain": "live.example.com",
                "isp": "unicom",
                "status_code": 200,
                "status_count": 60,
                "share_percent": 100.0,
            },
        ),
        (
            "edge_stat_by_region",
            {
                "slot_start_at": at("2025-03-01T20:00:00+08:00"),
                "slot_seconds": 300,
                "domain": "live.example.com",
                "user_area": "SEA",
                "user_country": "SG",
                "up_bandwidth_mbps": 3.0,
                "down_bandwidth_mbps": 241.0,
                "up_traffic_bytes": 112_500_000.0,
                "down_traffic_bytes": 9_037_500_000.0,
                "requests": 2000.0,
            },
        ),
        (
            "top_play",
            {
                "query_type": "Domain",
                "sort_by": "PeakBandwidth",
                "domain": "live.example.com",
                "app": None,
                "stream": None,
                "rank": 2,
                "peak_bandwidth_mbps": 70.5 * 1e-6,
                "avg_bandwidth_mbps": 0.000003,
                "traffic_bytes": 32_400.0,
            },
        ),
        (
            "push_stream_info",
            {
                "domain": "push.example.com",
                "app": "show",
                "stream": "room1",
                "push_started_at": at("2025-03-01T19:59:55+08:00"),
                "push_ended_at": at("2025-03-01T21:00:00+08:00"),
                "push_duration_s": 3605,
                "client_ip": "192.0.2.7",
                "break_reason": "客户端主动断流",
                "stream_priority": "",
            },
        ),
        (
            "batch_push_stream_metrics",
            {
                "slot_start_at": at("2025-03-01T20:00:00+08:00"),
                "slot_seconds": 60,
                "agg_type": "max",
                "domain": "push.example.com",
                "app": "show",
                "stream": "room1",
                "session_id": "s-1",
                "stream_priority": "",
                "video_bitrate_kbps": 2500.5,
                "audio_bitrate_kbps": 128.0,
                "video_framerate_fps": 25.0,
                "audio_framerate_fps": 43.1,
                "video_frame_gap_ms": 40.0,
                "audio_frame_gap_ms": 23.2,
                "pts_delta_ms": 12.0,
                "video_pts_ms": 123456.75,
                "audio_pts_ms": 123460.0,
                "video_codec": "H264",
                "audio_codec": "AAC",
                "resolution": "1080P",
                "push_started_at": at("2025-03-01T19:59:55.123+08:00"),
                "first_frame_ms": 210.0,
                "client_ip": "192.0.2.7",
                "server_ip": "198.51.100.1",
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_row_of_a_sample_in_full(name, row):
    """By key: live before pull, and room1 before room2."""
    found = rows_of(name, sample_of(name))[0]
    assert {column: value for column, value in found.items() if column != "occurrence"} == row


def test_a_place_without_places_in_it_is_a_row_of_its_own():
    rows = rows_of("region", sample_of("region"))
    codes = [(r["area_code"], r["country_code"], r["province_code"]) for r in rows]
    assert codes == [
        ("CN", "CN", "beijing"),
        ("CN", "CN", "guangdong"),
        ("OTHER", None, None),
        ("SEA", "ID", None),
        ("SEA", "SG", None),
    ]


# --- any answer: generated from the catalog's layout, read a second time by loops and dicts ---

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
microseconds = st.one_of(st.integers(0, 4 * 10**9).map(lambda s: s * 10**6), st.integers(0, 10**15))
offsets = st.sampled_from([UTC, *(timezone(timedelta(hours=h)) for h in (8, -5, 5.5))])
numbers = st.one_of(st.integers(0, 10**12), st.floats(0, 1e12))
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"])))
VALUES = {
    ColumnType.TEXT: texts,
    ColumnType.INTEGER: st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 9).map(float)),
    ColumnType.FLOAT: numbers,
    ColumnType.BOOLEAN: st.booleans(),
    ColumnType.INSTANT_MS: st.integers(0, 4_000_000_000_000),
}


@st.composite
def instants(draw, window=None, step=60):
    """RFC 3339 with any offset, with and without a fraction, Z or +00:00."""
    if window is None:
        moment = EPOCH + timedelta(microseconds=draw(microseconds))
    else:  # to a slot after the window; one before it, alone, would be of another window
        slot = draw(st.integers(0, 24 * 3600 // step))
        moment = window[0].astimezone(UTC) + timedelta(seconds=slot * step)
    text = moment.astimezone(draw(offsets)).isoformat()
    if window is None and "." in text:
        text = re.sub(r"(\.\d+)", r"\g<1>" + "7" * draw(st.integers(0, 3)), text)
    return text.replace("+00:00", "Z") if draw(st.booleans()) else text


def column_of(field):
    return field.column or (SPLITS[field.name].column if field.name in SPLITS else None)


@st.composite
def items(draw, dataset, walk, levels, most=3, fewest=0):
    """A list of the level's items, each with the lists below it."""
    level, *below = levels
    made = []
    for _ in range(draw(st.integers(fewest, most))):
        item = {}
        for field in level.fields:
            column = column_of(field)
            if column in walk.constants:
                values = st.just(walk.constants[column])
            elif column in walk.within:
                values = st.sampled_from(sorted(walk.within[column]))
            elif field.kind is ColumnType.INSTANT:
                tells = column in (dataset.times or ())
                values = instants(walk.window if tells else None, dataset.bucket_s or 60)
            else:
                values = VALUES[field.kind]
            is_label = field.column is None and column in dataset.key
            may_lack = not field.required and (not is_label or column in walk.constants)
            if not (may_lack and draw(st.booleans())):
                item[field.name] = None if may_lack and draw(st.booleans()) else draw(values)
        if below:
            filled = draw(items(dataset, walk, below, most))
            empty = [None, []] if filled == [] else [filled]
            item[below[0].name] = draw(st.sampled_from(empty))
            if not filled and not below[0].required and draw(st.booleans()):
                del item[below[0].name]
        made.append(item)
    return made


@st.composite
def questions(draw, dataset):
    """One of the requests of a day, and an answer to it."""
    known = draw(st.sampled_from([MANY, ONE]))
    walk = draw(st.sampled_from(list(requests_for(dataset, DAY, SHANGHAI, known))))
    endpoint = dataset.endpoint
    result = {}
    layouts = [endpoint.rows] + ([endpoint.split_rows] if walk.is_split else [])
    for layout in layouts:
        if layout.is_the_answer:
            (own,) = draw(items(dataset, walk, layout.levels, fewest=1, most=1))
            result |= own
        else:
            result[layout.levels[0].name] = draw(items(dataset, walk, layout.levels))
    for parameter in endpoint.parameters:
        if parameter.echoed and parameter.name in walk.payload and draw(st.booleans()):
            result[parameter.name] = walk.payload[parameter.name]
    for level in endpoint.ignored_lists:
        result[level.name] = draw(st.sampled_from([None, [], [{}], [None], "odd", 7]))
    if endpoint.paging:
        rows = len(result[endpoint.rows.levels[0].name])
        numbers_ = {endpoint.paging.total: rows, "PageSize": endpoint.paging.size}
        if endpoint.paging.echo:
            numbers_[endpoint.paging.echo] = 1
        if endpoint.paging.as_text:
            numbers_ = {k: str(v) for k, v in numbers_.items()}
        result.update({endpoint.paging.block: numbers_} if endpoint.paging.block else numbers_)
    return walk, {"ResponseMetadata": {"RequestId": "r"}, "Result": result}


def written(document, pretty, ascii_only):
    return json.dumps(document, indent=pretty or None, ensure_ascii=ascii_only).encode()


def flat(holder, levels, outer, above, depth=0):
    """Rows as dicts, field by field: slow, and plain to see."""
    if not levels:
        yield above
        return
    level, *below = levels
    children = holder.get(level.name) or ([{}] if outer and depth else [])
    children = [holder] if level.name == "" else children
    for child in children:
        fields = {column_of(f) or f.name: child.get(f.name) for f in level.fields}
        yield from flat(child, below, outer, {**above, **fields}, depth + 1)


def converted(column, value):
    if value is None:
        return None
    if column.kind is ColumnType.INSTANT:
        return datetime.fromisoformat(value).astimezone(UTC) if value else None
    if column.kind is ColumnType.INSTANT_MS:
        return EPOCH + timedelta(milliseconds=value)
    if column.kind is ColumnType.FLOAT:
        return float(value) * column.factor
    return value


def expected_of(dataset, walk, document):
    """The rows inside the window by key, how many are outside, whether split rows should refuse."""
    layout = dataset.endpoint.split_rows if walk.is_split else dataset.endpoint.rows
    found = list(flat(document["Result"], layout.levels, layout.outer, {}))
    rows = []
    for position, fields in enumerate(found):
        row = {}
        for column in dataset.columns:
            if column.name == "business_date":
                continue
            value = converted(column, fields.get(column.name))
            if column.name == "slot_seconds":
                value = dataset.bucket_s
            elif column.name == "rank":
                value = position + 1
            row[column.name] = walk.constants.get(column.name) if value is None else value
        rows.append(row)
    inside = rows
    if walk.window:
        first, end = walk.window
        if dataset.bucket_s:
            inside = [row for row in rows if first <= row["slot_start_at"] < end]
        elif dataset.event_start:  # an event may have begun before the window, but not after it
            inside = [row for row in rows if row[dataset.event_start] < end]
            if dataset.endpoint.asked_beyond:  # what lies in the margin was not wanted
                inside = [row for row in inside if row[dataset.event_start] >= first]
    return inside, len(rows) - len(inside)


def key_of(dataset, row):
    names = [name for name in dataset.key if name != "business_date"]
    return tuple((row[name] is None, row[name]) for name in names)


def lacks_its_split(dataset, walk, document):
    """No split rows beside a total that is not zero."""
    if not walk.is_split:
        return False
    split, plain = dataset.endpoint.split_rows, dataset.endpoint.rows
    measures = [c.name for c in dataset.columns if c.kind in (ColumnType.INTEGER, ColumnType.FLOAT)]
    return not list(flat(document["Result"], split.levels, False, {})) and any(
        (row.get(name) or 0) > 0
        for row in flat(document["Result"], plain.levels, False, {})
        for name in measures
        if name not in dataset.key
    )


def check_rows_against_a_plain_reading(dataset, data, pretty, ascii_only):
    """Nulls, absent and empty lists, offsets, fractions, hostile text, ints for floats.

    Both readers: the fast one, and the careful one that a field nobody knows calls in.
    """
    walk, document = data.draw(questions(dataset))
    new = json.loads(json.dumps(document))
    new["Result"]["新 field"] = {"any": ["thing"]}
    bodies = [written(d, pretty, ascii_only) for d in (document, new)]
    if lacks_its_split(dataset, walk, document):
        for body in bodies:
            with pytest.raises(WrongAnswer, match="split by"):
                read_page(dataset, walk, body)
        return
    pages = [read_page(dataset, walk, body) for body in bodies]
    assert pages[0].table == pages[1].table
    assert [page.unknown for page in pages] == [(), ("Result.新 field",)]
    expected, outside = expected_of(dataset, walk, document)
    assert [page.outside for page in pages] == [outside, outside]
    numbered = dataset.duplicate_keys is DuplicateKeys.NUMBER
    for row in expected if numbered else ():
        row["occurrence"] = 1
    keys = {key_of(dataset, row) for row in expected}
    if len(keys) < len(expected) and dataset.duplicate_keys is not DuplicateKeys.REFUSE:
        return  # test_duplicates
    if dataset.endpoint.paging is None:  # what is said twice is one fact
        expected = [row for n, row in enumerate(expected) if row not in expected[:n]]
    if len(keys) < len(expected):
        with pytest.raises(IncompleteAnswer, match="a key came twice"):
            join(dataset, walk, pages[:1])
        return
    expected.sort(key=lambda row: key_of(dataset, row))
    assert join(dataset, walk, pages[:1]).table.to_pylist() == expected


written_anyhow = given(data=st.data(), pretty=st.booleans(), ascii_only=st.booleans())


@all_datasets
@settings(max_examples=3, deadline=None, derandomize=True)
@written_anyhow
def test_rows_are_what_a_plain_reading_of_the_json_gives(dataset, data, pretty, ascii_only):
    check_rows_against_a_plain_reading(dataset, data, pretty, ascii_only)


@pytest.mark.slow
@all_datasets
@settings(max_examples=30, deadline=None)
@written_anyhow
def test_rows_of_many_more_answers_are_those_of_a_plain_reading(dataset, data, pretty, ascii_only):
    check_rows_against_a_plain_reading(dataset, data, pretty, ascii_only)


# --- what must not pass ---


def slots(document):
    """The split items' time series, and the plain one."""
    return document["Result"]["SessionDetailDataList"], document["Result"]["SessionDataList"]


def test_rows_outside_of_the_window_are_dropped_and_counted():
    """An EndTime read as inclusive, or a start that was rounded down."""
    document = sample_of("stream_session")
    details, _ = slots(document)
    details[0]["SessionDataList"] += [
        {"TimeStamp": "2025-02-28T23:55:00+08:00", "OnlineUser": 1, "Request": 1},
        {"TimeStamp": "2025-03-01T00:00:00+08:00", "OnlineUser": 1, "Request": 1},
        {"TimeStamp": "2025-03-01T23:55:00+08:00", "OnlineUser": 1, "Request": 1},
        {"TimeStamp": "2025-03-02T00:00:00+08:00", "OnlineUser": 1, "Request": 1},
    ]
    page = read("stream_session", document)
    assert (page.table.num_rows, page.outside) == (6, 2)


@pytest.mark.parametrize(
    ("name", "rows", "field", "foreign"),
    [
        ("stream_session", "SessionDetailDataList", "Domain", "not-mine.example.com"),
        ("stream_session", "SessionDetailDataList", "ISP", "mobile"),
        ("edge_stat_by_protocol", "EdgeStatDetailDataList", "Protocol", "QUIC"),
        ("batch_stream_traffic", "StreamInfoList", "Domain", "not-mine.example.com"),
        ("batch_push_stream_metrics", "StreamMetricList", "Domain", "pull.example.com"),
        ("top_play", "DataItemList", "Domain", "not-mine.example.com"),
        ("ip_info", "List", "Ip", "192.0.2.8"),
    ],
)
def test_a_row_about_something_that_was_not_asked_for_is_refused(name, rows, field, foreign):
    document = sample_of(name)
    document["Result"][rows][0][field] = foreign
    with pytest.raises(WrongAnswer, match=f"a row's {field} should be") as refusal:
        read(name, document)
    assert refusal.value.value == foreign
    assert refusal.value.action == DATASETS[name].endpoint.action


CASED = Inventory(
    domains=(
        Domain("Push.Example.com", DomainRole.PUSH),
        Domain("Pull.Example.com.", DomainRole.PULL),
    ),
    isps=("telecom", "unicom"),
    streams=(Stream("push.example.COM", "show", "room1"), Stream(PULL, "show", "room1")),
    addresses=("2001:db8::1", "192.0.2.7"),
)


@pytest.mark.parametrize(
    ("name", "rows", "field", "given", "asked"),
    [
        ("batch_stream_traffic", "StreamInfoList", "Domain", PULL, "Pull.Example.com."),
        ("batch_stream_traffic", "StreamInfoList", "Domain", f"{PUSH}.", "Push.Example.com"),
        ("batch_push_stream_metrics", "StreamMetricList", "Domain", PUSH, "Push.Example.com"),
        ("top_play", "DataItemList", "Domain", "pull.EXAMPLE.com", "Pull.Example.com."),
        ("edge_stat", "EdgeStatDetailDataList", "Domain", PULL, "Pull.Example.com."),
        ("edge_stat", "EdgeStatDetailDataList", "ISP", "Unicom", "unicom"),
        ("edge_stat_by_protocol", "EdgeStatDetailDataList", "Protocol", "rtmp", "RTMP"),
        ("ip_info", "List", "Ip", "2001:DB8:0:0::1", "2001:db8::1"),
    ],
)
def test_a_value_in_another_spelling_is_the_one_that_was_asked_for(name, rows, field, given, asked):
    """Domain names compare as in DNS. Rows carry the name as it was asked, so that joins work."""
    walk = first_walk(name, CASED)
    document = sample_of(name, walk)
    labels = {"Domain": PUSH, "ISP": "telecom", "Protocol": "RTMP"}
    items = document["Result"][rows]
    items[1:] = []
    items[0] |= {**{k: v for k, v in labels.items() if k in items[0]}, field: given}
    column = {"Domain": "domain", "Ip": "ip", "ISP": "isp", "Protocol": "protocol"}[field]
    assert {row[column] for row in rows_of(name, document, walk)} == {asked}


@pytest.mark.parametrize(("given", "is_one"), [("show", True), ("Show", False), ("show.", False)])
def test_names_of_streams_are_compared_letter_by_letter(given, is_one):
    walk = first_walk("push_stream_info", CASED)
    walk = request_of(
        DATASETS["push_stream_info"], {**walk.payload, "App": "show", "Stream": "room1"}
    )
    document = sample_of("push_stream_info", walk)
    document["Result"]["PushStreamInfoDataList"][0]["App"] = given
    document["Result"]["PushStreamInfoDataList"][1:] = []
    if is_one:
        assert len(rows_of("push_stream_info", document, walk)) == 1
        return
    with pytest.raises(WrongAnswer, match="a row's App should be show"):
        rows_of("push_stream_info", document, walk)


def test_streams_are_asked_by_the_name_of_their_domain_in_the_inventory():
    """Whatever the spelling in the day's own rows; each stream once."""
    twice = replace(CASED, streams=(*CASED.streams, Stream("PUSH.example.com", "show", "room1")))
    walks = requests_for(DATASETS["push_stream_metrics"], DAY, SHANGHAI, twice)
    assert [walk.constants["domain"] for walk in walks] == ["Push.Example.com"]


NULL_RESULTS = ["push_stream_metrics", "source_traffic", "push_stream_info", "transcode_info"]


@pytest.mark.parametrize("name", NULL_RESULTS)
def test_a_null_result_is_nothing_where_the_vendors_types_allow_it(name):
    document = {"ResponseMetadata": {"RequestId": "r"}, "Result": None}
    page = read(name, document)
    assert (page.table.num_rows, page.outside, page.disagreeing) == (0, 0, ())
    assert rows_of(name, document) == []
    paging = DATASETS[name].endpoint.paging
    assert page.facts == (PageFacts(number=None, total=0, rows=0) if paging else None)


@pytest.mark.parametrize("name", NULL_RESULTS)
def test_a_result_that_may_be_null_may_be_missing_and_says_so(name):
    page = read(name, {"ResponseMetadata": {"RequestId": "r"}})
    assert (page.table.num_rows, page.is_without_result) == (0, True)
    assert join(DATASETS[name], first_walk(name), [page]).is_without_result
    assert not read(name, {"ResponseMetadata": {}, "Result": None}).is_without_result


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("stream_session", {"ResponseMetadata": {"RequestId": "r"}}),
        ("stream_session", {"ResponseMetadata": {}, "Result": None}),
        ("isp", {"Result": None}),
        ("push_stream_metrics", {"ResponseMetadata": {}}),
        ("push_stream_metrics", {"Result": []}),
    ],
)
def test_no_result_is_not_nothing(name, document):
    with pytest.raises(TryLater, match=r"neither a Result nor an Error.*`livestats probe`"):
        read(name, document)


@pytest.mark.parametrize("absent", ["missing", None, []], ids=str)
@split_datasets
def test_a_split_that_did_not_come_is_refused(dataset, absent):
    document = sample_of(dataset.name)
    details = dataset.endpoint.split_rows.levels[0].name
    if absent == "missing":
        del document["Result"][details]
    else:
        document["Result"][details] = absent
    with pytest.raises(WrongAnswer, match=f"Result.{details} .* split by") as refusal:
        read(dataset.name, document)
    assert refusal.value.action == dataset.endpoint.action


def zeroed(value, keep):
    """The same JSON with every number 0, except under the names in `keep`."""
    if isinstance(value, dict):
        return {k: v if k in keep else zeroed(v, keep) for k, v in value.items()}
    if isinstance(value, list):
        return [zeroed(v, keep) for v in value]
    return 0 if isinstance(value, int | float) else value


@split_datasets
def test_nothing_to_split_is_a_day_without_rows(dataset):
    """All zero in the unsplit list, or nothing in it: a domain that nobody used."""
    document = zeroed(sample_of(dataset.name), keep=("StatusCode", "Aggregation"))
    document["Result"][dataset.endpoint.split_rows.levels[0].name] = None
    assert rows_of(dataset.name, document) == []
    document["Result"][dataset.endpoint.rows.levels[0].name] = []
    assert rows_of(dataset.name, document) == []


def test_a_row_without_the_label_it_was_split_by_is_refused():
    document = sample_of("stream_session")
    del document["Result"]["SessionDetailDataList"][1]["ISP"]
    with pytest.raises(WrongAnswer, match="a row's ISP should be filled and is None"):
        read("stream_session", document)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("top_play", ("DataItemList",)),
        ("batch_stream_traffic", ("StreamInfoList",)),
    ],
)
def test_a_key_that_comes_twice_on_pages_makes_the_answer_incomplete(name, path):
    document, _ = listed_twice(name, path)
    with pytest.raises(IncompleteAnswer, match="a key came twice in"):
        rows_of(name, document)


SERIES = [
    ("stream_session", ("SessionDetailDataList",)),
    ("stream_session", ("SessionDetailDataList", 0, "SessionDataList")),
    ("play_status_code", ("StatusDetailDataList", 0, "StatusDataList")),
    ("batch_push_stream_metrics", ("StreamMetricList", 0, "MetricList")),
    ("ip_info", ("List",)),
]


def listed_twice(name, path):
    """The sample with the first item of a list twice, and the second of the two."""
    document = sample_of(name)
    rows = document["Result"]
    for step in path:
        rows = rows[step]
    rows.append(json.loads(json.dumps(rows[0])))
    return document, rows[-1]


@pytest.mark.parametrize(("name", "path"), SERIES)
def test_what_an_answer_without_pages_says_twice_is_one_fact(name, path):
    document, _ = listed_twice(name, path)
    assert rows_of(name, document) == rows_of(name, sample_of(name))


@pytest.mark.parametrize(("name", "path"), SERIES)
def test_an_answer_that_says_two_things_of_one_key_is_refused(name, path):
    document, item = listed_twice(name, path)
    change_a_value(item)
    with pytest.raises(IncompleteAnswer, match="a key came twice in"):
        rows_of(name, document)


def change_a_value(item):
    """Another figure, or another carrier, in the first row of an item."""
    inner = next((value for value in item.values() if isinstance(value, list)), None)
    if inner:
        change_a_value(inner[0])
        return
    name = next(name for name in ("Request", "Value", "Bitrate", "Isp") if name in item)
    item[name] = "unicom" if isinstance(item[name], str) else item[name] + 1


def test_a_key_that_comes_twice_with_a_null_in_it_is_found():
    document = sample_of("region")
    once = rows_of("region", document)
    document["Result"]["Areas"].append(document["Result"]["Areas"][2])
    assert rows_of("region", document) == once
    assert ("OTHER", None) in {(row["area_code"], row["country_code"]) for row in once}


def test_hostile_names_cannot_forge_a_log_line():
    document = sample_of("batch_stream_traffic")
    rows = document["Result"]["StreamInfoList"]
    rows[0]["Stream"] = rows[1]["Stream"] = "a\nERROR forged \x1b[31m"
    with pytest.raises(IncompleteAnswer) as twice:
        rows_of("batch_stream_traffic", document)
    assert str(twice.value).isprintable()


@pytest.mark.parametrize(
    "time",
    [
        "2025-03-01T20:00:00",
        "2025-03-01",
        "2025-02-30T00:00:00+08:00",
        "",
        "now",
        "1740830400",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-08:00",
        "2025-03-01T20:00:00.+08:00",
    ],
)
def test_a_time_that_is_none_is_refused_by_name_and_value(time):
    document = sample_of("push_stream_info")
    document["Result"]["PushStreamInfoDataList"][1]["EndTime"] = time
    with pytest.raises(WrongAnswer, match="EndTime should be an RFC 3339 time") as refusal:
        read("push_stream_info", document)
    assert refusal.value.value == time


def test_an_optional_time_may_be_empty():
    document = sample_of("domain")
    document["Result"]["DomainList"][0]["CreateTime"] = ""
    assert [row["created_at"] for row in rows_of("domain", document)].count(None) == 1


@pytest.mark.parametrize("ms", [2**62, -(2**62), 253_402_300_800_000])
def test_milliseconds_beyond_any_calendar_are_refused(ms):
    document = sample_of("batch_push_stream_metrics")
    document["Result"]["StreamMetricList"][0]["MetricList"][1]["StreamBeginTime"] = ms
    with pytest.raises(WrongAnswer, match="StreamBeginTime should be Unix milliseconds") as refusal:
        read("batch_push_stream_metrics", document)
    assert refusal.value.value == ms


def test_a_number_too_large_for_our_unit_is_refused():
    document = sample_of("batch_stream_traffic")
    document["Result"]["StreamInfoList"][2]["UpTraffic"] = 1e300 * 1e8
    with pytest.raises(WrongAnswer, match="UpTraffic should be a number that stays finite"):
        read("batch_stream_traffic", document)


@given(st.integers(0, 10**15))
def test_a_value_is_the_api_value_times_the_factor_of_the_dictionary(value):
    """To the last bit: other programs compare our tables with the API through it."""
    document = sample_of("top_play")
    document["Result"]["DataItemList"][0]["PeakBandwidth"] = value
    peaks = [row["peak_bandwidth_mbps"] for row in rows_of("top_play", document)]
    assert peaks[1] == value * 1e-6


# --- totals ---


@pytest.mark.parametrize(
    ("name", "path", "total"),
    [
        ("stream_session", ("SessionDetailDataList", 1), "TotalRequest"),
        ("stream_session", ("SessionDetailDataList", 0), "PeakOnlineUser"),
        ("source_traffic", ("TrafficDetailDataList", 1), "TotalTraffic"),
        ("edge_stat", ("EdgeStatDetailDataList", 0), "PeakDownBandwidth"),
        ("edge_stat", ("EdgeStatDetailDataList", 0), "TotalRequest"),
        ("batch_stream_session", (), "TotalRequest"),
        ("batch_stream_traffic", (), "TotalDownTraffic"),
    ],
)
def test_a_total_that_its_rows_do_not_add_up_to_is_named(name, path, total):
    document = sample_of(name)
    holder = document["Result"]
    for step in path:
        holder = holder[step]
    told = holder[total]
    holder[total] = type(told)(told * 1.001 + 1)
    walk = first_walk(name)
    rows = join(DATASETS[name], walk, [read(name, document, walk=walk)])
    assert rows.disagreeing == (total,)


def test_a_split_that_lacks_a_whole_domain_is_named():
    """Each item agrees with itself; only the total over all of them tells that one is missing."""
    document = sample_of("stream_session")
    details = document["Result"]["SessionDetailDataList"]
    del details[0]
    assert {*read("stream_session", document).disagreeing} == {"TotalRequest", "PeakOnlineUser"}


def test_protocols_may_exceed_the_total():
    """QUIC counts again what other protocols carry."""
    document = sample_of("edge_stat_by_protocol")
    document["Result"]["TotalRequest"] *= 0.75  # no less than the largest of them
    assert read("edge_stat_by_protocol", document).disagreeing == ()


def test_totals_of_an_unsplit_answer_are_compared_too():
    walk = first_walk("stream_session", ONE)
    document = sample_of("stream_session", walk)
    assert not walk.is_split
    assert read("stream_session", document, walk=walk).disagreeing == ()
    document["Result"]["TotalRequest"] += 1000
    assert read("stream_session", document, walk=walk).disagreeing == ("TotalRequest",)


@pytest.mark.parametrize("total", [None, "many", float("nan"), True])
def test_a_total_that_cannot_be_compared_does_not_cost_the_day(total):
    document = sample_of("edge_stat")
    document["Result"]["EdgeStatDetailDataList"][0]["TotalRequest"] = total
    page = read("edge_stat", document)
    assert (page.table.num_rows, page.disagreeing) == (4, ())


def test_totals_are_not_compared_when_rows_were_dropped():
    """Whether a total counts what lies outside of the window is not known."""
    document = sample_of("stream_session")
    details, _ = slots(document)
    details[0]["SessionDataList"][0]["TimeStamp"] = "2025-03-02T00:00:00+08:00"
    details[0]["TotalRequest"] -= details[0]["SessionDataList"][0]["Request"]
    page = read("stream_session", document)
    assert (page.outside, page.disagreeing) == (1, ())


# --- pages ---


def test_pages_are_joined_and_ranks_go_on():
    """TopPlay: numbers as text. Pages may be shorter than asked for, and come in any order."""
    pages = []
    for number in (2, 1):
        document = sample_of("top_play")
        told = {"PageNum": str(number), "PageSize": "1000", "TotalCount": "4"}
        document["Result"]["Pagination"] = told
        for row in document["Result"]["DataItemList"]:
            row["App"] = f"{number}"
        pages.append(read("top_play", document, number=number))
    assert pages[0].facts == PageFacts(number=2, total=4, rows=2)
    rows = join(DATASETS["top_play"], first_walk("top_play"), pages).table.to_pylist()
    assert sorted((row["app"], row["rank"]) for row in rows) == [
        ("1", 1),
        ("1", 2),
        ("2", 3),
        ("2", 4),
    ]


def test_a_key_on_two_pages_makes_the_walk_incomplete():
    name = "batch_stream_traffic"
    page = read(name, sample_of(name))
    with pytest.raises(IncompleteAnswer, match="a key came twice"):
        join(DATASETS[name], first_walk(name), [page, page])


def page_of_log_files(number, *files):
    """Page of the list of log files of 2025-03-01: (domain, hour, ending) each."""
    document = sample_of("log_file")
    row = document["Result"]["LogInfoList"][0]
    document["Result"]["LogInfoList"] = [
        {**row, "Domain": domain, "DateTime": f"2025-03-{hour}:00:00+08:00", "LogName": f"{n}.gz"}
        for domain, hour, n in files
    ]
    document["Result"]["Pagination"] |= {"PageNum": number, "TotalCount": 6}
    return read("log_file", document, number=number)


def test_pages_of_nothing_but_dropped_rows_are_compared_by_these():
    """A log file is asked for an hour beyond the day: pages of two rows may have none of the day."""
    early = page_of_log_files(1, ("a", "01T00", 1), ("b", "01T00", 2))
    outside = [
        page_of_log_files(number, ("a", "02T00", number), ("b", "02T00", number))
        for number in (1, 2, 2)
    ]
    assert [(len(page.table), page.outside) for page in outside] == [(0, 2)] * 3
    assert not outside[1].repeats(outside[0])
    assert outside[2].repeats(outside[1])
    assert not outside[0].repeats(early)
    rows = join(DATASETS["log_file"], first_walk("log_file"), [early, *outside[:2]])
    assert (rows.table.num_rows, rows.outside) == (2, 4)


def test_a_dropped_row_on_two_pages_makes_the_walk_incomplete():
    """A row of the day may have moved from one page to another meanwhile, and be on none."""
    pages = [
        page_of_log_files(1, ("a", "01T00", 1), ("a", "02T00", 2)),
        page_of_log_files(2, ("a", "02T00", 2), ("b", "02T00", 3)),
    ]
    with pytest.raises(IncompleteAnswer, match="a key came twice"):
        join(DATASETS["log_file"], first_walk("log_file"), pages)


def test_totals_count_over_all_pages():
    name = "batch_stream_traffic"
    pages = []
    for number in (1, 2):
        document = sample_of(name)
        for row in document["Result"]["StreamInfoList"]:
            row["Stream"] += f" on page {number}"
        document["Result"]["TotalUpTraffic"] *= 2
        document["Result"]["TotalDownTraffic"] *= 2
        pages.append(read(name, document, number=number))
    rows = join(DATASETS[name], first_walk(name), pages)
    assert (rows.table.num_rows, rows.disagreeing) == (6, ())
