// Runs a Python program in Pyodide: node in_pyodide.mjs PYODIDE_FOLDER ROOT PROGRAM
import { pathToFileURL } from "node:url";

const [folder, root, program] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide();
for (const [name, place] of [["/repository", root], ["/packages", process.env.PACKAGES]]) {
  python.FS.mkdir(name);
  python.mountNodeFS(name, place);
}
await python.runPythonAsync(program);
process.exit(0);
