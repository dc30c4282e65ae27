// Odd requests through a web server: each gets the same response from nginx, Apache and lighttpd,
// except for what the table in deploy/README.md says.
// Usage: TOKEN=… node requests.mjs PORT SERVER
import { spawnSync } from "node:child_process";
import { connect } from "node:net";

const [port, server] = process.argv.slice(2);
// Debian 12 and 13 differ in lighttpd's response to an unknown version of HTTP, and in what nginx
// forwards of two Content-Type: the first or, since 1.23, both.
const { stdout, stderr } = spawnSync(server, ["-v"], { encoding: "utf8" });
const older = /lighttpd\/1\.4\.[0-6]|nginx\/1\.(1\d|2[0-2])\./.test(stdout + stderr);
const version = server === "lighttpd" && !older ? "400 bad_request" : "505 bad_request";
const { TOKEN } = process.env;
const ME = "/api/v1/users/me";
const auth = `Authorization: Bearer ${TOKEN}`;
const other = "Authorization: Bearer a.b.c";
const json = "Content-Type: application/json";
const login = '{"email":"a@example.com"}';

// request("GET /path", HEADERS…): with Host and Connection: close.
const request = (line, ...headers) => [`${line} HTTP/1.1`, "Host: localhost", "Connection: close", ...headers, "", ""].join("\r\n");
const post = (body, ...headers) => request("POST /api/v1/auth/login", json, `Content-Length: ${body.length}`, ...headers) + body;
const chunked = (chunks, ...headers) => request("POST /api/v1/auth/login", json, "Transfer-Encoding: chunked", ...headers) + chunks;

// NAME, REQUEST, RESPONSE, and those of servers that differ. A response is the status, the code of
// a problem, and the headers among `shown`.
const rows = [
  // Header names. Only unambiguous names reach the program.
  ["a header with an underscore", request(`GET ${ME}`, `X_API_Key: x`), "401 unauthenticated"],
  ["a header with a dot", request(`GET ${ME}`, `X.API.Key: x`), "401 unauthenticated"],
  ["a header with odd characters", request(`GET ${ME}`, `X!API~Key: x`), "401 unauthenticated"],
  ["an underscore beside the header itself", request(`GET ${ME}`, auth, `X_API_Key: x`), "200"],
  ["If_None_Match", request(`GET ${ME}`, auth, "If_None_Match: *"), "200"],
  ["If.None.Match", request(`GET ${ME}`, auth, "If.None.Match: *"), "200"],
  ["Authorization in capitals", request(`GET ${ME}`, `AUTHORIZATION: Bearer ${TOKEN}`), "200"],
  ["Proxy", request("GET /health/live", "Proxy: http://192.0.2.1"), "200"],
  ["a name with a space before the colon", request("GET /health/live", "X-A : b"), "400 bad_request"],
  ["a line without a colon", request("GET /health/live", "nonsense"), "400 bad_request", { nginx: "200" }],
  ["a header without a name", request("GET /health/live", ": b"), "400 bad_request"],
  ["a continued header line", request("GET /health/live", "X-A: b", " c"), "200", { nginx: "400 bad_request" }],
  ["a control character in a value", request("GET /health/live", "X-A: b\x01"), "400 bad_request", { nginx: "200" }],
  ["NUL in a value", request("GET /health/live", "X-A: b\0c"), "400 bad_request"],
  ["bytes over 0x7f in a value", request("GET /health/live", "X-A: \xe9\xff"), "200"],
  // Values.
  ["an empty header", request(`GET ${ME}`, auth, "X-API-Key:"), "200"],
  ["an empty If-None-Match", request(`GET ${ME}`, auth, "If-None-Match:"), "400 bad_request", { lighttpd: "200" }],
  ["an empty Authorization", request(`GET ${ME}`, "Authorization:"), "401 unauthenticated"],
  ["blanks around a value", request(`GET ${ME}`, `Authorization:  \t Bearer ${TOKEN} \t`), "200"],
  ["an invalid X-Request-ID", request("GET /health/live", "X-Request-ID: a b"), "200"],
  ["an invalid If-Match", request("DELETE /api/v1/items/01936f5e-0000-7000-8000-000000000001", auth, "If-Match: a"), "400 bad_request"],
  // Repeated headers.
  ["two Authorization", request(`GET ${ME}`, auth, other), "401 invalid_token", { nginx: "400 bad_request" }],
  ["two Authorization, the other way", request(`GET ${ME}`, other, auth), "401 invalid_token", { nginx: "400 bad_request" }],
  ["two equal Authorization", request(`GET ${ME}`, auth, auth), "401 invalid_token", { nginx: "400 bad_request" }],
  ["two X-API-Key", request(`GET ${ME}`, "X-API-Key: x", "X-API-Key: y"), "401 invalid_token"],
  ["two If-None-Match", request(`GET ${ME}`, auth, 'If-None-Match: "a"', "If-None-Match: \"b\""), "200", { nginx: "400 bad_request" }],
  ["two X-Request-ID", request("GET /health/live", "X-Request-ID: abcdefgh", "X-Request-ID: ijklmnop"), "200"],
  ["two Host", request("GET /health/live", "Host: other"), "400 bad_request"],
  ["two Content-Length", post(login, `Content-Length: ${login.length}`), "400 bad_request"],
  ["two different Content-Length", post(login, "Content-Length: 5"), "400 bad_request"],
  ["two Content-Type", post(login, "Content-Type: text/plain"), "415 unsupported_media_type", { ...(older && { nginx: "422 validation_error" }), lighttpd: "400 bad_request" }],
  // Host and version.
  ["no Host in HTTP/1.0", "GET /health/live HTTP/1.0\r\n\r\n", "200"],
  ["HTTP/1.0", "GET /health/live HTTP/1.0\r\nHost: a\r\n\r\n", "200"],
  ["no Host", "GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n", "400 bad_request"],
  ["an empty Host", "GET /health/live HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "400 bad_request"],
  ["an odd Host", "GET /health/live HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n", "400 bad_request"],
  ["a Host with a user", "GET /health/live HTTP/1.1\r\nHost: u@a\r\nConnection: close\r\n\r\n", "400 bad_request", { nginx: "200" }],
  ["a Host with a bad port", "GET /health/live HTTP/1.1\r\nHost: a:x\r\nConnection: close\r\n\r\n", "400 bad_request", { nginx: "200" }],
  ["HTTP/1.2", "GET /health/live HTTP/1.2\r\nHost: a\r\nConnection: close\r\n\r\n", "200", { lighttpd: version }],
  ["HTTP/2.0", "GET /health/live HTTP/2.0\r\nHost: a\r\n\r\n", "505 bad_request", { apache: "200", lighttpd: version }],
  ["HTTP/0.9", "GET /health/live\r\n\r\n", "400 bad_request", { nginx: "HTTP/0.9" }],
  ["no version", "GET /health/live \r\n\r\n", "400 bad_request", { nginx: "HTTP/0.9" }],
  ["bare line feeds", "GET /health/live HTTP/1.1\nHost: a\nConnection: close\n\n", "400 bad_request", { nginx: "200" }],
  ["an empty line before", "\r\nGET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", { lighttpd: "400 bad_request" }],
  // Targets.
  ["an absolute target", request("GET http://localhost/health/live"), "200"],
  ["an absolute target elsewhere", request("GET http://other/health/live"), "200", { lighttpd: "400 bad_request" }],
  ["an absolute target without a path", request("GET http://localhost"), "400 bad_request", { nginx: "404 not_found" }],
  ["a query with odd bytes", request("GET /health/live?a=\xff\"<>^`{|}"), "400 bad_request"],
  ["a query with a control character", request("GET /health/live?a=\x01"), "400 bad_request"],
  ["a fragment", request("GET /health/live#a"), "200", { apache: "400 bad_request" }],
  ["an asterisk", request("OPTIONS *"), "400 bad_request", { apache: "200", lighttpd: "200" }],
  ["a space in the target", request("GET /health/live /x"), "400 bad_request"],
  ["a tab in the request line", "GET\t/health/live\tHTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400 bad_request"],
  ["an encoded slash", request("GET /health%2flive"), "404 not_found"],
  ["a double slash", request("GET /health//live"), "400 bad_request"],
  ["a dot segment", request("GET /health/./live"), "400 bad_request"],
  ["a trailing slash", request("GET /health/live/"), "200"],
  // Methods.
  ["TRACE", request("TRACE /health/live"), "405 method_not_allowed"],
  ["CONNECT", request("CONNECT localhost:80"), "400 bad_request"],
  ["CONNECT with a path", request("CONNECT /health/live"), "405 method_not_allowed", { apache: "400 bad_request" }],
  ["an invented method", request("FETCH /health/live"), "405 method_not_allowed", { lighttpd: "501 bad_request" }],
  ["PROPFIND", request("PROPFIND /health/live"), "405 method_not_allowed"],
  ["a method in small letters", request("get /health/live"), "405 method_not_allowed", { nginx: "400 bad_request", lighttpd: "501 bad_request" }],
  ["PRI", request("PRI /health/live"), "405 method_not_allowed", { lighttpd: "501 bad_request" }],
  // Bodies.
  ["a body with GET", request("GET /health/live", "Content-Length: 2") + "{}", "200"],
  ["a chunked body with GET", request("GET /health/live", "Transfer-Encoding: chunked") + "2\r\n{}\r\n0\r\n\r\n", "200"],
  ["a body", post(login), "422 validation_error"],
  ["a chunked body", chunked("5\r\n{\"ema\r\n14\r\nil\":\"a@example.com\"}\r\n0\r\n\r\n"), "422 validation_error"],
  ["a chunk extension", chunked("2;a=b\r\n{}\r\n0\r\n\r\n"), "422 validation_error"],
  ["a trailer", chunked("2\r\n{}\r\n0\r\nX-API-Key: x\r\n\r\n"), "422 validation_error"],
  ["a bad chunk", chunked("x\r\n{}\r\n0\r\n\r\n"), "400 bad_request"],
  ["a negative length", request("POST /api/v1/auth/login", json, "Content-Length: -1"), "400 bad_request"],
  ["a length with a sign", request("POST /api/v1/auth/login", json, "Content-Length: +2") + "{}", "400 bad_request"],
  ["a huge length", request("POST /api/v1/auth/login", json, "Content-Length: 99999999999999999999"), "400 bad_request"],
  ["no length", request("POST /api/v1/auth/login", json), "400 malformed_json", { lighttpd: "411 bad_request" }],
  ["both lengths", request("POST /api/v1/auth/login", json, "Content-Length: 2", "Transfer-Encoding: chunked") + "2\r\n{}\r\n0\r\n\r\n", "400 bad_request", { apache: "422 validation_error" }],
  ["Transfer-Encoding: identity", post(login, "Transfer-Encoding: identity"), "501 bad_request", { apache: "400 bad_request" }],
  ["Transfer-Encoding: gzip, chunked", chunked("2\r\n{}\r\n0\r\n\r\n").replace("chunked", "gzip, chunked"), "501 bad_request"],
  ["chunked in HTTP/1.0", chunked("2\r\n{}\r\n0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0"), "400 bad_request"],
  ["Content-Encoding", post(login, "Content-Encoding: gzip"), "415 unsupported_media_type"],
  // Hop-by-hop and conditional headers.
  ["Expect: 100-continue", post(login, "Expect: 100-continue"), "422 validation_error"],
  ["another Expect", request("GET /health/live", "Expect: a"), "200", { apache: "417 bad_request" }],
  ["Range", request("GET /health/live", "Range: bytes=0-1"), "200"],
  ["Range with a tag", request("GET /openapi.json", "Range: bytes=0-1"), "200"],
  ["an unsatisfiable Range", request("GET /health/live", "Range: bytes=99999-"), "200"],
  ["Upgrade: websocket", request("GET /health/live", "Upgrade: websocket").replace("close", "upgrade"), "200"],
  ["Upgrade: h2c", request("GET /health/live", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA").replace("close", "Upgrade, HTTP2-Settings"), "200", { lighttpd: "101 Upgrade: h2c" }],
  ["TE", request("GET /health/live", "TE: trailers"), "200"],
  ["X-HTTP-Method-Override", request("GET /health/live", "X-HTTP-Method-Override: DELETE"), "200"],
  ["Connection names a header", request(`GET ${ME}`, auth).replace("close", "close, Authorization"), "200"],
  ["If-Modified-Since", request("GET /health/live", "If-Modified-Since: Mon, 30 Nov 2099 00:00:00 GMT"), "200"],
  ["Accept-Encoding", request(`GET ${ME}`, auth, "Accept-Encoding: gzip, br"), "200"],
];
const shown = ["Content-Range", "Accept-Ranges", "Content-Encoding", "Location", "Upgrade"];

// Reads the response to its end or, with Upgrade, until nothing arrives for a second.
function exchange(text) {
  return new Promise((resolve) => {
    const parts = [], socket = connect({ host: "127.0.0.1", port: Number(port) });
    const done = () => { socket.destroy(); resolve(Buffer.concat(parts).toString("latin1")); };
    socket.setTimeout(/Upgrade/.test(text) ? 1000 : 10000, done);
    socket.on("data", (data) => parts.push(data)).on("error", done).on("end", done);
    socket.write(Buffer.from(text, "latin1"));
  });
}

function summary(text) {
  const answer = text.replace(/^(HTTP\/1\.1 100 [^]*?\r\n\r\n)+/, ""), end = answer.indexOf("\r\n\r\n");
  const head = answer.slice(0, end), status = /^HTTP\/1\.[01] (\d+)/.exec(head)?.[1];
  if (!status)
    return answer ? "HTTP/0.9" : "closed";
  const header = (name) => head.match(new RegExp(`^${name}: *(.*?)\\r?$`, "im"))?.[1];
  const found = shown.filter(header).map((name) => ` ${name}: ${header(name)}`).join("");
  if (Number(status) < 400)
    return status + found;
  try {
    const body = JSON.parse(answer.slice(end).match(/\{[^]*\}/)[0]);
    const form = header("Content-Type") === "application/problem+json" && body.status === Number(status) && body.request_id === header("X-Request-ID");
    return `${status} ${body.code}${form ? "" : " in another form"}${found}`;
  } catch {
    return `${status} without a problem${found}`;
  }
}

let bad = 0;
for (const [name, text, response, differences = {}] of rows) {
  const got = summary(await exchange(text)), wanted = differences[server] ?? response;
  bad += got !== wanted;
  console.log(got === wanted ? `ok - ${name}` : `not ok - ${name}\n  got    ${got}\n  wanted ${wanted}`);
}
process.exit(bad ? 1 : 0);
