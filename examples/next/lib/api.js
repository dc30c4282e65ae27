// Requests from this server to the API, as the user of the browser. The session is in a cookie that no script can
// read. The browser sends it here, and this server passes it on; it stores nothing.
import { cookies, headers } from "next/headers";

const api = process.env.API_URL ?? "http://127.0.0.1:8000/api/v1";
const names = ["__Host-session", "__Secure-session", "session"];

async function session() {
  const jar = await cookies();
  return names.map((name) => jar.get(name)).find(Boolean);
}

// Passes the browser's Origin on, so that the API refuses requests that other sites forge (403 csrf_refused). It
// must be that of APP_URL, or in CORS_ORIGINS.
async function send(method, path, body) {
  const cookie = await session(), browser = await headers();
  return fetch(api + path, {
    method,
    cache: "no-store",
    body: body && JSON.stringify(body),
    headers: {
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...(cookie ? { Cookie: `${cookie.name}=${cookie.value}` } : {}),
      ...(browser.get("origin") ? { Origin: browser.get("origin") } : {}),
    },
  });
}

// Gives the browser the cookie that the API sets or clears. Only server actions can.
async function passCookieOn(response) {
  const jar = await cookies();
  for (const header of response.headers.getSetCookie()) {
    const [pair, ...rest] = header.split(/; */), at = pair.indexOf("=");
    const attributes = Object.fromEntries(rest.map((part) => part.toLowerCase().split("=")));
    jar.set({
      name: pair.slice(0, at),
      value: pair.slice(at + 1),
      path: "/",
      httpOnly: true,
      secure: "secure" in attributes,
      sameSite: attributes.samesite,
      maxAge: Number(attributes["max-age"]),
    });
  }
}

// For pages. Returns null if there is no session.
export async function read(path) {
  const response = await send("GET", path);
  if (response.status === 401)
    return null;
  if (!response.ok)
    throw new Error(`GET ${path}: ${response.status}`);
  return response.json();
}

// For server actions. Returns an error in words, or null.
export async function write(method, path, body) {
  const response = await send(method, path, body);
  await passCookieOn(response);
  if (response.ok)
    return null;
  const problem = await response.json();
  return problem.errors?.map(({ field, message }) => `${field} ${message}`).join("; ") ?? problem.detail;
}
