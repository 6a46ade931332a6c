// The custom functions. Each sends the cells of its arguments to the server and returns the rows of the answer. An error
// is one line of text in the cell, because Excel for Mac shows no message with an error value.
"use strict";

globalThis.gpt2 = (() => {
  const RETRIES = 60; // if the server is busy
  const PAUSE = 250; // milliseconds before the first retry

  const token = new URLSearchParams(location.search).get("token");

  function headers(more) {
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  }

  // Sends a request to the server, with the token if there is one.
  function ask(path, options = {}) {
    return fetch(path, { ...options, headers: headers(options.headers) });
  }

  // An omitted argument is null or undefined; an error cell is an object with its own JSON form.
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

  // Excel calls a function with a value for each argument and, last, an object that describes the call.
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
