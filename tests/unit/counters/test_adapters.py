"""What makers of counters send, read make by make; shapes as their own documents show them, numbers invented."""

import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.counters.adapters import READERS
from services.counters.adapters.common import Counted, Fault, Make, Place, Span, Total
from services.counters.adapters.discretion import found_in

OSLO = ZoneInfo("Europe/Oslo")
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def read(make: Make, payload: Any) -> list[Counted]:
    return list(READERS[make](payload, Place(OSLO, NOW)))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def xovis(*records: dict[str, Any], name: str = "logics_data") -> dict[str, Any]:
    logic = {"id": 4, "name": "Main door", "info": "XLT_LINE_IN_OUT_COUNT", "records": list(records)}
    return {name: {"package_info": {"version": "5.0", "id": 17, "agent_id": 1}, "logics": [logic]}}


def crossing(start: Any, end: Any, forwards: Any = 3, backwards: Any = 1) -> dict[str, Any]:
    counts = [{"id": 1, "name": "fw", "value": forwards}, {"id": 2, "name": "bw", "value": backwards}]
    return {"from": start, "to": end, "samples": 10, "samples_expected": 10, "counts": counts}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-24T10:00:00Z", "2026-11-24T10:15:00Z"),
        ("2026-11-24T11:00:00+01:00", "2026-11-24T11:15:00+01:00"),
        ("2026-11-24T11:00:00", "2026-11-24T11:15:00"),
        (1795514400000, 1795515300000),
    ],
)
def test_xovis__however_it_writes_times__is_the_span_of_its_line(start: Any, end: Any) -> None:
    expected = Span("4", at("2026-11-24T10:00"), at("2026-11-24T10:15"), 3, 1, 17)
    assert read("xovis", xovis(crossing(start, end))) == [expected]


def test_xovis__counts_by_groups_of_persons__are_added_up() -> None:
    names = ("Forward line counter male", "Backward line counter male", "Forward line counter female")
    record = crossing("2026-11-24T10:00:00Z", "2026-11-24T10:15:00Z")
    record["counts"] = [{"id": n, "name": name, "value": n + 1} for n, name in enumerate(names)]
    (found,) = read("xovis", xovis(record))
    assert (found.count_in, found.count_out) == (1 + 3, 2)


def test_xovis__what_holds_no_line__gives_nothing() -> None:
    zone = crossing("2026-11-24T10:00:00Z", "2026-11-24T10:15:00Z") | {"counts": [{"name": "balance", "value": 4}]}
    assert read("xovis", xovis(zone)) == []
    assert read("xovis", {"status_data": {"states": {}}}) == []


def test_axis__running_numbers_of_the_day__on_the_local_clock() -> None:
    live = {"serial": "00408C000000", "name": "South", "timestamp": "20261124111500", "in": 12, "out": 318}
    assert read("axis", live) == [Total("", at("2026-11-24T10:15"), 12, 318)]


def test_axis__in_the_hour_that_comes_twice__is_the_first_pass() -> None:
    (found,) = read("axis", {"timestamp": "20261025023000", "in": 1, "out": 2})
    assert found == Total("", at("2026-10-25T00:30"), 1, 2)


def test_axis__intervals_of_the_3d_counter__are_spans() -> None:
    rows = [{"start": "2026-11-24T11:00:00", "end": "2026-11-24T11:15:00", "in": 4, "out": 5}]
    expected = [Span("", at("2026-11-24T10:00"), at("2026-11-24T10:15"), 4, 5)]
    assert read("axis", rows) == read("axis", {"data": rows}) == expected


def test_sensmax__running_numbers__are_taken_unless_it_is_offline() -> None:
    report = {"id": 4242, "name": "Door", "date": "2026-11-24 11:15 +01:00", "in": 7, "out": 6, "offline": False}
    assert read("sensmax", report) == [Total("", at("2026-11-24T10:15"), 7, 6)]
    assert read("sensmax", report | {"offline": True}) == []


def test_milesight__over_http__has_periods_and_running_numbers_of_each_line() -> None:
    message = {
        "device_info": {"device_sn": "0000E00000000000", "device_mac": "24:E1:24:00:00:00", "wlan_mac": "24:E1:24"},
        "time_info": {"start_time": "2026-11-24T11:00:00+01:00", "end_time": "2026-11-24T11:15:00+01:00"},
        "line_periodic_data": [{"line": 1, "total": {"in": 2, "out": 3}, "group": {"in": 1, "out": 0}}],
        "line_total_data": [{"line": 1, "total": {"in_counted": 20, "out_counted": 30, "capacity_counted": -10}}],
    }
    assert read("milesight", message) == [
        Total("1", at("2026-11-24T10:15"), 20, 30),
        Span("1", at("2026-11-24T10:00"), at("2026-11-24T10:15"), 2, 3),
    ]


def test_milesight__over_http_in_older_firmware__has_the_numbers_in_the_line_itself() -> None:
    message = {
        "time_info": {"start_time": "2026/11/24 11:00:00", "end_time": "2026/11/24 11:15:00"},
        "line_periodic_data": [{"line": 2, "in": 2, "out": 3}],
    }
    assert read("milesight", message) == [Span("2", at("2026-11-24T10:00"), at("2026-11-24T10:15"), 2, 3)]


def test_irisys__registers__are_lines_of_one_direction() -> None:
    counts = [{"Name": "Line 1", "RegisterId": 0, "Value": 121}, {"Name": "Line 2", "RegisterId": 1, "Value": 127}]
    log = {"Counts": counts, "LogEntryId": 353493, "Timestamp": "2026-11-24T10:15:00Z"}
    assert read("irisys", {"CountLogs": [log], "FriendlyDeviceSerial": "V4D-00000000"}) == [
        Total("Line 1", at("2026-11-24T10:15"), 121, 0, 353493),
        Total("Line 2", at("2026-11-24T10:15"), 127, 0, 353493),
    ]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda decoded: {"uplink_message": {"f_port": 1, "f_cnt": 9, "decoded_payload": decoded}},
        lambda decoded: {"object": decoded, "fCnt": 9},
        lambda decoded: {"fPort": 1, "bytes_hex": "00", "decoded": decoded},
        lambda decoded: decoded,
    ],
)
def test_lora__however_the_network_wraps_it__is_received_now_where_it_says_nothing_else(wrapped: Any) -> None:
    (found,) = read("terabee", wrapped({"count_in": 200, "count_out": 456, "flags": {}}))
    assert isinstance(found, Total)
    assert (found.at, found.count_in, found.count_out) == (NOW, 200, 456)


def test_lora__time_of_the_network__is_the_time_of_the_count() -> None:
    message = {"received_at": "2026-11-24T10:15:03.123456789Z", "decoded_payload": {"count_in": 1, "count_out": 2}}
    (found,) = read("terabee", {"uplink_message": message})
    assert isinstance(found, Total)
    assert found.at.replace(microsecond=0) == at("2026-11-24T10:15:03")


@pytest.mark.parametrize("flag", ["TPC_STOPPED", "TPC_STUCK", "MULTI_DEV_ISSUE"])
def test_terabee__that_does_not_count__gives_nothing(flag: str) -> None:
    assert read("terabee", {"count_in": 0, "count_out": 0, "flags": {flag: 1}}) == []
    assert len(read("terabee", {"count_in": 0, "count_out": 0, "flags": {"WIFI_AP_ENABLED": 1, flag: 0}})) == 1


@pytest.mark.parametrize(
    ("make", "payload", "where"),
    [
        ("xovis", [], ""),
        ("xovis", {}, "logics_data"),
        ("xovis", {"logics_data": []}, "logics_data"),
        ("xovis", {"logics_data": {"logics": [{"records": {}}]}}, "logics_data.logics.0.records"),
        ("xovis", xovis(crossing("yesterday", "now")), "logics_data.logics.0.records.0.from"),
        ("xovis", xovis(crossing("2026-11-24T10:00:00Z", None)), "logics_data.logics.0.records.0.to"),
        ("xovis", xovis(crossing(1, 2, forwards="3")), "logics_data.logics.0.records.0.counts.0.value"),
        ("xovis", xovis(crossing(1, 2, forwards=-3)), "logics_data.logics.0.records.0.counts.0.value"),
        ("axis", {"timestamp": "20261124111500", "in": 1}, "out"),
        ("axis", {"timestamp": "20261301000000", "in": 1, "out": 1}, "timestamp"),
        ("axis", {"in": 1, "out": 1}, "timestamp"),
        ("axis", [{"start": "2026-11-24T11:00:00", "end": "x", "in": 1, "out": 1}], "0.end"),
        ("sensmax", {"date": "2026-11-24 11:15 +01:00", "inside": 4, "max": 7}, "in"),
        ("sensmax", {"date": "soon"}, "date"),
        ("milesight", {}, "line_total_data"),
        ("milesight", {"line_total_data": [{"line": 1}], "time_info": {}}, "line_total_data.0.in_counted"),
        ("milesight", {"total_in": 1}, "total_out"),
        ("milesight", {"line_1": {"total_in": True, "total_out": 1}}, "line_1.total_in"),
        (
            "irisys",
            {"CountLogs": [{"Timestamp": "2018-12-03T14:21:00Z", "Counts": [{}]}]},
            "CountLogs.0.Counts.0.Value",
        ),
        ("irisys", {}, "CountLogs"),
        ("terabee", {}, "count_in"),
        ("terabee", {"uplink_message": {"frm_payload": "AAA="}}, "uplink_message.decoded_payload"),
        ("terabee", {"count_in": 2**63, "count_out": 0}, "count_in"),
        ("imbuildings", {"total_counter_a": 1}, "total_counter_b"),
        ("imbuildings", {"counter": 1}, "total_counter_a"),
    ],
)
def test_payload__that_is_none_of_the_makers__is_refused_with_its_place(make: Make, payload: Any, where: str) -> None:
    with pytest.raises(Fault) as refused:
        read(make, payload)
    assert refused.value.where == where
    assert refused.value.message.nb != refused.value.message.en


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"line_total_data": [], "snapshot": "/9j/4AAQSkZJRgABAQ"}, ("image", "snapshot")),
        ({"a": [{"b": {"image_base64": ""}}]}, ("image", "a.0.b.image_base64")),
        ({"a": {"note": "data:image/jpeg;base64," + "A" * 60}}, ("image", "a.note")),
        ({"a": ["iVBORw0KGgo" + "A" * 60]}, ("image", "a.0")),
        (xovis(name="live_data"), ("track", "live_data")),
        ({"region_data": {"dwell": [{"people_id": 5}]}}, ("track", "region_data.dwell.0.people_id")),
        ({"frames": [{"tracked_objects": []}]}, ("track", "frames.0.tracked_objects")),
        ({"type": "LIVE_DATA", "config": {}}, ("track", "type")),
        ({"type": "WIFI_BT"}, ("radio", "type")),
        ({"wifi_bt_data": {}}, ("radio", "wifi_bt_data")),
        ({"logics_data": {}, "wifi_bt": []}, ("radio", "wifi_bt")),
        ({"logics_data": {}, "Wifi-BT": []}, ("radio", "Wifi-BT")),
        ({"counts": [{"trackedObjects": []}]}, ("track", "counts.0.trackedObjects")),
        ({"counts": [{"personHeight": 1.7}]}, ("track", "counts.0.personHeight")),
        ({"sensor": {"probe_requests": [1]}}, ("radio", "sensor.probe_requests")),
        (xovis(crossing(1, 2)), None),
        ({"flags": {"WIFI_AP_ENABLED": 1}, "device_info": {"wlan_mac": "24:E1:24:00:00:00"}}, None),
    ],
)
def test_discretion__finds_pictures_tracks_and_radio_anywhere_and_nothing_else(payload: Any, expected: Any) -> None:
    assert found_in(payload) == expected


def test_discretion__too_deep_to_look_into__is_refused() -> None:
    payload: Any = {}
    for _ in range(30):
        payload = {"a": payload}
    with pytest.raises(Fault):
        found_in(payload)


@pytest.fixture(scope="session")
def payloads(shared_data: Path) -> Path:
    folder = shared_data / "counter-payloads"
    if not folder.exists():
        pytest.skip("counter-payloads is not among the real data sets here")
    return folder


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize(
    ("make", "file", "expected"),
    [
        ("imbuildings", "imbuildings_people_counter.json", [[("", 13, 10, 106)]]),
        ("milesight", "milesight_vs133.json", [[("1", 72, 200, 0), ("2", 0, 0, 0)]]),
        ("milesight", "milesight_vs360.json", [[("", 18, 22, 0)]]),
        ("terabee", "terabee_people_flow_l_xl.json", [[("", 200, 456, 0)], [], [], []]),
    ],
)
def test_real_message__of_the_maker__is_read(payloads: Path, make: Make, file: str, expected: Any, bare: bool) -> None:
    examples = json.loads((payloads / file).read_text())["examples"]
    found = [read(make, example["decoded"] if bare else example) for example in examples]
    assert [[(one.line, one.count_in, one.count_out, one.sequence) for one in each] for each in found] == expected


def test_real_settings_of_xovis__that_ask_for_tracks__are_refused(payloads: Path) -> None:
    examples = json.loads((payloads / "xovis_v5_api_examples.json").read_text())
    assert found_in(examples["push_config_live_data"]) == ("track", "type")
    for name in ("push_config_logics", "push_trigger_time_range", "history_status"):
        with pytest.raises(Fault):
            read("xovis", examples[name])
