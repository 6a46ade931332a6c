"""Writes the VBA that Excel calls: a wrapper for each function, and its help for the function wizard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from addin.desktop.vba_project import Module, workbook_module
from udfs.cells import ERROR_MARK, CellFunction
from udfs.cells.registry import CATEGORY
from udfs.excel_limits import MAX_HELP

_FUNCTIONS = "gpt2_functions"
_HELP = "gpt2_help"
_PYTHON_MODULE = "addin.desktop.functions"

_MOST_ARGUMENTS = 60  # in a VBA function
_MOST_CHARACTERS = 1_023  # in a line of VBA
_ROOM = 900  # characters of texts in a line; the rest is for the code around them
_MOST_LINES = 25  # in one statement of VBA
_KEYWORDS = """
    addressof and any as boolean byref byte byval call case cdbl cint clng cstr currency date declare dim do double
    each else elseif empty end enum erase error event exit false for friend function get global gosub goto if imp
    implements in input integer is let lib like lock long longlong longptr loop lset me mod new next not nothing null
    object on open option optional or paramarray preserve print private property public put raiseevent redim rem resume
    return rset seek select set shared single static step stop string sub then to true type typeof unlock until variant
    wend while width with withevents write xor
"""

_WRAPPER = """
Public Function {name}({parameters})
Attribute {name}.VB_Description = {description}
    On Error GoTo failed
    {name} = XLPy.CallUDF("{module}", "{function}", Array({arguments}))
    Exit Function
failed:
    {name} = FailureText(Err.Description)
End Function
"""

# Python receives values. For a range it would have to ask Excel, which is busy, for the values.
_HELPERS = """
Private Function Plain(Optional argument As Variant) As Variant
    If IsMissing(argument) Then Exit Function
    If TypeName(argument) = "Range" Then
        Plain = InCells(argument)
    Else
        Plain = argument
    End If
End Function

Private Function InCells(ByVal cells As Object) As Variant
    InCells = cells.Value2
End Function

Private Function FailureText(text As String) As String
    FailureText = "{mark}" & Replace(Replace(text, vbCr, ""), vbLf, " ") & " (gpt2-excel status shows more)"
End Function
"""

_DESCRIBE = """
Private described As Boolean

Public Sub DescribeFunctions()
    Dim saved As Boolean
    If described Then Exit Sub
    On Error GoTo later ' Excel refuses descriptions while no workbook is open
    saved = ThisWorkbook.Saved
{calls}
    ThisWorkbook.Saved = saved
    described = True
later:
End Sub

Private Sub Describe(name As String, help As String, ParamArray arguments() As Variant)
    Dim texts As Variant
    texts = arguments
    Application.MacroOptions Macro:="'" & Replace(ThisWorkbook.Name, "'", "''") & "'!" & name, _
        Description:=help, Category:="{category}", ArgumentDescriptions:=texts
End Sub
"""

_EVENTS = """
Private WithEvents host As Application

Private Sub Workbook_Open()
    Set host = Application
    DescribeFunctions
End Sub

Private Sub host_WorkbookActivate(ByVal Wb As Workbook)
    DescribeFunctions
End Sub
"""


def wrapper_modules(registered: Iterable[CellFunction]) -> list[Module]:
    """The workbook's module, the wrappers, and the help for the function wizard.

    Raises ValueError if a function does not fit into VBA or the function wizard.
    """
    functions = list(registered)
    for function in functions:
        _check(function)
    wrappers = _HELPERS.format(mark=ERROR_MARK) + "".join(map(_fitting, functions, map(_wrapper, functions)))
    calls = "\n".join(map(_fitting, functions, map(_describe_call, functions)))
    return [
        workbook_module(_EVENTS),
        _module(_FUNCTIONS, wrappers),
        _module(_HELP, _DESCRIBE.format(calls=calls, category=CATEGORY), "Option Private Module\n"),
    ]


def _module(name: str, code: str, options: str = "") -> Module:
    return Module(name, "Module", f'Attribute VB_Name = "{name}"\n{options}Option Explicit\n{code}')


def _wrapper(function: CellFunction) -> str:
    parameters = (f"{'Optional ' if argument.optional else ''}{argument.name}" for argument in function.arguments)
    return _WRAPPER.format(
        name=function.name,
        parameters=", ".join(parameters),
        description='"' + _ascii(function.help).replace('"', '""') + '"',
        module=_PYTHON_MODULE,
        function=function.name.lower(),
        arguments=", ".join(f"Plain({argument.name})" for argument in function.arguments),
    )


def _describe_call(function: CellFunction) -> str:
    texts = [f'"{function.name}"', _literal(function.help), *(_literal(a.help) for a in function.arguments)]
    lines = list(_lines(texts))
    if len(lines) > _MOST_LINES:
        raise ValueError(f"the help of {function.name} must fit into {_MOST_LINES} lines of VBA, not {len(lines)}")
    return "    Describe " + ", _\n        ".join(lines)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """The texts, separated by commas, in as few lines as possible."""
    line = ""
    for text in texts:
        if line and len(line) + len(text) > _ROOM:
            yield line
            line = ""
        line += f", {text}" if line else text
    yield line


def _literal(text: str) -> str:
    """A VBA expression for a text. Non-ASCII characters become codes, because a module has an 8-bit encoding."""
    plain = " ".join(text.split()).replace('"', '""')
    return '"' + re.sub(r"[^ -~]", lambda match: f'" & ChrW({ord(match[0])}) & "', plain) + '"'


def _ascii(text: str) -> str:
    return " ".join(text.split()).encode("ascii", "replace").decode()


def _fitting(function: CellFunction, code: str) -> str:
    longest = max(map(len, code.splitlines()))
    if longest > _MOST_CHARACTERS:
        raise ValueError(
            f"{function.name} must fit into lines of {_MOST_CHARACTERS} characters of VBA, not {longest}: "
            "use fewer arguments, shorter names, or fewer non-ASCII characters in the help"
        )
    return code


def _check(function: CellFunction) -> None:
    if len(function.arguments) > _MOST_ARGUMENTS:
        raise ValueError(
            f"{function.name} must have at most {_MOST_ARGUMENTS} arguments, not {len(function.arguments)}"
        )
    for what, text in [(function.name, function.help), *((a.name, a.help) for a in function.arguments)]:
        if len(text) > MAX_HELP:
            raise ValueError(f"the help of {what} must have at most {MAX_HELP} characters, not {len(text)}")
    for argument in function.arguments:
        if argument.name.lower() in _KEYWORDS.split():
            raise ValueError(f"{function.name} has an argument {argument.name!r}, which is a VBA keyword")
