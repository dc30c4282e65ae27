// Starts Swagger UI on the API's own document.
"use strict";

// OAuth's token request comes with an empty client ("Basic Og=="), for there is none.
function withoutEmptyClient(request) {
  if (request.headers && request.headers.Authorization === "Basic Og==")
    delete request.headers.Authorization;
  return request;
}

function showName(ui) {
  const title = ui.specSelectors.info().get("title");
  if (!title)
    return;
  document.getElementById("name").textContent = title;
  document.title = `${title}: API documentation`;
}

// Until the files are there: ./dev up may still be fetching them.
function sayWhatIsMissing() {
  document.getElementById("missing").hidden = false;
  setInterval(async () => {
    if ((await fetch("/docs/swagger-ui-bundle.js", { method: "HEAD" })).ok)
      location.reload();
  }, 5000);
}

if (window.SwaggerUIBundle) {
  const ui = window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#page",
    layout: "BaseLayout",
    presets: [window.SwaggerUIBundle.presets.apis],
    validatorUrl: null,
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    requestInterceptor: withoutEmptyClient,
    onComplete: () => showName(ui),
  });
} else {
  sayWhatIsMissing();
}
