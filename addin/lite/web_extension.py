"""The parts of a workbook that open xlwings Lite beside it, with the code of our functions.

Office keeps an add-in's settings in a "web extension" part (MS-OWEXML), as texts in JSON. xlwings Lite's settings are
the files of the workbook's project. A second part says that the add-in's task pane is open.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

from lxml import etree

from addin import NAME
from addin.headless.package import Package, serialized
from udfs.version import VERSION

MAIN = "from addin.lite.functions import *  # the functions GPT2_..., and the script download_gpt2\n"
PYODIDE = "314.0.0"  # the first whose tiktoken and safetensors are new enough

_ADDIN_VERSION = "1.0.0.0-35"  # of xlwings Lite: the newest that a workbook was seen from
_EXTENSION_PART = "xl/webextensions/webextension1.xml"
_PANES_PART = "xl/webextensions/taskpanes.xml"
_PANES_RELATIONS = "xl/webextensions/_rels/taskpanes.xml.rels"
_PACKAGE_RELATIONS = "_rels/.rels"
_CONTENT_TYPES = "[Content_Types].xml"

# The id names the add-in within this document. WA200008175 is xlwings Lite in the Office store, OMEX. The extension
# says that the workbook uses custom functions of the add-in.
_EXTENSION = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<we:webextension xmlns:we="http://schemas.microsoft.com/office/webextensions/webextension/2010/11"\
 id="{{5D8E3C1A-2F0B-4B57-9C1E-6E0B5C1F3A42}}">\
<we:reference id="wa200008175" version="1.0.0.0" store="en-US" storeType="OMEX"/>\
<we:alternateReferences><we:reference id="wa200008175" version="1.0.0.0" store="wa200008175" storeType="OMEX"/>\
</we:alternateReferences><we:properties>{properties}</we:properties><we:bindings/>\
<we:extLst><a:ext xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"\
 uri="{{D87F86FE-615C-45B5-9D79-34F1136793EB}}"><we:containsCustomFunctions val="1"/></a:ext></we:extLst>\
</we:webextension>"""
_PANES = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<wetp:taskpanes xmlns:wetp="http://schemas.microsoft.com/office/webextensions/taskpanes/2010/11">\
<wetp:taskpane dockstate="right" visibility="1" width="350" row="0">\
<wetp:webextensionref xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1"/>\
</wetp:taskpane></wetp:taskpanes>"""
_NO_RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'


def requirements() -> str:
    """The workbook's `requirements.txt`: this package, which names the others itself."""
    return f"{NAME}>={VERSION}\n"


def add_web_extension(file: Path) -> None:
    """Adds the parts to a workbook file."""
    package = Package.open(file)
    package.parts |= {
        _EXTENSION_PART: _extension().encode(),
        _PANES_PART: _PANES.encode(),
        _PANES_RELATIONS: _NO_RELATIONS,
    }
    _relate(package, _PANES_RELATIONS, "webextension", Path(_EXTENSION_PART).name)
    _relate(package, _PACKAGE_RELATIONS, "webextensiontaskpanes", _PANES_PART)
    _declare(package, _EXTENSION_PART, "webextension")
    _declare(package, _PANES_PART, "webextensiontaskpanes")
    package.write(file, small=True)


def _extension() -> str:
    settings = {
        "main.py": MAIN,
        "requirements.txt": requirements(),
        "pyodideVersion": PYODIDE,
        "addinVersion": _ADDIN_VERSION,
        "xlwingsSettingsWorkbook": {"startupBehavior": "taskpane"},
    }
    named = (f"name={quoteattr(name)} value={quoteattr(json.dumps(value))}" for name, value in settings.items())
    return _EXTENSION.format(properties="".join(f"<we:property {attributes}/>" for attributes in named))


def _relate(package: Package, relations: str, kind: str, target: str) -> None:
    root = package.tree(relations)
    kind = f"http://schemas.microsoft.com/office/2011/relationships/{kind}"
    number = 1 + len(root)
    while f"rId{number}" in {element.get("Id") for element in root}:
        number += 1
    element = etree.SubElement(root, etree.QName(etree.QName(root).namespace, "Relationship"))
    element.attrib.update({"Id": f"rId{number}", "Type": kind, "Target": target})
    package.parts[relations] = serialized(root)


def _declare(package: Package, part: str, kind: str) -> None:
    root = package.tree(_CONTENT_TYPES)
    element = etree.SubElement(root, etree.QName(etree.QName(root).namespace, "Override"))
    element.attrib.update({"PartName": f"/{part}", "ContentType": f"application/vnd.ms-office.{kind}+xml"})
    package.parts[_CONTENT_TYPES] = serialized(root)
