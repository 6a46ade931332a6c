"""The wrappers have every function with its arguments and help, within the limits of VBA and the function wizard."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import pytest

from addin.desktop import functions
from addin.desktop.macro_workbook import functions_project
from addin.desktop.wrappers import wrapper_modules
from tests.hosts.desktop_host import wrappers
from udfs.cells import FUNCTIONS, Argument, CellFunction

WRAPPERS = wrappers(functions_project([]))
ONE = CellFunction("GPT2_ONE", "One.", (Argument("x", "a number", False),), "", abs)


def source(name: str, *registered: CellFunction) -> str:
    return next(module.source for module in wrapper_modules(registered) if module.name == name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_wrapper_that_calls_it(name: str) -> None:
    function, wrapper = FUNCTIONS[name], WRAPPERS[name]
    assert wrapper.parameters == wrapper.arguments == tuple(argument.name for argument in function.arguments)
    assert wrapper.optional == {argument.name for argument in function.arguments if argument.optional}
    assert (wrapper.module, wrapper.function) == (functions.__name__, name.lower())
    assert tuple(inspect.signature(getattr(functions, wrapper.function)).parameters) == wrapper.parameters


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_function_wizard_gets_the_help(name: str) -> None:
    description = FUNCTIONS[name]
    (call,) = re.findall(rf'^    Describe "{description.name}", (.*(?: _\n.*)*)', HELP, re.M)
    told = re.findall(r'"((?:[^"]|"")*)"', call.replace('" & ChrW(', "ChrW("))
    wanted = [" ".join(description.help.split()), *(argument.help for argument in description.arguments)]
    assert [text.replace('""', '"') for text in told] == wanted
    assert all(len(text) <= 255 for text in wanted)


HELP = next(module.source for module in functions_project([]).modules if module.name == "gpt2_help")


def test_nothing_else_is_public() -> None:
    modules = [module.source for module in functions_project([]).modules if module.kind == "Module"]
    open_to_cells = "".join(source for source in modules if "Option Private Module" not in source)
    public = re.findall(r"^(?:Public )?(?:Function|Sub) (\w+)", open_to_cells, re.M)
    assert sorted(public) == list(FUNCTIONS)


def test_lines_are_no_longer_than_vba_takes() -> None:
    sixty = replace(ONE, arguments=tuple(Argument(f"a{number}", '"' * 80, True) for number in range(60)))
    for module in [*functions_project(["Sheet1"]).modules, *wrapper_modules([sixty])]:
        assert max(map(len, module.source.splitlines())) <= 1023
        continued = re.findall(r"(?:.* _\r?\n)+", module.source)
        assert all(text.count("\n") <= 24 for text in continued)


def test_quotes_and_characters_beyond_ascii() -> None:
    text = source("gpt2_help", replace(ONE, help='Says "é"\n→ x'))
    assert '"Says """ & ChrW(233) & """ " & ChrW(8594) & " x"' in text
    assert text.isascii()
    wrapper = source("gpt2_functions", replace(ONE, help='Says "é"\n→ x'))
    assert 'Attribute GPT2_ONE.VB_Description = "Says ""?"" ? x"' in wrapper


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (replace(ONE, help="x" * 256), "the help of GPT2_ONE must have at most 255 characters, not 256"),
        (replace(ONE, arguments=(Argument("x", "y" * 300, True),)), "the help of x must have at most 255 characters"),
        (
            replace(ONE, arguments=(Argument("Next", "", True),)),
            "an argument 'Next', which is a VBA keyword",
        ),
        (
            replace(ONE, arguments=tuple(Argument(f"a{number}", "", True) for number in range(61))),
            "GPT2_ONE must have at most 60 arguments, not 61",
        ),
        (
            replace(ONE, arguments=tuple(Argument(f"a{number}", '"' * 255, True) for number in range(60))),
            "the help of GPT2_ONE must fit into 25 lines of VBA",
        ),
        (
            replace(ONE, arguments=tuple(Argument(f"a_rather_long_name_{number}", "", True) for number in range(60))),
            "GPT2_ONE must fit into lines of 1023 characters of VBA, not ",
        ),
        (replace(ONE, help="→" * 255), "GPT2_ONE must fit into lines of 1023 characters of VBA, not "),
    ],
)
def test_functions_that_do_not_fit(description: CellFunction, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wrapper_modules([description])
