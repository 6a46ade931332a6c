// A fake of office.js and Excel's custom-function runtime, which the page loads in tests. It has the parts that our page
// uses, and calls functions as Excel does: cells in, cells out, cancellation.
"use strict";

globalThis.fakeExcel = { functions: new Map(), formulas: [], workbooks: [], running: new Map() };

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
  associate: (name, callable) => fakeExcel.functions.set(name, callable),
};

globalThis.Excel = {
  run: async (work) => {
    const cell = { address: "Sheet1!A1", load: () => {} };
    Object.defineProperty(cell, "formulas", { set: (formulas) => fakeExcel.formulas.push(formulas[0][0]) });
    return work({ workbook: { getActiveCell: () => cell }, sync: async () => {} });
  },
  createWorkbook: async (base64) => fakeExcel.workbooks.push(base64),
};

// Calls a function as Excel does for one formula. An argument {error: "#DIV/0!"} is a cell with that error.
fakeExcel.call = async (name, values, id) => {
  const invocation = { functionName: name };
  if (id) fakeExcel.running.set(id, invocation);
  const cell = (value) => (value?.error ? new CustomFunctions.Error(value.error) : value);
  try {
    return await fakeExcel.functions.get(name)(...values.map((rows) => rows?.map((row) => row.map(cell))), invocation);
  } catch (error) {
    return { code: error.code, message: error.message };
  }
};

fakeExcel.cancel = (id) => fakeExcel.running.get(id).onCanceled();

fakeExcel.registered = () => Object.fromEntries(fakeExcel.functions);
