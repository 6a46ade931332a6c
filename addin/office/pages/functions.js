// The custom functions. The calls that Excel makes in one tick travel to the server together, and each gets its own answer:
// rows, or an error. An error is one line of text in the cell, because Excel for Mac shows no message with an error value.
"use strict";

globalThis.gpt2 = (() => {
  const RETRIES = 60; // if the server is busy, or its proxy waits for it
  const BUSY = [429, 502, 503, 504];
  const PAUSE = 250; // milliseconds before the first retry
  const MAX_BATCH = 100; // calls in one request; the server takes no more
  const MAX_SIZE = 5e6; // bytes of the calls in one request, about, unless it is a single call

  const token = new URLSearchParams(location.search).get("token");
  const client = Math.random().toString(36).slice(2); // tells this workbook from others behind the same address
  const collected = []; // calls of this tick
  const encoder = new TextEncoder();

  function headers(more) {
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  }

  // Sends a request to the server, with the token if there is one.
  function ask(path, options = {}) {
    return fetch(path, { ...options, headers: headers(options.headers) });
  }

  function wait(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
    });
  }

  async function post(body, signal) {
    const options = { method: "POST", signal, headers: { "Content-Type": "application/octet-stream", "X-Client": client }, body };
    for (let attempt = 0; ; attempt += 1) {
      const response = await ask("/calls", options);
      if (!BUSY.includes(response.status) || attempt === RETRIES) return response;
      await wait(PAUSE * (1 + Math.random()) * Math.min(attempt + 1, 4), signal);
    }
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

  // The body of a request, as the server's packed.py reads it: how many numbers follow, the numbers, the calls as JSON.
  function packed(calls) {
    const count = calls.reduce((sum, call) => sum + call.count, 0);
    const numbers = new Float64Array(1 + count);
    numbers[0] = count;
    let at = 1;
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

  async function send(calls) {
    try {
      const response = await post(packed(calls), allCanceled(calls));
      const answers = await response.json();
      calls.forEach((call, index) => call.resolve(response.ok ? answers[index] : answers));
    } catch {
      const error = "the server does not answer: start it with gpt2-excel serve";
      calls.forEach((call) => call.resolve({ error }));
    }
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
  function associate(names, mark) {
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
