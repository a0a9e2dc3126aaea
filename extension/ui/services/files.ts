// Gives a file to the person as a download of this page. No permission is needed for it.

import type { ExportedFile } from "./tasks";

/** Has the browser save a file. */
export function saveFile({ name, mimeType, pieces }: ExportedFile): void {
  const url = URL.createObjectURL(new Blob([...pieces], { type: mimeType }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
