"""The manifest, the file that tells Excel where the add-in's page, functions and icons are."""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from udfs.version import VERSION

ADDIN_ID = "2b7d3e0c-5a86-4c1f-9d53-6f0e8c41a7b9"
ICON_SIZES = (16, 32, 64, 80)

_TEMPLATE = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<OfficeApp xmlns="http://schemas.microsoft.com/office/appforoffice/1.1"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:bt="http://schemas.microsoft.com/office/officeappbasictypes/1.0"
    xmlns:ov="http://schemas.microsoft.com/office/taskpaneappversionoverrides" xsi:type="TaskPaneApp">
  <Id>{id}</Id>
  <Version>{version}</Version>
  <ProviderName>GPT-2 in Excel</ProviderName>
  <DefaultLocale>en-US</DefaultLocale>
  <DisplayName DefaultValue="GPT-2 in Excel"/>
  <Description DefaultValue="GPT-2 opened up in a spreadsheet: functions that compute every step in cells."/>
  <IconUrl DefaultValue={icon32}/>
  <HighResolutionIconUrl DefaultValue={icon64}/>
  <SupportUrl DefaultValue={page}/>
  <AppDomains>
    <AppDomain>{url}</AppDomain>
  </AppDomains>
  <Hosts>
    <Host Name="Workbook"/>
  </Hosts>
  <Requirements>
    <Sets DefaultMinVersion="1.1">
      <Set Name="SharedRuntime" MinVersion="1.1"/>
    </Sets>
  </Requirements>
  <DefaultSettings>
    <SourceLocation DefaultValue={page}/>
  </DefaultSettings>
  <Permissions>ReadWriteDocument</Permissions>
  <VersionOverrides xmlns="http://schemas.microsoft.com/office/taskpaneappversionoverrides"
      xsi:type="VersionOverridesV1_0">
    <Hosts>
      <Host xsi:type="Workbook">
        <Runtimes>
          <Runtime resid="Page.Url" lifetime="long"/>
        </Runtimes>
        <AllFormFactors>
          <ExtensionPoint xsi:type="CustomFunctions">
            <Script><SourceLocation resid="Script.Url"/></Script>
            <Page><SourceLocation resid="Page.Url"/></Page>
            <Metadata><SourceLocation resid="Metadata.Url"/></Metadata>
          </ExtensionPoint>
        </AllFormFactors>
        <DesktopFormFactor>
          <GetStarted>
            <Title resid="Name"/>
            <Description resid="Start"/>
            <LearnMoreUrl resid="Page.Url"/>
          </GetStarted>
          <ExtensionPoint xsi:type="PrimaryCommandSurface">
            <OfficeTab id="TabHome">
              <Group id="Gpt2.Group">
                <Label resid="Name"/>
                <Icon>{icons}</Icon>
                <Control xsi:type="Button" id="Gpt2.Pane">
                  <Label resid="Button"/>
                  <Supertip>
                    <Title resid="Button"/>
                    <Description resid="Tip"/>
                  </Supertip>
                  <Icon>{icons}</Icon>
                  <Action xsi:type="ShowTaskpane">
                    <TaskpaneId>Gpt2.Taskpane</TaskpaneId>
                    <SourceLocation resid="Page.Url"/>
                  </Action>
                </Control>
              </Group>
            </OfficeTab>
          </ExtensionPoint>
        </DesktopFormFactor>
      </Host>
    </Hosts>
    <Resources>
      <bt:Images>{images}</bt:Images>
      <bt:Urls>
        <bt:Url id="Page.Url" DefaultValue={page}/>
        <bt:Url id="Script.Url" DefaultValue={script}/>
        <bt:Url id="Metadata.Url" DefaultValue={metadata}/>
      </bt:Urls>
      <bt:ShortStrings>
        <bt:String id="Name" DefaultValue="GPT-2"/>
        <bt:String id="Button" DefaultValue="Functions"/>
      </bt:ShortStrings>
      <bt:LongStrings>
        <bt:String id="Start" DefaultValue="Type =GPT2_ into a cell, or open the list of functions."/>
        <bt:String id="Tip" DefaultValue="The functions with examples, the templates, and whether the server is up."/>
      </bt:LongStrings>
    </Resources>
  </VersionOverrides>
</OfficeApp>
"""
_RIBBON_SIZES = (16, 32, 80)


def manifest(url: str, token: str = "") -> str:
    """The manifest for a server at that address. A token becomes part of the page's address."""
    page = f"{url}/taskpane.html"
    return _TEMPLATE.format(
        id=ADDIN_ID,
        version=_version(),
        url=url,
        page=quoteattr(f"{page}?token={quote(token, safe='')}" if token else page),
        script=quoteattr(f"{url}/functions.js"),
        metadata=quoteattr(f"{url}/functions.json"),
        icon32=quoteattr(f"{url}/icon-32.png"),
        icon64=quoteattr(f"{url}/icon-64.png"),
        icons="".join(f'<bt:Image size="{size}" resid="Icon.{size}"/>' for size in _RIBBON_SIZES),
        images="".join(_image(size, url) for size in _RIBBON_SIZES),
    )


def _image(size: int, url: str) -> str:
    return f'<bt:Image id="Icon.{size}" DefaultValue={quoteattr(f"{url}/icon-{size}.png")}/>'


def _version() -> str:
    """The package's version as the four numbers that Office requires, the first at least 1."""
    major, minor, patch = map(int, VERSION.split(".")[:3])
    return f"{major + 1}.{minor}.{patch}.0"
