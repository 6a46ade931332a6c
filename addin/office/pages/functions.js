// The custom functions: each sends its arguments' cells to the server and gives back the rows that come. What goes
// wrong is one line of text in the cell, because Excel for Mac shows no message with an error value.
"use strict";

globalThis.gpt2 = (() => {
  const RETRIES = 60; // while the server says that it is busy
  const PAUSE = 250; // milliseconds before the first of them

  const token = new URLSearchParams(location.search).get("token");

  function headers(more) {
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  }

  // What is read from the server with the token, where there is one.
  function ask(path, options = {}) {
    return fetch(path, { ...options, headers: headers(options.headers) });
  }

  // An argument that is left out comes as null or undefined; an error cell as an object that knows its own JSON.
  function body(values) {
    return JSON.stringify(values.map((value) => value ?? null));
  }

  function wait(milliseconds, signal) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
    });
  }

  async function post(name, values, signal) {
    const options = { method: "POST", signal, headers: { "Content-Type": "application/json" }, body: body(values) };
    for (let attempt = 0; ; attempt += 1) {
      const response = await ask(`/call/${name}`, options);
      if (response.status !== 503 || attempt === RETRIES) return response;
      await wait(PAUSE * (1 + Math.random()) * Math.min(attempt + 1, 4), signal);
    }
  }

  async function call(name, values, signal, mark) {
    try {
      const response = await post(name, values, signal);
      const answer = await response.json();
      return response.ok ? answer : [[mark + answer.error]];
    } catch (error) {
      if (signal.aborted) throw new CustomFunctions.Error(CustomFunctions.ErrorCode.notAvailable, "canceled");
      return [[`${mark}the server does not answer: start it with gpt2-excel serve`]];
    }
  }

  // Excel calls a function with a value for each of its arguments and, last, what it knows of the call.
  function associate(names, mark) {
    for (const name of names) {
      CustomFunctions.associate(name, (...values) => {
        const invocation = values.pop();
        const stop = new AbortController();
        invocation.onCanceled = () => stop.abort();
        return call(name, values, stop.signal, mark);
      });
    }
  }

  return { ask, associate };
})();
