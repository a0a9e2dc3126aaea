"""`tabwire act ACTION …`: one command for each action of the contract, made from its descriptor.

Names, types, choices and help come from `action.proto` and its comments; there is no list of actions here. Values
may be given by position, in the order of the fields, or by name: `act click 12` is `act click --element-id 12`.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from google.protobuf.descriptor import FieldDescriptor
from rich.markup import escape

from tabwire.agent import catalog
from tabwire.agent.extracted import extracted_text
from tabwire.cli.browser_commands import show_state
from tabwire.cli.console import FAILED, OK, BrowserId, Json, TabId, call, out, print_message, short_enum, tell_error
from tabwire.enums import name_of
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, browser_service_pb2, error_pb2, options_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tabwire.client import Client

app = typer.Typer(help="Do one action in a browser, without an agent.", no_args_is_help=True)

_INTEGERS = {FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT64}
_REALS = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
_COMMON = ("values", "in_tab", "in_browser", "with_state", "save", "json")

Save = Annotated[Path | None, typer.Option("--save", help="Where to put the picture, if the action takes one.")]
WithState = Annotated[bool, typer.Option("--state", help="Also show the page afterwards.")]


def _register() -> None:
    for facts in catalog.actions().values():
        if facts.performer == options_pb2.PERFORMER_AGENT:
            continue
        name = facts.name.replace("_", "-")
        app.command(name, help=facts.description)(_command(facts))
        if name != facts.name:
            app.command(facts.name, help=facts.description, hidden=True)(_command(facts))


def _command(facts: catalog.ActionFacts) -> Callable[..., None]:
    """A function with the signature that Typer reads the arguments from."""

    def command(**given: Any) -> None:
        common = {name: given.pop(name) for name in _COMMON}
        action = build(facts, common["values"] or (), given)
        _do(
            action,
            tab=common["in_tab"],
            browser=common["in_browser"],
            with_state=common["with_state"],
            save=common["save"],
            json=common["json"],
        )

    positional = " ".join(f"[{_metavar(field)}]" for field in _positional(facts))
    parameters = []
    if positional:
        help_text = "The same values by position."
        annotation = Annotated[list[str] | None, typer.Argument(metavar=positional, help=help_text)]
        parameters.append(_parameter("values", annotation, None))
    parameters += [_parameter(field.name, *_option(field)) for field in facts.fields]
    parameters += [
        _parameter("in_tab", TabId, 0),
        _parameter("in_browser", BrowserId, ""),
        _parameter("with_state", WithState, False),
        _parameter("save", Save, None),
        _parameter("json", Json, False),
    ]

    def wrapper(**given: Any) -> None:
        given.setdefault("values", None)
        command(**given)

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # Typer reads it, mypy does not know it
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


def build(facts: catalog.ActionFacts, values: Sequence[str], options: Mapping[str, Any]) -> action_pb2.Action:
    """The action that the arguments stand for. What cannot be one is wrong usage."""
    given = {name: value for name, value in options.items() if value not in (None, [])}
    rest = list(values)
    for field in _positional(facts):
        if not rest or field.name in given:
            continue
        taken = rest if field.is_repeated else rest[:1]
        converted = [_convert(field, text) for text in taken]
        given[field.name] = converted if field.is_repeated else converted[0]
        rest = rest[len(taken) :]
    if rest:
        raise typer.BadParameter(f"{facts.name} takes no further value: {rest[0]!r}")
    action = action_pb2.Action()
    body = getattr(action, facts.name)
    body.SetInParent()
    oneofs: dict[str, str] = {}
    for field in facts.fields:
        if field.name not in given:
            if _is_required(field):
                raise typer.BadParameter(f"{facts.name} needs {_flag(field)}")
            continue
        if field.containing_oneof is not None:
            other = oneofs.setdefault(field.containing_oneof.name, field.name)
            if other != field.name:
                raise typer.BadParameter(f"only one of --{other.replace('_', '-')} and {_flag(field)} can be given")
        value = given[field.name]
        if field.enum_type is not None:
            value = [_enum_number(field, one) for one in value] if field.is_repeated else _enum_number(field, value)
        elif field.message_type is action_pb2.FileUpload.DESCRIPTOR:
            value = [_file(path) for path in value]
        try:
            if field.is_repeated:
                getattr(body, field.name).extend(value)
            else:
                setattr(body, field.name, value)
        except ValueError as error:
            raise typer.BadParameter(f"{value!r} is out of the range of {_flag(field)}") from error
    return action


def _do(action: action_pb2.Action, *, tab: int, browser: str, with_state: bool, save: Path | None, json: bool) -> None:
    if save is not None and not save.parent.is_dir():
        raise typer.BadParameter(f"the folder {save.parent} does not exist")
    options = state_pb2.StateRequest() if with_state else None

    async def work(client: Client) -> browser_service_pb2.ActResponse:
        digest = b""
        while True:
            try:
                return await client.act(action, tab, browser_id=browser, state_after=options, approved_digest=digest)
            except TabwireError as error:
                digest = _approval(error)

    answer = call(work, json=json)
    result = answer.result
    if save is not None and result.HasField("image"):
        save.write_bytes(result.image.data)
    if json:
        print_message(answer)
    else:
        _show(result, save)
    raise typer.Exit(OK if result.status == action_pb2.ACTION_STATUS_SUCCEEDED else FAILED)


def _approval(error: TabwireError) -> bytes:
    """The digest of an action that the person at the terminal approves. Raises the error where nobody does."""
    asked = error.info.details.approval
    if error.code != error_pb2.ERROR_CODE_APPROVAL_NEEDED or not asked.action_digest or not sys.stdin.isatty():
        raise error
    if not typer.confirm(f"{error.info.message}\n{asked.what}: do it?", default=False, err=True):
        raise error
    return asked.action_digest


def _show(result: action_pb2.ActionResult, save: Path | None) -> None:
    if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
        details = result.outcome_details
        out.print(f"[green]✓[/] {escape(details.message or 'Done.')}")
        if details.new_url:
            out.print(f"  now at {escape(details.new_url)}")
    elif result.HasField("error_info"):
        tell_error(result.error_info)
    else:
        out.print(f"[red]✗[/] {short_enum(name_of(action_pb2.ActionStatus, result.status), 'ACTION_STATUS_')}")
    if read := extracted_text(result):
        print(read)
    if result.HasField("image"):
        where = f"saved as {save}" if save is not None else "give --save to keep it"
        out.print(f"  {result.image.mime_type}, {len(result.image.data)} bytes, {where}")
    if result.HasField("new_state"):
        show_state(result.new_state)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _option(field: FieldDescriptor) -> tuple[Any, Any]:
    """Annotation and default of the option for a field."""
    kind: Any = str
    if field.type == FieldDescriptor.TYPE_BOOL:
        kind = bool
    elif field.type in _INTEGERS:
        kind = int
    elif field.type in _REALS:
        kind = float
    help_text = catalog.comment(field.full_name)
    if field.enum_type is not None:
        help_text += f" One of: {', '.join(_choices(field))}."
    if field.is_repeated:
        kind, help_text = list[kind], f"{help_text} May be given several times."
    declaration = typer.Option(_flag(field), help=help_text, metavar=None if kind is bool else _metavar(field))
    return Annotated[kind | None, declaration], None


def _positional(facts: catalog.ActionFacts) -> list[FieldDescriptor]:
    """The fields that can be given by position: no switches, of alternatives the first, nothing after a list."""
    seen: set[str] = set()
    fields = []
    for field in facts.fields:
        if field.type == FieldDescriptor.TYPE_BOOL:
            continue
        if field.containing_oneof is not None:
            if field.containing_oneof.name in seen:
                continue
            seen.add(field.containing_oneof.name)
        fields.append(field)
        if field.is_repeated:
            break  # it takes all that follows
    return fields


def _is_required(field: FieldDescriptor) -> bool:
    if field.containing_oneof is not None:
        return False
    rules = catalog.rules(field)
    return (
        rules.uint32.gt > 0 or rules.uint32.HasField("gt") or rules.string.min_len > 0 or rules.repeated.min_items > 0
    )


def _convert(field: FieldDescriptor, text: str) -> Any:
    try:
        if field.type in _INTEGERS:
            return int(text)
        return float(text) if field.type in _REALS else text
    except ValueError:
        raise typer.BadParameter(f"{_metavar(field)} must be a number, not {text!r}") from None


def _choices(field: FieldDescriptor) -> dict[str, int]:
    """The values of an enum by their short names, without the one for "not given"."""
    if field.enum_type is None:
        return {}
    names = [value.name for value in field.enum_type.values]
    prefix = names[0].removesuffix("UNSPECIFIED")
    values = {value.name.removeprefix(prefix).lower(): value.number for value in field.enum_type.values}
    return {name: number for name, number in values.items() if number}


def _file(path: str) -> action_pb2.FileUpload:
    """A file of this computer, to be given to a page."""
    try:
        return action_pb2.FileUpload(name=Path(path).name, content=Path(path).read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"the file {path!r} cannot be read: {error.strerror}") from error


def _enum_number(field: FieldDescriptor, text: str) -> int:
    choices = _choices(field)
    if text.lower() not in choices:
        raise typer.BadParameter(f"{_flag(field)} must be one of {', '.join(choices)}, not {text!r}")
    return choices[text.lower()]


def _flag(field: FieldDescriptor) -> str:
    return f"--{field.name.replace('_', '-')}"


def _metavar(field: FieldDescriptor) -> str:
    return field.name.upper() + ("..." if field.is_repeated else "")


_register()
