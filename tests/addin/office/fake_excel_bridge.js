// A fake of Excel's side of Microsoft's custom-function runtime (custom-functions-runtime.js of the npm package
// @microsoft/office-js), which the page loads after this file. Over this bridge Excel sends invocations and cancellations,
// and receives results in batches.
(() => {
  "use strict";

  globalThis.fakeExcel = { formulas: [], workbooks: [], invocations: 0, ids: new Map(), waiting: new Map() };

  globalThis._richApiNativeBridge = {
    // Answers every request of the runtime with "done", and keeps the results of functions.
    sendMessageToHost: (text) => {
    const message = JSON.parse(text);
      const request = message.message.body;
      for (const action of request.Actions) {
        if (action.Name === "SetInvocationArrayResults" || action.Name === "SetInvocationResults") {
          action.ArgumentInfo.Arguments[0].forEach(take);
        }
      }
      const body = JSON.stringify({ Results: request.Actions.map((action) => ({ ActionId: action.Id, Value: null })) });
      const answer = { id: message.id, type: 2, message: { statusCode: 200, headers: {}, body } };
      setTimeout(() => _richApiNativeBridge.onMessageFromHost(JSON.stringify(answer)), 0);
    },
  };

  function take(result) {
    const [id, succeeded, value, code] = Array.isArray(result)
      ? result
      : [result.id, !result.failed, result.value, result.errorCode];
    fakeExcel.waiting.get(id)?.(succeeded ? value : { code: code === 1 ? "#N/A" : `error ${code}`, message: value });
    fakeExcel.waiting.delete(id);
  }

  function send(kind, message) {
    const entries = [{ messageCategory: 1, messageType: kind, targetId: "", message, id: "" }];
    _richApiNativeBridge.onMessageFromHost(JSON.stringify({ type: 3, message: { entries } }));
  }

  const CANCELABLE = 1;
  const TAKES_ERRORS = 4;

  // Calls a function as Excel does for one formula. An argument {error: "#DIV/0!"} is a cell with that error.
  fakeExcel.call = (name, values, known) => {
    const id = (fakeExcel.invocations += 1);
    if (known) fakeExcel.ids.set(known, id);
    const cell = (value) => (value?.error ? { type: "CustomFunctionError", code: value.error } : value);
    const cells = values.map((rows) => (rows ? rows.map((row) => row.map(cell)) : null));
    return new Promise((resolve) => {
      fakeExcel.waiting.set(id, resolve);
      send(1000, [id, name, cells, "Sheet1!A1", CANCELABLE | TAKES_ERRORS]);
    });
  };

  fakeExcel.cancel = (known) => send(1001, { invocationId: fakeExcel.ids.get(known) });

  fakeExcel.registered = () => CustomFunctions._association.mappings;
})();
