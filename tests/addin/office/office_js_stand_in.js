// A stand-in for office.js and Excel's custom-function runtime, for tests: the page loads it in place of Microsoft's
// script. It has what our page uses of them, and does with a call what Excel does: cells in, cells out, cancellation.
"use strict";

globalThis.standIn = { functions: new Map(), formulas: [], workbooks: [], running: new Map() };

globalThis.Office = {
  HostType: { Excel: "Excel" },
  onReady: (callback) => setTimeout(() => callback({ host: "Excel" }), 0),
};

globalThis.CustomFunctions = {
  ErrorCode: { invalidValue: "#VALUE!", notAvailable: "#N/A", divisionByZero: "#DIV/0!" },
  Error: class extends Error {
    constructor(code, message) {
      super(message);
      this.code = code;
    }

    toJSON() {
      return { type: "Error", code: this.code, basicValue: this.code };
    }
  },
  associate: (name, callable) => standIn.functions.set(name, callable),
};

globalThis.Excel = {
  run: async (work) => {
    const cell = { address: "Sheet1!A1", load: () => {} };
    Object.defineProperty(cell, "formulas", { set: (formulas) => standIn.formulas.push(formulas[0][0]) });
    return work({ workbook: { getActiveCell: () => cell }, sync: async () => {} });
  },
  createWorkbook: async (base64) => standIn.workbooks.push(base64),
};

// What Excel does for one formula. An argument {error: "#DIV/0!"} stands for a cell with that error.
standIn.call = async (name, values, id) => {
  const invocation = { functionName: name };
  if (id) standIn.running.set(id, invocation);
  const cell = (value) => (value?.error ? new CustomFunctions.Error(value.error) : value);
  try {
    return await standIn.functions.get(name)(...values.map((rows) => rows?.map((row) => row.map(cell))), invocation);
  } catch (error) {
    return { code: error.code, message: error.message };
  }
};

standIn.cancel = (id) => standIn.running.get(id).onCanceled();

standIn.registered = () => Object.fromEntries(standIn.functions);
