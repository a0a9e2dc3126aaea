// react-dropzone: files are dropped on it or chosen through its hidden input.

import { createRoot } from "react-dom/client";
import { useDropzone } from "react-dropzone";
import { offer } from "../page.js";
import "../kits.css";

const state = { files: [], rejected: [] };

async function take(files, rejected) {
  for (const file of files) state.files.push({ name: file.name, type: file.type, text: await file.text() });
  state.rejected.push(...rejected.map(({ file }) => file.name));
}

function Zone() {
  const { getRootProps, getInputProps } = useDropzone({ onDrop: take, accept: { "text/plain": [".txt"] } });
  return (
    <div {...getRootProps({ className: "box", role: "button", "aria-label": "Drop zone" })}>
      <input {...getInputProps({ "aria-label": "Files" })} />
      Drop files here
    </div>
  );
}

createRoot(document.querySelector("#root")).render(<Zone />);
offer({ truth: () => state });
