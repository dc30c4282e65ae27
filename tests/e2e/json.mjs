// Compares json_check() with Node on handwritten and random documents: it must accept exactly what
// JSON.parse() accepts and the stricter rules of the API do not forbid.
// Usage: node json.mjs PROGRAM FOLDER [DOCUMENTS [SEED]]
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chance } from './random.mjs';

const [program, folder, wanted = 20000, seed = Date.now() % 2 ** 31] = process.argv.slice(2);
const { random, any } = chance(seed);

// ---- the expected verdict

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// The stricter rule that forbids a text that JSON.parse() accepts, or ''.
function forbidden(text) {
	const open = []; // for each open object its keys, for each array null
	let before = '';
	for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
		if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null);
		if (open.length > 32) return 'depth';
		if (token === '}' || token === ']') open.pop();
		if (token[0] === '"') {
			const value = JSON.parse(token), keys = open.at(-1);
			if (value.includes('\0')) return 'U+0000';
			if (/\p{Surrogate}/u.test(value)) return 'lone surrogate';
			if (keys && (before === '{' || before === ',')) {
				if (keys.has(value)) return 'duplicate key';
				keys.add(value);
			}
		}
		before = token;
	}
	return '';
}

function judge(bytes) {
	let text;
	try {
		text = utf8.decode(bytes);
		JSON.parse(text);
	} catch (e) {
		return e instanceof SyntaxError ? 'invalid JSON' : 'invalid UTF-8';
	}
	return forbidden(text);
}

// ---- documents

const scalars = ['null', 'true', 'false', '0', '-0', '17', '-1.5e+3', '1E400', '0.1', '""', '"a"', '"\\u00e9"',
	'"\\ud83d\\ude00"', '"é€😀"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"'];
const keys = ['a', 'b', '\\u0061', 'c', '', 'é', '\\u00e9', 'long key with blanks', '\\n', '\\u000a', '/', '\\/'];
const space = () => (random(6) ? '' : any([' ', '\t', '\n', '\r', '  ']));

function value(depth) {
	const kind = depth > 0 ? random(4) : 3;
	if (kind > 1) return any(scalars);
	const n = random(4), parts = [];
	for (let i = 0; i < n; i++)
		parts.push(space() + (kind ? '' : `"${any(keys)}"${space()}:${space()}`) + value(depth - 1) + space());
	return (kind ? '[' : '{') + parts.join(',') + space() + (kind ? ']' : '}');
}

function nested() {
	const depth = 28 + random(8);
	const [open, close] = random(2) ? ['[', ']'] : ['{"a":', '}'];
	return open.repeat(depth) + any(scalars) + close.repeat(depth);
}

const pieces = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '1', '-', '+', '.', 'e', 'E', 'u', '\\u', 'null', 'tru', 'NaN',
	"'", '/*', '*/', '//', ' ', '\0', '\x01', '\x1f', '\x7f', '\t', '\n', '\v', '\u00a0', '\u2028', '\ufeff', '\\ud83d',
	'\\ude00', '\\u0000', '"a":1,', '01', '1e', 'Infinity', '0x1'].map((text) => Buffer.from(text))
	.concat([[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82], [0xc3]]
		.map((bytes) => Buffer.from(bytes)));

function mutate(bytes) {
	for (let n = 1 + random(3); n > 0; n--) {
		const at = random(bytes.length + 1), to = Math.min(bytes.length, at + random(4));
		const middle = [any(pieces), Buffer.alloc(0), bytes.subarray(to, to + random(6))][random(3)];
		bytes = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(random(2) ? to : at)]);
	}
	return bytes;
}

const documents = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
const byHand = documents.length;
while (documents.length < Number(wanted)) {
	const start = random(3) ? Buffer.from(random(8) ? value(4) : nested()) : documents[random(byHand)];
	documents.push(random(4) ? mutate(start) : start);
}

// ---- comparison

const input = documents.flatMap((bytes) => {
	const head = Buffer.alloc(4);
	head.writeUInt32BE(bytes.length);
	return [head, bytes];
});
const run = spawnSync(program, { input: Buffer.concat(input), maxBuffer: 2 ** 28 });
const verdicts = run.stdout.toString().split('\n');
const counts = {};
let differ = 0;

documents.forEach((bytes, i) => {
	const theirs = judge(bytes);
	counts[theirs || 'JSON'] = (counts[theirs || 'JSON'] ?? 0) + 1;
	if (!theirs === (verdicts[i] === '') || differ++ > 10) return;
	console.log(`  ${JSON.stringify(bytes.toString('latin1'))}: json_check() "${verdicts[i]}", Node "${theirs}"`);
});
// The documents must cover each rule.
const met = ['JSON', 'invalid JSON', 'invalid UTF-8', 'depth', 'U+0000', 'lone surrogate', 'duplicate key'].every((rule) => counts[rule]);
console.log(`# seed ${seed}:`, Object.entries(counts).map(([rule, n]) => `${rule} ${n}`).join(', '));
const fine = run.status === 0 && verdicts.length === documents.length + 1 && differ === 0 && met;
console.log(`${fine ? '' : 'not '}ok - ${documents.length} documents, ${byHand} handwritten, ${differ} with another verdict than Node's`);
process.exitCode = fine ? 0 : 1;
