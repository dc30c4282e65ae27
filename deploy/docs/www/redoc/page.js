// Starts ReDoc on the API's own document.
"use strict";

const blank = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

// ReDoc's footer asks its vendor's server for a logo; nothing here comes from elsewhere.
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name === "src" && /^https?:/.test(value) && new URL(value).origin !== location.origin)
    value = blank;
  Element.prototype.setAttribute.call(this, name, value);
};

async function show() {
  const document_ = await (await fetch("/openapi.json")).json();
  const title = document_.info.title;

  document.getElementById("name").textContent = title;
  document.title = `${title}: API reference`;
  window.Redoc.init(document_, { scrollYOffset: ".bar", hideDownloadButton: true }, document.getElementById("page"));
}

if (window.Redoc)
  show();
else
  document.getElementById("missing").hidden = false;
