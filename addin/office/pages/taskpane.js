// The task pane: the state of the server, its model, downloads, workbooks, and the functions with examples to insert.
"use strict";

(() => {
  const EVERY = 3000; // milliseconds between requests for the status
  const find = (id) => document.getElementById(id);

  let inExcel = false;
  let templatesShown = false;

  function say(text) {
    find("message").textContent = text;
  }

  function element(kind, text, properties = {}) {
    return Object.assign(document.createElement(kind), { textContent: text, ...properties });
  }

  function megabytes(bytes) {
    return `${(bytes / 1e6).toFixed(0)} MB`;
  }

  // The server and its model.

  async function look() {
    try {
      const response = await gpt2.ask("/status");
      const status = await response.json();
      if (!response.ok) throw new Error(status.error);
      showState("up", "The server is up");
      showModel(status);
      showDownloads(status.downloads);
      if (!templatesShown) showTemplates(status.templates);
    } catch (error) {
      const reason = error instanceof TypeError ? "The server does not answer: start it with gpt2-excel serve" : error.message;
      showState("down", reason);
    }
    setTimeout(look, EVERY);
  }

  function showState(state, text) {
    find("server").className = `state ${state}`;
    find("server").textContent = text;
  }

  function showModel({ model, note, models }) {
    const others = models.filter((name) => name !== model);
    const also = others.length ? ` Also here: ${others.join(", ")}.` : "";
    find("model").textContent = `Model: ${model}${note ? `, ${note}` : ""}.${also}`;
  }

  function showDownloads(downloads) {
    const list = find("downloads").querySelector("ul");
    list.replaceChildren(...downloads.map(download));
    find("downloads").hidden = !downloads.length;
  }

  function download({ model, done, total, is_moving: isMoving }) {
    const of = `${megabytes(done)} of ${megabytes(total)}`;
    const item = element("li", `${model}: ${of}${isMoving ? "" : ", stopped; the same command resumes it"}`);
    item.append(element("progress", "", { max: total, value: done }));
    return item;
  }

  // The workbooks.

  function showTemplates(templates) {
    find("templates").replaceChildren(...Object.entries(templates).map(([name, file]) => template(name, file)));
    templatesShown = true;
  }

  function template(name, file) {
    const item = element("li", "");
    const open = element("button", "Open", { type: "button", disabled: !inExcel });
    open.addEventListener("click", () => busy(open, () => openTemplate(name)));
    const save = element("button", "Download", { type: "button" });
    save.addEventListener("click", () => busy(save, () => saveTemplate(name, file)));
    item.append(element("span", file), open, save);
    return item;
  }

  async function busy(button, work) {
    button.disabled = true;
    say("");
    try {
      await work();
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  }

  async function fetchTemplate(name) {
    const response = await gpt2.ask(`/templates/${name}`);
    if (!response.ok) throw new Error((await response.json()).error);
    return response.blob();
  }

  async function openTemplate(name) {
    const text = await base64(await fetchTemplate(name));
    await Excel.createWorkbook(text);
  }

  async function saveTemplate(name, file) {
    const address = URL.createObjectURL(await fetchTemplate(name));
    element("a", "", { href: address, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  }

  function base64(blob) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(blob);
    });
  }

  // The functions.

  async function showFunctions() {
    const response = await gpt2.ask("/catalog.json");
    const functions = await response.json();
    const items = functions.map((described) => [described, functionItem(described)]);
    find("functions").replaceChildren(...items.map(([, item]) => item));
    find("search").addEventListener("input", () => {
      const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const [described, item] of items) item.hidden = !matches(described, words);
      const shown = items.filter(([, item]) => !item.hidden).length;
      say(shown ? "" : "No function has all these words.");
    });
  }

  function matches(described, words) {
    const texts = [described.name, described.help, ...described.arguments.flatMap((one) => [one.name, one.help])];
    const text = texts.join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  }

  function functionItem(described) {
    const item = find("function").content.firstElementChild.cloneNode(true);
    item.querySelector(".name").textContent = described.name;
    item.querySelector(".help").textContent = described.help;
    for (const argument of described.arguments) {
      const name = argument.optional ? `[${argument.name}]` : argument.name;
      item.querySelector("dl").append(element("dt", name), element("dd", argument.help));
    }
    item.querySelector(".example code").textContent = described.example;
    const insert = item.querySelector("button");
    insert.disabled = !inExcel;
    insert.addEventListener("click", () => busy(insert, () => insertFormula(described.example)));
    return item;
  }

  function insertFormula(formula) {
    return Excel.run(async (context) => {
      const cell = context.workbook.getActiveCell();
      cell.formulas = [[formula]];
      cell.load("address");
      await context.sync();
      say(`Inserted in ${cell.address}.`);
    });
  }

  Office.onReady((info) => {
    inExcel = info.host === Office.HostType.Excel;
    if (!inExcel) say("Opened outside Excel: examples cannot be inserted here.");
    look();
    showFunctions().catch(() => say("The list of functions could not be read."));
  });
})();
