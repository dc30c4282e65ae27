// The same routes with Fastify, as its documentation recommends: plugins for the token, schemas for
// request and response bodies, a pool of pg, one process for each core. No log.
import cluster from 'node:cluster';
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import fastify from 'fastify';
import jwt from '@fastify/jwt';
import pg from 'pg';

const COLUMNS = 'id, owner_id, title, description, status, created_at, updated_at';
const FIND = `SELECT ${COLUMNS} FROM items WHERE id = $1 AND owner_id = $2`;
const LIST = `SELECT ${COLUMNS}, (SELECT count(*) FROM items WHERE owner_id = $1) AS total FROM items
	WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`;
const FOUND = `(SELECT items.*, ((ts_rank(search, (SELECT websearch_to_tsquery('english', $1)))
	+ ts_rank(search, (SELECT search_query($1)), 1) / 100) * 1000000)::bigint AS rank
	FROM items WHERE search @@ search_query($1) AND owner_id = $2 LIMIT 10000) AS found`;
const SEARCH = `SELECT ${COLUMNS}, (SELECT count(*) FROM ${FOUND}) AS total FROM ${FOUND}
	ORDER BY rank DESC, id DESC LIMIT $3 OFFSET $4`;
const CREATE = `INSERT INTO items (owner_id, title, description, status) VALUES ($1, $2, $3, $4)
	RETURNING ${COLUMNS}`;
const ACCOUNT = 'SELECT id, role, password_hash FROM users WHERE lower(email) = lower($1) AND is_active';
const SESSION = `WITH seen AS (UPDATE users SET last_login_at = now() WHERE id = $1), made AS (
	INSERT INTO sessions (user_id, expires_at, user_agent)
	VALUES ($1, now() + interval '30 days', $2) RETURNING id), token AS (
	INSERT INTO refresh_tokens (session_id, token_hash, expires_at)
	SELECT id, $3, now() + interval '30 days' FROM made) SELECT id FROM made`;

const text = { type: 'string' };
const maybe = { type: ['string', 'null'] };
const item = {
	type: 'object',
	properties: {
		id: text, owner_id: text, title: text, description: maybe, status: text,
		created_at: text, updated_at: text,
	},
};
const page = {
	type: 'object',
	properties: {
		items: { type: 'array', items: item }, total: { type: 'integer' },
		limit: { type: 'integer' }, offset: { type: 'integer' }, next_cursor: maybe,
	},
};
const paging = {
	limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
	offset: { type: 'integer', minimum: 0, default: 0 },
};
const new_item = {
	type: 'object',
	required: ['title'],
	additionalProperties: false,
	properties: {
		title: { type: 'string', minLength: 1, maxLength: 200 },
		description: { type: ['string', 'null'], maxLength: 5000, default: null },
		status: { enum: ['draft', 'active', 'archived'], default: 'active' },
	},
};
const credentials = {
	type: 'object',
	required: ['email', 'password'],
	properties: { email: text, password: { type: 'string', maxLength: 128 } },
};

// Keeps microseconds, which a Date would drop.
pg.types.setTypeParser(1184, (value) => {
	const [seconds, fraction = ''] = value.slice(0, -3).split('.');
	return `${seconds.replace(' ', 'T')}.${fraction.padEnd(6, '0')}Z`;
});

async function serve() {
	const app = fastify();
	const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
	const query = async (name, sql, values) => (await pool.query({ name, text: sql, values })).rows;
	const hash = promisify(scrypt);

	await app.register(jwt, {
		secret: process.env.JWT_SECRET_KEY,
		verify: { allowedIss: process.env.JWT_ISSUER, allowedAud: process.env.JWT_AUDIENCE },
		sign: { iss: process.env.JWT_ISSUER, aud: process.env.JWT_AUDIENCE, expiresIn: '15m' },
	});
	const onRequest = (request) => request.jwtVerify();
	const answer_page = (rows, { limit, offset }) => ({
		items: rows, total: Number(rows[0]?.total ?? 0), limit, offset, next_cursor: null,
	});

	app.get('/health/live', { schema: { response: { 200: { type: 'object', properties: { status: text } } } } },
		async () => ({ status: 'ok' }));

	app.get('/api/v1/items/:id', { onRequest, schema: { response: { 200: item } } }, async (request, reply) => {
		const rows = await query('find', FIND, [request.params.id, request.user.sub]);
		return rows[0] ?? reply.code(404).send();
	});

	app.get('/api/v1/items', {
		onRequest, schema: { querystring: { type: 'object', properties: paging }, response: { 200: page } },
	}, async ({ user, query: q }) => answer_page(await query('list', LIST, [user.sub, q.limit, q.offset]), q));

	app.get('/api/v1/items/search', {
		onRequest,
		schema: {
			querystring: { type: 'object', required: ['q'], properties: { q: { ...text, maxLength: 200 }, ...paging } },
			response: { 200: page },
		},
	}, async ({ user, query: q }) => answer_page(
		await query(undefined, SEARCH, [q.q, user.sub, q.limit, q.offset]), q));

	app.post('/api/v1/items', { onRequest, schema: { body: new_item, response: { 201: item } } }, async (request, reply) => {
		const { title, description, status } = request.body;
		const [row] = await query('create', CREATE, [request.user.sub, title, description, status]);
		return reply.code(201).header('Location', `/api/v1/items/${row.id}`).send(row);
	});

	// Node has no yescrypt, so this uses scrypt: "scrypt$SALT$HASH", both base64.
	app.post('/api/v1/auth/login', { schema: { body: credentials } }, async (request, reply) => {
		const [user] = await query('account', ACCOUNT, [request.body.email]);
		const [, salt = '', wanted = ''] = user?.password_hash.split('$') ?? [];
		const got = await hash(request.body.password, Buffer.from(salt, 'base64'), 32, {
			N: 16384, r: 8, p: 1, maxmem: 64 * 1024 * 1024,
		});
		const bytes = Buffer.from(wanted, 'base64');
		if (bytes.length !== got.length || !timingSafeEqual(bytes, got)) return reply.code(401).send();

		const refresh = randomBytes(32).toString('base64url');
		const [session] = await query('session', SESSION,
			[user.id, request.headers['user-agent'], createHash('sha256').update(refresh).digest()]);
		return {
			access_token: app.jwt.sign({ sub: user.id, sid: session.id, role: user.role }),
			refresh_token: refresh, token_type: 'bearer', expires_in: 900, refresh_expires_in: 2592000,
		};
	});

	await app.listen({ path: process.env.SOCKET });
}

if (cluster.isPrimary) {
	for (let i = 0; i < availableParallelism(); i++) cluster.fork();
} else {
	await serve();
}
