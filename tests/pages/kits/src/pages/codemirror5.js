// CodeMirror 5, which many notebooks and admin sites still have. It types through a hidden text area.

import CodeMirror from "codemirror-5";
import "codemirror-5/lib/codemirror.css";
import { add, offer, START } from "../page.js";

const editor = CodeMirror(add("div"), { value: START.join("\n"), lineNumbers: true });
editor.getInputField().setAttribute("aria-label", "Editor");

offer({ truth: () => editor.getValue() });
