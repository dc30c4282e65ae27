// Sends odd paths through a web server and directly to the pool. The responses must be the same,
// except that the web server may reject an invalid path itself, with a 400 in the same format.
// Usage: node paths.mjs PORT SOCKET files|any [RANDOM-PATHS [SEED]]
// `files`: the web server looks for a file first (Apache with mod_fcgid). It responds 404 to a NUL
// and 403 to a name that is too long for a file.
import { connect } from 'node:net';
import { chance } from './random.mjs';

const [port, socket, files, wanted = 300, seed = Date.now() % 2 ** 31] = process.argv.slice(2);
const id = '01936f5e-0000-7000-8000-000000000001';
const { random, any } = chance(seed);

// ---- paths; each character is a byte

const bytes = (text) => Buffer.from(text).toString('latin1');
const byHand = [
	'/', '/health/live', '/health/live/', '/health/live//', '//', '///', '//health/live', '/health//live',
	'/health%2flive', '/health%2Flive', '/%2f', '/%2fhealth/live', '/health/live%2f', '/health/./live', '/./health/live',
	'/health/live/.', '/health/live/..', '/a/../health/live', '/../health/live', '/..', '/.', '/...', '/health/%2e/live',
	'/%2e%2e/health/live', '/a/%2E%2e/health/live', '/health/.%2e/health/live', '/%252e%252e/x', '/health/live%00',
	'/%00', '/health/live%0a', '/health/live%0d%0a', '/%01', '/%1f', '/%7f', '/%20', '/health/live%20', '/%ff', '/%c0%af',
	'/%c0%ae%c0%ae/x', '/%ed%a0%80', '/%f4%90%80%80', '/%e2%82%ac', bytes('/é'), bytes('/😀'), '/\xff', '/%', '/%2', '/%zz',
	'/health/live%', '/health/live%2', '/health/live%g0', '/%u002e', '/%68%65alth/live', '/HEALTH/live', '/health/live;x=1',
	'/health\\live', '/health%5clive', '/health/live?', '/health/live?%zz', '/health/live?a=%00', '/health/live?/../x',
	'/health/live?a=b?c', '/health/live%3fa', '/health/live%23', '/health/live#x', '/+', '/~a', '/a"b', '/<a>', '/{id}', '/a|b', '/^', '/`',
	`/api/v1/items/${id}`, `/api/v1/items/${id.toUpperCase()}`, `/api/v1/items/${id}/`, '/api/v1/items/1', `/api/v1/items/%30${id.slice(1)}`,
	`/api/v1/items/${id}%00`, `/api/v1//items/${id}`, `/api%2fv1/items/${id}`, `/api/v1/items/${id}%2f`, '/api/v1/', '/api/v1', '/api',
	'/health/../docs', '/docs/../health/live', '/docs/%2e%2e/health/live', '//docs', '/docs//', '/docs%00', '/docs/%2e', '/docs/..%2f',
	'/docs%0a', '/docs/%0a', '/redoc%0a', '/api/v1/docs%0a', '/docs/page.js%0a', '/docs/page.css%0a', '/redoc/page.js%0a', '/docs%0d', '/docs%0d%0a',
	'/metrics%0a', '/metrics/%0a', '/verify-email%0a', '/reset-password%0a', '/app/app.js%0a', '/api/v1/auth/login%0a', '/-error%0a', '/docs%0a?x=%0a',
	'/health/../metrics', '//metrics', '/./metrics', '/metrics/../health/live', '/metrics%2f', '/-error/..',
	`/${'a'.repeat(1000)}`, `/${'a/'.repeat(31)}a`, `/${'a/'.repeat(32)}a`, `/${'a/'.repeat(500)}`, `/${'%41'.repeat(1000)}`,
	`/${'../'.repeat(100)}health/live`, '*', 'health/live', 'http://localhost/health/live', 'HTTP://x/health/live?a=1',
	'http://localhost//health/live', 'https://u:p@h:1/health/live', 'http:/health/live',
];
const pieces = ['/', '/', '/', 'health', 'live', 'api/v1', 'items', id, '.', '..', '%2e', '%2f', '%2F', '%00', '%0a', '%7f', '%c3%a9', '%ff',
	'%', '%4', '%41', '%25', '%5c', 'x', '~', '+', '?', '?a=b', '&', ';', ':', '@', bytes('é'), '\x80', '"', '%3f', '%23'];
const paths = byHand.slice();
while (paths.length < byHand.length + Number(wanted))
	paths.push('/' + Array.from({ length: 1 + random(8) }, () => any(pieces)).join(''));

// ---- requests

function exchange(where, request) {
	return new Promise((resolve, reject) => {
		const parts = [], s = connect(where);
		s.setTimeout(20000, () => s.destroy(new Error('no response within 20 s')));
		s.on('data', (data) => parts.push(data)).on('error', reject).on('end', () => resolve(Buffer.concat(parts)));
		s.write(request);
	});
}

// A response as "404 not_found", with a note if its format is wrong.
function outcome(text) {
	const end = text.indexOf('\r\n\r\n');
	const head = text.slice(0, end), status = /^(?:HTTP\/1\.[01]|Status:) (\d+)/m.exec(head)?.[1] ?? '200';
	const header = (name) => new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(head)?.[1];
	if (Number(status) < 400) return status;
	try {
		const body = JSON.parse(text.slice(end).match(/\{[^]*\}/)[0]);
		const form = header('content-type') === 'application/problem+json' && body.status === Number(status) &&
			body.request_id === header('x-request-id') && body.title && body.detail;
		return `${status} ${body.code}${form ? '' : ' in another format'}`;
	} catch {
		return `${status} without a problem`;
	}
}

async function throughServer(path) {
	const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
	return outcome((await exchange({ host: '127.0.0.1', port: Number(port) }, Buffer.from(head, 'latin1'))).toString());
}

function record(type, content) {
	const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
	return Buffer.concat([head, content]);
}

function parameter(name, value) {
	const length = Buffer.alloc(4);
	length.writeUInt32BE((value.length | 2 ** 31) >>> 0);
	return Buffer.concat([Buffer.from([name.length]), length, Buffer.from(name), Buffer.from(value, 'latin1')]);
}

async function straight(path) {
	const variables = Buffer.concat([parameter('REQUEST_METHOD', 'GET'), parameter('REQUEST_URI', path),
		parameter('SERVER_PROTOCOL', 'HTTP/1.1')]);
	const none = Buffer.alloc(0);
	let rest = await exchange({ path: socket }, Buffer.concat([record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
		record(4, variables), record(4, none), record(5, none)]));
	const out = [];
	while (rest.length >= 8) {
		const length = rest.readUInt16BE(4);
		if (rest[1] === 6) out.push(rest.subarray(8, 8 + length));
		rest = rest.subarray(8 + length + rest[6]);
	}
	return outcome(Buffer.concat(out).toString());
}

// ---- comparison

// Whether a web server may reject the path itself: an invalid URI (RFC 3986), a control character,
// invalid UTF-8, or a "." or ".." segment next to an encoded slash.
function isNoPath(path) {
	if (!/^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[2-689A-Fa-f][0-9A-Fa-f]|%7[0-9A-Ea-e])*$/.test(path)) return true;
	try {
		return /(^|\/)\.\.?([/?]|$)/.test(decodeURIComponent(path));
	} catch {
		return true;
	}
}

const different = [];
for (const path of paths) {
	const ours = await straight(path), got = await throughServer(path);
	const refused = got === '400 bad_request' && (ours === '400 bad_request' || isNoPath(path));
	const known = files === 'files' && ((path.includes('%00') && got === '404 not_found') ||
		(/[^/]{256}/.test(path) && got === '403 forbidden'));
	if (got !== ours && !refused && !known) different.push(`  ${JSON.stringify(path.slice(0, 200))}: ${got}, but the pool ${ours}`);
}
console.log(`# seed ${seed}`);
console.log(different.join('\n'));
console.log(`${different.length ? 'not ' : ''}ok - ${paths.length} odd paths get the same response as from the pool`);
