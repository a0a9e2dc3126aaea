"""The commands without a server: usage, exit codes, and what they say when nothing is there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ports import free_port
from tabwire.cli import chromium, doctor, extension, supervisor, trust, watch
from tabwire.cli.console import FAILED, OK
from tabwire.cli.up import check_port
from tabwire.demo import task as demo_task
from tabwire.describe import describe
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tabwire(tmp_path: Path) -> Run:
    """Runs the real command in a home of its own."""
    port = free_port()

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "TABWIRE_HOME": str(tmp_path / "home"),
            "TABWIRE_PORT": str(port),
            **more,
        }
        command = [str(Path(sys.executable).parent / "tabwire"), *arguments]
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_nothing_listens(tabwire: Run) -> None:
    result = tabwire("browsers")
    assert result.returncode == 3
    assert "Nothing listens" in result.stderr
    assert "tabwire up" in result.stderr
    assert result.stdout == ""


def test_errors_are_json_for_programs(tabwire: Run) -> None:
    result = tabwire("task", "run", "read page", "--json")
    assert result.returncode == 3
    assert json.loads(result.stdout)["error_info"]["error_code"] == "ERROR_CODE_UNAVAILABLE"


def test_wrong_usage(tabwire: Run) -> None:
    assert tabwire("act", "click", "twelve").returncode == 2
    assert tabwire("nonsense").returncode == 2


def test_a_wrong_setting_is_named(tabwire: Run) -> None:
    result = tabwire("paths", TABWIRE_PORT="99999")
    assert result.returncode == 2
    assert "TABWIRE_PORT" in result.stderr


def test_settings_never_show_a_secret(tabwire: Run) -> None:
    result = tabwire("settings", "--json", OPENAI_API_KEY="sk-very-secret", TABWIRE_MODEL="m1")
    rows = {row["name"]: row for row in json.loads(result.stdout)["settings"]}
    assert rows["OPENAI_API_KEY"]["value"] == "(set)"
    assert rows["TABWIRE_MODEL"] == {**rows["TABWIRE_MODEL"], "value": "m1", "is_default": False}
    assert all(row["help"] for row in rows.values())
    assert "very-secret" not in result.stdout + tabwire("settings", OPENAI_API_KEY="sk-very-secret").stdout


def test_the_doctor_before_the_first_start(tabwire: Run) -> None:
    result = tabwire("doctor", "--json")
    found = json.loads(result.stdout)
    assert result.returncode == 3
    assert found["ok"] is False
    assert "tabwire up" in found["checks"][-1]["remedy"]


def test_a_port_in_use_names_who_and_what_to_do(tabwire: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = tabwire("up", TABWIRE_PORT=port, TABWIRE_BROWSER="none")
    assert result.returncode == 3
    assert f"Port {port} is already in use by" in result.stdout + result.stderr
    assert "TABWIRE_PORT=" in result.stderr


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(TabwireError) as caught:
        check_port("192.0.2.1", free_port())
    assert "TABWIRE_HOST" in caught.value.info.remedy


def test_the_demo_in_plain_commands_unless_there_is_a_model() -> None:
    from tabwire.agent.command_parser import parse

    text = demo_task.prompt(Settings(model=""))
    assert len(parse(text)) == 7
    assert demo_task.prompt(Settings(model="m")) == demo_task.IN_WORDS


def test_the_browser_is_started_with_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca.ensure(tmp_path / "keys")
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    chosen = Settings(home=tmp_path, browser="headless", browser_path=str(program), browser_args="--lang=en '--a=b c'")
    command = chromium.command(chosen)
    assert command[0] == str(program)
    assert f"--load-extension={tmp_path}/managed/extension" in command
    assert f"--user-data-dir={tmp_path}/managed/profile" in command
    assert "--headless=new" in command
    assert command[-3:] == ["--lang=en", "--a=b c", "about:blank"]
    assert any(ca.spki_sha256(tmp_path / "keys" / "ca.pem") in argument for argument in command)
    monkeypatch.setenv("DISPLAY", ":0")
    assert not chromium.is_headless(Settings(browser="auto"))


def test_no_browser_has_one_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TabwireError) as caught:
        chromium.find(Settings())
    assert "apt-get install chromium" in caught.value.info.remedy
    with pytest.raises(TabwireError) as caught:
        trust.install(tmp_path / "ca.pem", tmp_path)
    assert "apt-get install libnss3-tools" in caught.value.info.remedy


def test_the_extensions_copy_is_replaced_as_a_whole(tmp_path: Path) -> None:
    built, target = tmp_path / "built", tmp_path / "home" / "extension"
    built.mkdir()
    (built / "manifest.json").write_text("1")
    extension.install(built, target)
    extension.offer_pairing(target, "https://127.0.0.1:1", "AAAA-BBBB", automatic=False)
    assert json.loads((target / "pairing.json").read_text()) == {
        "server_url": "https://127.0.0.1:1",
        "code": "AAAA-BBBB",
        "automatic": False,
    }
    assert (target / "pairing.json").stat().st_mode & 0o777 == 0o600
    (built / "manifest.json").write_text("2")
    extension.install(built, target)
    assert {path.name for path in target.iterdir()} == {"manifest.json"}
    assert {path.name for path in target.parent.iterdir()} == {"extension"}


def test_a_browser_never_finds_half_an_extension(tmp_path: Path) -> None:
    """Somebody reads all the time while the copy is replaced again and again."""
    target = tmp_path / "home" / "extension"
    builds = []
    for name in ("one", "two"):
        built = tmp_path / name
        built.mkdir()
        for number in range(30):
            (built / f"{number}.js").write_text(name * 500)
        builds.append(built)
    extension.install(builds[0], target)
    faults: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            faults.extend(name for name in ("0.js", "29.js") if not (target / name).exists())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(1, 40):
        extension.install(builds[turn % 2], target)
    stop.set()
    reader.join()
    assert faults == []
    assert (target / "0.js").read_text() == "two" * 500


def test_an_installation_that_was_ended_halfway_is_finished(tmp_path: Path) -> None:
    built, target = tmp_path / "built", tmp_path / "home" / "extension"
    built.mkdir()
    (built / "manifest.json").write_text("2")
    old = target.with_name(".extension.old")
    old.mkdir(parents=True)
    (old / "manifest.json").write_text("1")
    fresh = target.with_name(".extension.new")
    fresh.mkdir()
    extension.install(built, target)
    assert (target / "manifest.json").read_text() == "2"
    assert {path.name for path in target.parent.iterdir()} == {"extension"}


def test_where_the_system_cannot_exchange_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "_exchange", lambda *_: False)
    built, target = tmp_path / "built", tmp_path / "extension"
    built.mkdir()
    for content in ("1", "2"):
        (built / "manifest.json").write_text(content)
        extension.install(built, target)
        assert (target / "manifest.json").read_text() == content


def test_a_copy_that_is_right_stays_with_its_offer(tmp_path: Path) -> None:
    built, target = tmp_path / "built", tmp_path / "extension"
    built.mkdir()
    (built / "manifest.json").write_text("1")
    extension.install(built, target)
    before = (target / "manifest.json").stat().st_ino
    extension.offer_pairing(target, "https://127.0.0.1:1", "AAAA-BBBB", automatic=True)
    extension.install(built, target)
    assert (target / "manifest.json").stat().st_ino == before
    assert (target / "pairing.json").exists()


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"a\nb\n")
    supervisor.rotate(log)
    assert supervisor.tail(log, 1) == "b"
    log.write_bytes(b"x" * (11 * 2**20))
    supervisor.rotate(log)
    assert not log.exists()
    assert (tmp_path / "server.old.log").exists()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (task_pb2.TASK_STATE_SUCCEEDED, OK),
        (task_pb2.TASK_STATE_FAILED, FAILED),
        (task_pb2.TASK_STATE_STOPPED, FAILED),
        (task_pb2.TASK_STATE_QUEUED, OK),
    ],
)
def test_exit_codes_of_tasks(state: task_pb2.TaskState.ValueType, code: int) -> None:
    assert watch.exit_code(task_pb2.Task(state=state)) == code


def test_actions_in_one_line() -> None:
    keys = action_pb2.Action(press_keys=action_pb2.PressKeysAction(keys=["Control+a", "Enter"]))
    assert describe(keys) == "press keys keys='Control+a, Enter'"
    scroll = action_pb2.Action(scroll=action_pb2.ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN, pages=2))
    assert describe(scroll) == "scroll direction='down' pages=2.0"
    names = [
        task_pb2.NamedElement(element_id=3, role="button", name="Save"),
        task_pb2.NamedElement(element_id=4, role="image"),
    ]
    click = action_pb2.Action(click=action_pb2.ClickAction(element_id=3))
    assert describe(click, names) == 'click button "Save"'
    drag = action_pb2.Action(drag=action_pb2.DragAction(element_id=3, to_element_id=4))
    assert describe(drag, names) == 'drag button "Save" to image'


def test_trust_is_written_once_and_taken_back(tmp_path: Path) -> None:
    made = ca.ensure(tmp_path / "keys")
    (database,) = trust.install(made.ca, tmp_path)
    assert trust.is_installed(made.ca, database)
    other = ca.ensure(tmp_path / "other")
    trust.install(other.ca, tmp_path)
    assert trust.is_installed(other.ca, database)
    assert not trust.is_installed(made.ca, database)
    trust.remove(database)
    assert not trust.is_installed(other.ca, database)


def test_what_was_never_trusted_is_not_taken_back(tmp_path: Path) -> None:
    assert trust.uninstall(tmp_path) == []
    made = ca.ensure(tmp_path / "keys")
    done = trust.install(made.ca, tmp_path)
    assert trust.uninstall(tmp_path) == done
    assert trust.uninstall(tmp_path) == []


async def test_the_doctor_knows_a_certificate_that_has_ended(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    chosen = Settings(home=tmp_path)
    ca.ensure(chosen.keys_path, now=datetime.now(UTC) - timedelta(days=200))
    checks: list[Any] = [check async for check in doctor.examine(chosen)]
    assert [check.ok for check in checks] == [False]
    assert "ended on" in checks[0].message


def test_errors_list_what_the_caller_may_have_meant(capsys: pytest.CaptureFixture[str]) -> None:
    from tabwire.cli.console import tell_error

    info = error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_AMBIGUOUS_TARGET, message="Two match.", remedy="Say.")
    info.details.candidates.candidates.add(element_id=7, role="button", name="Add")
    assert tell_error(info) == FAILED
    told = capsys.readouterr().err
    assert "7  button 'Add'" in told
    assert "Say." in told
