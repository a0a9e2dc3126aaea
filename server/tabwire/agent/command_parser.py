"""The plain command language: text to commands. Each command is an action of the contract and, where it names one, the
element it is about. Names become elements only when the command runs: `tabwire.agent.names`.

docs/commands.md describes the language for people; a test parses every example in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tabwire.agent.command_keys import key_name
from tabwire.agent.command_lexer import Kind, Token, syntax_error, tokenize
from tabwire.v1 import action_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tabwire.errors import TabwireError

LAST = -1
_ORDINALS = {
    word: number
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), start=1
    )
} | {"last": LAST}
_NUMBERED = re.compile(r"([1-9][0-9]{0,3})(st|nd|rd|th)\.?")
# The roles that `find` knows, in the words of ARIA. Any other word is no command.
_ROLES = frozenset(
    (
        "button",
        "cell",
        "checkbox",
        "columnheader",
        "combobox",
        "dialog",
        "form",
        "heading",
        "image",
        "img",
        "link",
        "list",
        "listbox",
        "listitem",
        "menuitem",
        "option",
        "radio",
        "row",
        "slider",
        "spinbutton",
        "switch",
        "tab",
        "table",
        "textbox",
        "treeitem",
    )
)
_SCROLL = {
    "down": action_pb2.SCROLL_DIRECTION_DOWN,
    "up": action_pb2.SCROLL_DIRECTION_UP,
    "left": action_pb2.SCROLL_DIRECTION_LEFT,
    "right": action_pb2.SCROLL_DIRECTION_RIGHT,
}


class Purpose(Enum):
    """What the named element is wanted for."""

    CLICK = "click"
    FILL = "type into"
    SELECT = "select in"
    CHECK = "check"
    UNCHECK = "uncheck"
    KEYS = "press keys in"
    HOVER = "hover"
    SCROLL = "scroll to"
    READ = "read"
    DRAG = "drag"
    DROP = "drop onto"
    MARK = "select text in"


@dataclass(frozen=True)
class Target:
    """An element by its name. `ordinal` counts from 1, `LAST` is the last; 0 means there must be only one."""

    name: str
    ordinal: int = 0
    context: str = ""


@dataclass(frozen=True)
class TabChoice:
    """A tab by its place, from 1, or by its title or address."""

    number: int = 0
    title: str = ""


@dataclass(frozen=True)
class Command:
    """One command. `action` lacks the element's id if there is a target, and the text if `uses_answer`."""

    source: str
    line: int
    action: action_pb2.Action
    target: Target | None = None
    purpose: Purpose | None = None
    tab: TabChoice | None = None
    uses_answer: bool = False
    # Where something is dragged to.
    onto: Target | None = None


def parse(text: str) -> list[Command]:
    """All commands of a text.

    Raises `TabwireError` COMMAND_SYNTAX with the place and what would have been understood there.
    """
    return _Parser(text).commands()


def looks_like_commands(text: str) -> bool:
    """Whether a text begins as a command does and quotes something, although it may be none."""
    words = text.split(maxsplit=1)
    begins = bool(words) and words[0].lower() in _Parser.verbs()
    return begins and any(quote in text for quote in "\"'“„«")


class _Parser:
    """Recursive descent over the tokens of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0

    def commands(self) -> list[Command]:
        found: list[Command] = []
        while self._at < len(self._tokens):
            if self._peek().kind is Kind.LINE_END:
                self._at += 1
                continue
            if found and self._is("then"):
                self._next()
                while self._peek().kind is Kind.LINE_END and self._at + 1 < len(self._tokens):
                    self._next()
            found.append(self._command())
            if self._peek().kind is not Kind.LINE_END and not self._is("then"):
                raise self._error('"then" or a new line')
        if not found:
            raise syntax_error(1, 1, f"a command: {', '.join(sorted(self.verbs()))}")
        return found

    @classmethod
    def verbs(cls) -> Mapping[str, Callable[[_Parser], Command]]:
        """How each command goes on after its first word."""
        return {
            "open": cls._open,
            "go": cls._go,
            "reload": lambda self: self._plain(action_pb2.Action(reload=action_pb2.ReloadAction())),
            "click": cls._click,
            "double": cls._double,
            "right": cls._right,
            "drag": cls._drag,
            "accept": lambda self: self._dialog(accept=True),
            "dismiss": lambda self: self._dialog(accept=False),
            "find": cls._find,
            "type": cls._type,
            "clear": cls._clear,
            "select": cls._select,
            "check": lambda self: self._toggle(Purpose.CHECK),
            "uncheck": lambda self: self._toggle(Purpose.UNCHECK),
            "press": cls._press,
            "hover": cls._hover,
            "scroll": cls._scroll,
            "wait": cls._wait,
            "read": cls._read,
            "switch": cls._switch,
            "close": cls._close,
            "ask": cls._ask,
            "done": cls._done,
        }

    def _command(self) -> Command:
        first = self._peek()
        verb = self.verbs().get(first.text.lower()) if first.kind is Kind.WORD else None
        if verb is None:
            raise self._error(f"a command ({', '.join(sorted(self.verbs()))})")
        self._first = self._next()
        return verb(self)

    # One method a command; each begins after the command's first word.

    def _open(self) -> Command:
        if self._is("tab"):
            self._next()
            url = self._address() if not self._at_end() else ""
            return self._plain(action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=url)))
        return self._plain(action_pb2.Action(navigate=action_pb2.NavigateAction(url=self._address())))

    def _go(self) -> Command:
        if self._keyword("back", "forward") == "back":
            return self._plain(action_pb2.Action(go_back=action_pb2.GoBackAction()))
        return self._plain(action_pb2.Action(go_forward=action_pb2.GoForwardAction()))

    def _click(self) -> Command:
        return self._about(Purpose.CLICK, action_pb2.Action(click=action_pb2.ClickAction()), self._target())

    def _double(self) -> Command:
        self._keyword("click")
        action = action_pb2.Action(click=action_pb2.ClickAction(count=2))
        return self._about(Purpose.CLICK, action, self._target())

    def _right(self) -> Command:
        self._keyword("click")
        action = action_pb2.Action(click=action_pb2.ClickAction(button=action_pb2.MOUSE_BUTTON_RIGHT))
        return self._about(Purpose.HOVER, action, self._target())

    def _drag(self) -> Command:
        action = action_pb2.Action(drag=action_pb2.DragAction())
        dragged = self._target()
        if self._keyword("onto", "to", "by") != "by":
            onto = self._target()
            return Command(self._source(), self._first.line, action, dragged, Purpose.DRAG, onto=onto)
        action.drag.offset_x = self._pixels("how many pixels to the right, as 120 or -40")
        action.drag.offset_y = 0.0 if self._at_end() else self._pixels("how many pixels down, as 30")
        return self._about(Purpose.DRAG, action, dragged)

    def _dialog(self, *, accept: bool) -> Command:
        if self._is("the"):
            self._next()
        self._keyword("dialog")
        action = action_pb2.Action(answer_dialog=action_pb2.AnswerDialogAction(accept=accept))
        if accept and self._is("with"):
            self._next()
            action.answer_dialog.text = self._string("a text in quotes")
        return self._plain(action)

    def _find(self) -> Command:
        if self._is("text"):
            self._next()
            found = action_pb2.FindTextAction(text=self._string("a text in quotes", filled=True))
            return self._plain(action_pb2.Action(find_text=found))
        wanted = action_pb2.FindElementsAction()
        if self._peek().text.lower().removesuffix("s") in _ROLES and self._peek().kind is Kind.WORD:
            wanted.role = self._next().text.lower().removesuffix("s")
        if self._peek().kind is Kind.STRING:
            wanted.name = self._next().text
        if not wanted.role and not wanted.name:
            raise self._error('"text" and a text, or a role such as button, or a name in quotes')
        return self._plain(action_pb2.Action(find_elements=wanted))

    def _type(self) -> Command:
        text, uses_answer = self._text_or_answer()
        self._keyword("into", "in")
        target = self._target()
        action = action_pb2.Action(input_text=action_pb2.InputTextAction(text=text))
        if self._is("and"):
            self._next()
            self._keyword("press")
            self._keyword("enter")
            action.input_text.submit = True
        return self._about(Purpose.FILL, action, target, uses_answer=uses_answer)

    def _clear(self) -> Command:
        action = action_pb2.Action(input_text=action_pb2.InputTextAction(text=""))
        return self._about(Purpose.FILL, action, self._target())

    def _select(self) -> Command:
        if self._is("text"):
            self._next()
            passage = self._string("the passage in quotes")
            self._keyword("in")
            marked = action_pb2.Action(select_text=action_pb2.SelectTextAction(text=passage))
            return self._about(Purpose.MARK, marked, self._target())
        text, uses_answer = self._text_or_answer()
        options = [text]
        while self._is("and") and not uses_answer:
            self._next()
            options.append(self._string("an option in quotes"))
        self._keyword("in", "from")
        action = action_pb2.Action(select_option=action_pb2.SelectOptionAction(options=options))
        return self._about(Purpose.SELECT, action, self._target(), uses_answer=uses_answer)

    def _toggle(self, purpose: Purpose) -> Command:
        wanted = action_pb2.SetCheckedAction(checked=purpose is Purpose.CHECK)
        return self._about(purpose, action_pb2.Action(set_checked=wanted), self._target())

    def _press(self) -> Command:
        keys: list[str] = []
        while not self._at_end() and not self._is("in"):
            token = self._next()
            key = key_name(token.text)
            if key is None:
                raise self._error("a key, as Enter, Tab, ArrowDown, a or Control+a", token)
            keys.append(key)
        if not keys:
            raise self._error("a key, as Enter, Tab, ArrowDown, a or Control+a")
        action = action_pb2.Action(press_keys=action_pb2.PressKeysAction(keys=keys))
        if self._is("in"):
            self._next()
            return self._about(Purpose.KEYS, action, self._target())
        return self._plain(action)

    def _hover(self) -> Command:
        if self._is("over"):
            self._next()
        return self._about(Purpose.HOVER, action_pb2.Action(hover=action_pb2.HoverAction()), self._target())

    def _scroll(self) -> Command:
        word = self._keyword("down", "up", "left", "right", "to")
        action = action_pb2.Action(scroll=action_pb2.ScrollAction())
        if word != "to":
            action.scroll.direction = _SCROLL[word]
            return self._plain(action)
        if self._is("the") and self._peek(1).text.lower() in ("top", "bottom"):
            self._next()
        if self._is("top", "bottom"):
            to_top = self._next().text.lower() == "top"
            action.scroll.direction = action_pb2.SCROLL_DIRECTION_TOP if to_top else action_pb2.SCROLL_DIRECTION_BOTTOM
            return self._plain(action)
        return self._about(Purpose.SCROLL, action, self._target('"top", "bottom" or a name in quotes'))

    def _wait(self) -> Command:
        action = action_pb2.Action(wait=action_pb2.WaitAction())
        if self._at_end():
            return self._plain(action)
        if self._keyword("for", "until") == "for":
            if self._is("address"):
                self._next()
                action.wait.url = self._string("a part of an address in quotes")
            else:
                action.wait.text = self._string("a text in quotes", filled=True)
            return self._plain(action)
        action.wait.text = self._string("a text in quotes", filled=True)
        if self._keyword("is", "appears") == "is":
            action.wait.gone = self._keyword("gone", "there") == "gone"
        return self._plain(action)

    def _read(self) -> Command:
        action = action_pb2.Action(read_text=action_pb2.ReadTextAction())
        if self._is("the") and self._peek(1).text.lower() == "page":
            self._next()
        if self._is("page"):
            self._next()
            return self._plain(self._reading(action))
        if self._is("rows"):
            self._next()
            rows = action_pb2.Action(read_rows=action_pb2.ReadRowsAction())
            if not self._is("of", "in"):
                return self._plain(rows)
            self._next()
            return self._about(Purpose.MARK, rows, self._target())
        target = self._target('"page", "rows" or a name in quotes')
        action = self._reading(action)
        # As Markdown the element itself is wanted, and never the text beside it.
        purpose = Purpose.READ if action.HasField("read_text") else Purpose.MARK
        return self._about(purpose, action, target)

    def _reading(self, plain: action_pb2.Action) -> action_pb2.Action:
        """What is read: plain text, or Markdown if the command goes on like that."""
        if not self._is("as"):
            return plain
        self._next()
        self._keyword("markdown")
        return action_pb2.Action(read_markdown=action_pb2.ReadMarkdownAction())

    def _switch(self) -> Command:
        self._keyword("to")
        self._keyword("tab")
        token = self._next_or("a tab's number, or its title in quotes")
        choice = TabChoice(title=token.text)
        if token.kind is Kind.WORD:
            if not token.text.isdecimal() or not 0 < int(token.text) < 10_000:
                raise self._error("a tab's number, or its title in quotes", token)
            choice = TabChoice(number=int(token.text))
        action = action_pb2.Action(switch_tab=action_pb2.SwitchTabAction())
        return Command(self._source(), self._first.line, action, tab=choice)

    def _close(self) -> Command:
        self._keyword("tab")
        return self._plain(action_pb2.Action(close_tab=action_pb2.CloseTabAction()))

    def _ask(self) -> Command:
        action = action_pb2.Action(ask_human=action_pb2.AskHumanAction())
        action.ask_human.prompt = self._string("a question in quotes", filled=True)
        if self._is("with"):
            self._next()
            self._keyword("options")
            action.ask_human.options.append(self._string("an answer in quotes", filled=True))
            while not self._at_end():
                if self._is("or"):
                    self._next()
                action.ask_human.options.append(self._string("an answer in quotes", filled=True))
        return self._plain(action)

    def _done(self) -> Command:
        text = "Done." if self._at_end() else self._string("a text in quotes", filled=True)
        return self._plain(action_pb2.Action(done=action_pb2.DoneAction(text=text, success=True)))

    # Parts that commands have in common.

    def _target(self, expected: str = "a name in quotes") -> Target:
        if self._is("the"):
            self._next()
        ordinal = 0
        if self._peek().kind is Kind.WORD:
            word = self._peek().text.lower()
            numbered = _NUMBERED.fullmatch(word)
            ordinal = int(numbered[1]) if numbered else _ORDINALS.get(word, 0)
            if ordinal:
                self._next()
        name = self._string(expected, filled=True)
        context = ""
        if self._is("in", "under"):
            self._next()
            context = self._string("where it is, in quotes", filled=True)
        return Target(name, ordinal, context)

    def _text_or_answer(self) -> tuple[str, bool]:
        """A text in quotes, or the word `answer` for what the person answered last."""
        if self._is("answer"):
            self._next()
            return "", True
        return self._string("a text in quotes"), False

    def _pixels(self, expected: str) -> float:
        token = self._next_or(expected)
        if re.fullmatch(r"[+-]?[0-9]{1,5}", token.text) is None:
            raise self._error(expected, token)
        return float(token.text)

    def _address(self) -> str:
        token = self._next_or("an address, as https://example.com")
        address = token.text.strip()
        if re.match(r"https?://[^\s/]|about:blank$", address, re.IGNORECASE):
            return address
        if re.fullmatch(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(/\S*)?", address):
            return f"http://{address}"
        if re.fullmatch(r"[^\s/.:]+(\.[^\s/.:]+)+(:\d+)?([/?]\S*)?", address):
            return f"https://{address}"
        raise self._error("an address, as https://example.com", token)

    def _string(self, expected: str, *, filled: bool = False) -> str:
        token = self._peek()
        if token.kind is not Kind.STRING or (filled and not token.text.strip()):
            raise self._error(expected)
        return self._next().text

    def _keyword(self, *words: str) -> str:
        if not self._is(*words):
            raise self._error(" or ".join(f'"{word}"' for word in words))
        return self._next().text.lower()

    def _is(self, *words: str) -> bool:
        token = self._peek()
        return token.kind is Kind.WORD and token.text.lower() in words

    def _at_end(self) -> bool:
        return self._peek().kind is Kind.LINE_END or self._is("then")

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _next_or(self, expected: str) -> Token:
        if self._peek().kind is Kind.LINE_END:
            raise self._error(expected)
        return self._next()

    def _error(self, expected: str, token: Token | None = None) -> TabwireError:
        at = token or self._peek()
        found = at.kind.value if at.kind is Kind.LINE_END else f'"{at.text[:40]}"'
        return syntax_error(at.line, at.column, expected, found)

    def _source(self) -> str:
        last = self._tokens[self._at - 1]
        return self._text[self._first.start : last.end]

    def _plain(self, action: action_pb2.Action) -> Command:
        return Command(self._source(), self._first.line, action)

    def _about(
        self, purpose: Purpose, action: action_pb2.Action, target: Target, *, uses_answer: bool = False
    ) -> Command:
        return Command(self._source(), self._first.line, action, target, purpose, uses_answer=uses_answer)
