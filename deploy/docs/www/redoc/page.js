// Starts ReDoc on the API's own document.
"use strict";

const blank = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

// ReDoc's footer asks its vendor's server for a logo; nothing here comes from elsewhere.
const src = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...src,
  set(address) {
    const ours = new URL(address, location.href).origin === location.origin;
    src.set.call(this, ours || address.startsWith("data:") ? address : blank);
  },
});

async function show() {
  const document_ = await (await fetch("/openapi.json")).json();
  const title = document_.info.title;

  document.getElementById("name").textContent = title;
  document.title = `${title}: API reference`;
  window.Redoc.init(document_, { scrollYOffset: ".bar", hideDownloadButton: true }, document.getElementById("page"));
}

// Until the files are there: ./dev up may still be fetching them.
function sayWhatIsMissing() {
  document.getElementById("missing").hidden = false;
  setInterval(async () => {
    if ((await fetch("/redoc/redoc.standalone.js", { method: "HEAD" })).ok)
      location.reload();
  }, 5000);
}

if (window.Redoc)
  show().catch((error) => { document.getElementById("page").textContent = `/openapi.json: ${error.message}`; });
else
  sayWhatIsMissing();
