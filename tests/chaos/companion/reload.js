// Switches the extension that the address names off and on again, which is a reload, and says when that is done.
const id = new URLSearchParams(location.search).get("id");
reload().then(
  () => (document.title = "Reloaded"),
  (error) => (document.title = `Failed: ${error.message}`),
);

async function reload() {
  await chrome.management.setEnabled(id, false);
  await chrome.management.setEnabled(id, true);
}
