// Starts Swagger UI on the API's OpenAPI document, with its own layout and sign-in dialog.
"use strict";

// Signs in at the token URL of the OAuth 2 scheme, or takes an access token or an API key, and uses it
// as the scheme "bearer". Nothing is stored: a reload signs out.
function SignIn({ React: { createElement: h, useEffect, useRef, useState }, authActions, authSelectors, specSelectors }) {
  const dialog = useRef(), [error, setError] = useState("");
  const schemes = specSelectors.specJson().getIn(["components", "securitySchemes"]);
  const tokenUrl = schemes.getIn(["oauth2", "flows", "password", "tokenUrl"]);
  const close = () => authActions.showDefinitions(false);

  useEffect(() => {
    const opener = document.activeElement;
    dialog.current.showModal();
    return () => opener.focus();
  }, []);

  const use = (value) => {
    authActions.authorize({ bearer: { name: "bearer", schema: schemes.get("bearer"), value } });
    close();
  };
  const signIn = async (event) => {
    event.preventDefault();
    setError("");
    const body = new URLSearchParams([["grant_type", "password"], ...new FormData(event.target)]);
    const response = await fetch(tokenUrl, { method: "POST", body }).catch(() => null);
    const result = await response?.json().catch(() => null);
    if (response?.ok)
      use(result.access_token);
    else
      setError(result?.detail ?? "the service does not respond");
  };
  const useToken = (event) => {
    event.preventDefault();
    use(new FormData(event.target).get("token").trim());
  };

  const field = (label, properties) => h("label", null, label, h("input", { required: true, ...properties }));
  const forms = [
    tokenUrl && h("form", { key: "account", onSubmit: signIn },
      field("E-mail address", { name: "username", type: "email", autoComplete: "username", autoFocus: true }),
      field("Password", { name: "password", type: "password", autoComplete: "current-password" }),
      h("p", { role: "alert" }, error),
      h("button", { className: "btn primary" }, "Sign in")),
    h("form", { key: "token", onSubmit: useToken },
      field("Access token or API key", { name: "token", type: "password", autoComplete: "off" }),
      h("button", { className: "btn" }, "Use this token")),
  ];
  const signedIn = [
    h("p", { key: "text" }, "You are signed in until you leave this page."),
    h("button", { key: "out", className: "btn primary", onClick: () => { authActions.logout(["bearer"]); close(); } }, "Sign out"),
  ];
  return h("dialog", { ref: dialog, className: "sign-in", "aria-labelledby": "sign-in-title", onClose: close },
    h("h2", { id: "sign-in-title" }, "Sign in"),
    authSelectors.authorized().has("bearer") ? signedIn : forms,
    h("button", { className: "btn close", "aria-label": "Close", onClick: close }, "×"));
}

// Unlike Swagger UI's own layout it has no second main element, and no choice of one server.
function Layout({ React: { createElement: h }, getComponent, specSelectors }) {
  const parts = ["SvgAssets", "errors"];
  if (specSelectors.loadingStatus() === "success")
    parts.push("InfoContainer", "AuthorizeBtnContainer", "operations");
  return h("div", { className: "swagger-ui" }, parts.map((name) => h(getComponent(name, true), { key: name })));
}

const plugin = (system) => ({
  components: {
    Layout,
    authorizationPopup: SignIn,
    authorizeBtn: ({ isAuthorized, showPopup, onClick, getComponent }) => {
      const h = system.React.createElement;
      return h("div", { className: "auth-wrapper" },
        h("button", { className: `btn primary authorize ${isAuthorized ? "locked" : "unlocked"}`, onClick }, isAuthorized ? "Signed in" : "Sign in"),
        showPopup && h(getComponent("authorizationPopup", true)));
    },
    InfoUrl: () => null, // The bar has this link.
    DeepLink: ({ text }) => text, // Would be a link inside a button.
  },
});

// Swagger UI leaves some controls without a name, and makes each table of responses a landmark.
function fixSemantics(page) {
  for (const table of page.querySelectorAll(".responses-table[role]"))
    table.removeAttribute("role");
  for (const control of page.querySelectorAll("select, textarea"))
    if (!control.labels.length && !control.hasAttribute("aria-label"))
      control.setAttribute("aria-label", control.closest("[data-param-name]")?.dataset.paramName ??
        (control.closest(".examples-select") ? "Example" : control.matches("select") ? "Media type" : "Request body"));
}

if (window.SwaggerUIBundle) {
  keepUpdated(levelHeadings);
  keepUpdated(fixSemantics);
  keepUpdated(focusCode);
  const ui = window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#page",
    layout: "Layout",
    presets: [window.SwaggerUIBundle.presets.apis],
    plugins: [plugin],
    validatorUrl: null,
    deepLinking: true,
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    onComplete: () => showName(ui.specSelectors.info().get("title") ?? "API", "API documentation"),
  });
} else {
  waitForLibrary("/docs/swagger-ui-bundle.js");
}
