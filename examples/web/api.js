// Requests to the API: tokens, refresh, errors. Independent of the page.

export const prefix = document.querySelector("meta[name=api]").content;
const storageKey = "refresh_token";

// The access token is only in memory and expires within minutes. The refresh token is in
// sessionStorage, so that a reload does not sign the user out. It ends with the tab, and unlike
// a cookie it is not sent automatically, so no other site can use it. Only a script in this page
// could read it: hence the strict Content-Security-Policy, and text is never inserted as HTML.
let access = null;
let refreshing = null;

// An error response (RFC 9457). `errors` lists every invalid field.
export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.status = body.status;
    this.code = body.code;
    this.errors = body.errors ?? [];
  }
}

async function send(method, path, { body, headers = {}, token = access } = {}) {
  let response, text;
  try {
    response = await fetch(prefix + path, {
      method,
      cache: "no-store",
      credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
    });
    text = await response.text();
  } catch {
    throw new Problem({ status: 0, code: "unreachable", detail: "the service cannot be reached; try again in a moment" });
  }
  const parsed = text ? JSON.parse(text) : null;
  if (!response.ok)
    throw new Problem(parsed);
  return { body: parsed, headers: response.headers };
}

function store(tokens) {
  access = tokens?.access_token ?? null;
  if (tokens)
    sessionStorage.setItem(storageKey, tokens.refresh_token);
  else
    sessionStorage.removeItem(storageKey);
}

export function mayResume() {
  return sessionStorage.getItem(storageKey) !== null;
}

// A refresh token is valid once: concurrent requests share one refresh.
export function refresh() {
  refreshing ??= send("POST", "/auth/refresh",
    { body: { refresh_token: sessionStorage.getItem(storageKey) }, token: null })
    .then(({ body }) => store(body))
    .catch((problem) => {
      if (problem.status === 401)
        store(null);
      throw problem;
    })
    .finally(() => { refreshing = null; });
  return refreshing;
}

export async function call(method, path, options) {
  if (!access && mayResume())
    await refresh();
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.code !== "token_expired")
      throw problem;
  }
  await refresh();
  return send(method, path, options);
}

export async function signIn(email, password) {
  store((await send("POST", "/auth/login", { body: { email, password }, token: null })).body);
}

export async function signOut() {
  const token = sessionStorage.getItem(storageKey);
  store(null);
  if (token)
    await send("POST", "/auth/logout", { body: { refresh_token: token } });
}

// An Idempotency-Key: a repeated POST with the same key is executed once.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
