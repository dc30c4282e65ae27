// The patterns of request headers in the OpenAPI document: a value matches exactly if the program
// does not reject it with 400.
import { request } from "node:http";

const { TOKEN, URL: site } = process.env;
const id = "01936f5e-0000-7000-8000-000000000001";
let bad = 0;

function ask(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const sent = request(site + path, { method, headers: { Authorization: `Bearer ${TOKEN}`, ...headers } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(parts).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const document_ = JSON.parse((await ask("GET", "/openapi.json")).body);

function patternOf(path, method, name) {
  const $ref = `#/components/parameters/${name}`;
  if (!document_.paths[path][method].parameters.some((one) => one.$ref === $ref))
    throw new Error(`${method} ${path} has no ${name}`);
  return new RegExp(document_.components.parameters[name].schema.pattern, "u");
}

const tags = ['*', '"a"', 'W/"a"', '""', '"a","b"', '"a", W/"b"', '"a" ,\t"b"', ', "a",, "b",', '"a"\t', '"\xe9\xff"', '"!#~"',
  'a', '"a', 'a"', '"a""b"', '"a" "b"', 'w/"a"', 'W/a', '"a b"', '*, "a"', '* *', ',', '"a"x', '"a",b', "'a'", 'W/ "a"', '"\x80"'];
const keys = ['k', '"k"', '"a b"', 'a b', '"\\\\"', '"\\""', 'k"k', 'x'.repeat(255), `"${'x'.repeat(255)}"`, `"${'\\"'.repeat(255)}"`, '~', '"~"',
  '"', '""', '"k', '"k"x', '"\\x"', 'x'.repeat(256), `"${'x'.repeat(256)}"`, 'k\xe9', '"\xe9"', 'a\tb', '"a\tb"'];
const cases = [
  ["If-None-Match", "/api/v1/users/me", "get", tags],
  ["If-Match", "/api/v1/items/{id}", "delete", tags],
  ["Idempotency-Key", "/api/v1/items", "post", keys],
];

for (const [name, path, method, values] of cases) {
  const pattern = patternOf(path, method, name), wrong = [];
  for (const value of values) {
    const body = method === "post" ? '{"title":"Lamp"}' : undefined;
    const { status } = await ask(method.toUpperCase(), path.replace("{id}", id),
      { [name]: value, ...(body ? { "Content-Type": "application/json" } : {}) }, body);
    const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, ""); // HTTP ignores it
    if (pattern.test(trimmed) !== (status !== 400))
      wrong.push(`  ${JSON.stringify(value.slice(0, 40))}: ${status}`);
  }
  bad += wrong.length;
  console.log(wrong.join("\n"));
  console.log(`${wrong.length ? "not " : ""}ok - the pattern of ${name} accepts what the program accepts`);
}
process.exit(bad ? 1 : 0);
