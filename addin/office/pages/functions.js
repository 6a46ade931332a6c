// The custom functions. The calls that Excel makes in one tick travel to the server together, and each gets its own answer:
// rows, or an error. An error is one line of text in the cell, because Excel for Mac shows no message with an error value.
//
// They travel through a WebSocket that stays open. The server's page_socket.py describes the messages.
"use strict";

globalThis.gpt2 = (() => {
  const RETRIES = 60; // if the server is busy, or gone for a moment
  const BUSY = [429, 502, 503, 504]; // also what a proxy answers while it has no server
  const PAUSE = 250; // milliseconds before the first retry
  const MAX_BATCH = 100; // calls in one request; the server takes no more
  const MAX_SIZE = 5e6; // bytes of the calls in one request, about, unless it is a single call
  const SILENT = "the server does not answer: start it with gpt2-excel serve";
  const SHUT = "the server accepts no WebSocket: it has too many users, or a proxy lets none through";

  const token = new URLSearchParams(location.search).get("token");
  const client = Math.random().toString(36).slice(2); // tells this workbook from others behind the same address
  const collected = []; // calls of this tick
  const asked = new Map(); // for the number of a request, a function that takes its answers
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  let connection = null; // a promise of an open WebSocket
  let lastNumber = 0;
  let maxBytes = 0; // of one request

  // Sends a request of the task pane to the server, with the token if there is one.
  function ask(path) {
    return fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  }

  // The open WebSocket. Fails if there is none and the server accepts none.
  function connected() {
    connection ??= new Promise((resolve, reject) => {
      const address = new URL("/calls", location);
      address.protocol = address.protocol.replace("http", "ws");
      address.search = new URLSearchParams({ client, ...(token && { token }) });
      const socket = new WebSocket(address);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => resolve(socket);
      socket.onmessage = ({ data }) => {
        const [number, answers] = JSON.parse(decoder.decode(data));
        asked.get(number)?.(answers);
      };
      socket.onclose = () => {
        connection = null;
        for (const take of asked.values()) take({ error: SILENT, again: true });
        reject();
      };
    });
    return connection;
  }

  // Why the server accepts no WebSocket, as it answers to a plain request.
  async function refusal() {
    try {
      const response = await ask("/status");
      if (response.ok) return { error: SHUT, again: true };
      if (BUSY.includes(response.status)) return { error: SILENT, again: true };
      return await response.json();
    } catch {
      return { error: SILENT };
    }
  }

  // The answers to some calls, or one error for all of them. If they are canceled, the server stops, and nothing comes.
  async function request(calls, signal) {
    const number = (lastNumber += 1);
    const body = packed(number, calls);
    if (body.length > maxBytes) return { error: `the arguments are larger than ${maxBytes / 1e6} MB: pass less` };
    let socket;
    try {
      socket = await connected();
    } catch {
      return refusal();
    }
    if (signal.aborted) return [];
    return new Promise((resolve) => {
      asked.set(number, (answers) => (asked.delete(number), resolve(answers)));
      signal.addEventListener("abort", () => asked.delete(number) && socket.send(`${number}`), { once: true });
      socket.send(body);
    });
  }

  function wait(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  // A signal that aborts the request when all of its calls are canceled.
  function allCanceled(calls) {
    const stop = new AbortController();
    let left = calls.length;
    for (const { signal } of calls) signal.addEventListener("abort", () => (left -= 1) || stop.abort(), { once: true });
    return stop.signal;
  }

  // Whether a range holds nothing but numbers.
  function isNumeric(range) {
    return Array.isArray(range) && range[0]?.length > 0 && range.flat().every((cell) => typeof cell === "number");
  }

  // A call as JSON, and its ranges of numbers, which travel as bytes because their JSON would take several times as long.
  function written(name, values) {
    const ranges = [];
    const given = values.map((value) => {
      if (!isNumeric(value)) return value ?? null;
      ranges.push(value);
      return { numbers: [value.length, value[0].length] };
    });
    const count = ranges.reduce((sum, range) => sum + range.length * range[0].length, 0);
    return { text: JSON.stringify([name, given]), ranges, count };
  }

  function size({ text, count }) {
    return text.length + 8 * count;
  }

  // A request: its number, how many numbers its ranges have, these numbers, and the calls as JSON.
  function packed(number, calls) {
    const count = calls.reduce((sum, call) => sum + call.count, 0);
    const numbers = new Float64Array(2 + count);
    numbers.set([number, count]);
    let at = 2;
    for (const row of calls.flatMap((call) => call.ranges).flat()) {
      numbers.set(row, at);
      at += row.length;
    }
    const json = encoder.encode(`[${calls.map((call) => call.text)}]`);
    const body = new Uint8Array(numbers.byteLength + json.length);
    body.set(new Uint8Array(numbers.buffer));
    body.set(json, numbers.byteLength);
    return body;
  }

  // Sends some calls together, again while the server is busy, and gives each its answer.
  async function send(calls) {
    const signal = allCanceled(calls);
    let answers = await request(calls, signal);
    for (let attempt = 1; answers.again && attempt <= RETRIES; attempt += 1) {
      await wait(PAUSE * (1 + Math.random()) * Math.min(attempt, 4));
      if (signal.aborted) return;
      answers = await request(calls, signal);
    }
    calls.forEach((call, index) => call.resolve(answers.error ? answers : answers[index]));
  }

  // Sends the collected calls in as few requests as their limits allow.
  function sendCollected() {
    let batch = [];
    let bytes = 0;
    for (const call of collected.splice(0)) {
      if (call.signal.aborted) continue;
      if (batch.length === MAX_BATCH || (batch.length && bytes + size(call) > MAX_SIZE)) {
        send(batch);
        [batch, bytes] = [[], 0];
      }
      batch.push(call);
      bytes += size(call);
    }
    if (batch.length) send(batch);
  }

  // The server's answer to a call. Fails as soon as the call is canceled.
  function answered(call, signal) {
    return new Promise((resolve, reject) => {
      if (!collected.length) setTimeout(sendCollected, 0);
      collected.push({ ...call, signal, resolve });
      const canceled = () => reject(new CustomFunctions.Error(CustomFunctions.ErrorCode.notAvailable, "canceled"));
      signal.addEventListener("abort", canceled, { once: true });
    });
  }

  // Excel calls a function with a value for each argument and, last, an object that describes the call. An omitted
  // argument is null or undefined; an error cell is an object with its own JSON form.
  function associate(names, mark, limit) {
    maxBytes = limit;
    for (const name of names) {
      CustomFunctions.associate(name, async (...values) => {
        const invocation = values.pop();
        const stop = new AbortController();
        invocation.onCanceled = () => stop.abort();
        const answer = await answered(written(name, values), stop.signal);
        return "error" in answer ? [[mark + answer.error]] : answer;
      });
    }
  }

  return { ask, associate };
})();
