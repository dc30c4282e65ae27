-- Called by the site after a request was read and before its response is sent.

-- lighttpd's own refusals, in the form of the API's errors (RFC 9457).
local refusals = {
	[400] = { "Bad Request", "bad_request", "the web server does not understand this request" },
	[404] = { "Not Found", "not_found", "there is nothing at this path" },
	[405] = { "Method Not Allowed", "method_not_allowed", "the web server does not pass on this method" },
	[408] = { "Request Timeout", "bad_request", "the request did not come in time" },
	[411] = { "Length Required", "bad_request", "the request must announce its length" },
	[413] = { "Content Too Large", "payload_too_large", "the body is longer than this server takes" },
	[414] = { "URI Too Long", "bad_request", "the address is longer than this server takes" },
	[416] = { "Range Not Satisfiable", "bad_request", "the web server has no such range" },
	[417] = { "Expectation Failed", "bad_request", "the web server does not do what is expected" },
	[431] = { "Request Header Fields Too Large", "bad_request", "the headers are longer than this server takes" },
	[500] = { "Internal Server Error", "internal_error", "the web server failed" },
	[501] = { "Not Implemented", "bad_request", "the web server does not know this method or coding" },
	[502] = { "Bad Gateway", "unavailable", "the service does not respond; try again soon" },
	[503] = { "Service Unavailable", "unavailable", "the service does not respond; try again soon" },
	[504] = { "Gateway Timeout", "unavailable", "the service took too long; try again soon" },
	[505] = { "HTTP Version Not Supported", "bad_request", "the web server does not speak this version" },
}

local r = lighty.r

-- The client's request id if it is valid, else a new one.
local function request_id()
	local id = r.req_env["REQUEST_ID"] or r.req_header["X-Request-ID"] or ""
	if #id >= 8 and #id <= 64 and not id:find("[^A-Za-z0-9._-]") then
		return id
	end
	local rand = lighty.c.rand
	return string.format("%08x%08x%08x%08x", rand() & 0xffffffff, rand() & 0xffffffff,
		rand() & 0xffffffff, rand() & 0xffffffff)
end

-- Headers whose names have other characters than letters, digits and hyphens: to the program,
-- X_API_Key would be X-API-Key.
local function drop_odd_headers()
	local odd = {}
	for name in pairs(r.req_header) do
		if name:find("[^A-Za-z0-9-]") then
			odd[#odd + 1] = name
		end
	end
	for _, name in ipairs(odd) do
		r.req_header[name] = nil
	end
end

-- The CORS headers of the program, for the errors of lighttpd itself.
local function allow_origin(origin)
	local list = (_G.api_origins or ""):gsub("[ ,]+", " ")
	r.resp_header["Vary"] = "Origin"
	if not origin or origin:find("[ ,]") then
		return
	end
	local any = list == "*"
	if not any and not (" " .. list .. " "):find(" " .. origin .. " ", 1, true) then
		return
	end
	r.resp_header["Access-Control-Allow-Origin"] = any and "*" or origin
	r.resp_header["Access-Control-Allow-Credentials"] = not any and "true" or nil
	r.resp_header["Access-Control-Expose-Headers"] = "ETag, Idempotency-Replayed, Link, Location, "
		.. "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
end

local status = r.req_item.http_status
if status == 0 and r.req_env["REQUEST_ID"] then
	return r.req_attr["request.method"] == "OPTIONS" and 204 or 405
end
if status == 0 then
	r.req_env["REQUEST_ID"] = request_id()
	drop_odd_headers()
	if r.req_attr["request.orig-uri"]:find(" ") then
		return 400
	end
	-- lighttpd normalizes such paths before it looks up the pages; the program refuses them.
	local path = r.req_attr["request.orig-uri"]:gsub("%?.*", ""):gsub("%%2[Ee]", ".") .. "/"
	if path:find("//.") or path:find("/%.%.?/") then
		return 400
	end
	return
end

-- lighttpd sets API_ORIGINS only once it has read a whole header: an error before that, such as 413 for a
-- Content-Length, uses the list of the last response.
_G.api_origins = r.req_env["API_ORIGINS"] or _G.api_origins

-- A response of the program already has its request id.
if r.resp_header["X-Request-ID"] then
	return
end

local id = request_id()
r.resp_header["X-Request-ID"] = id
r.resp_header["X-Content-Type-Options"] = "nosniff"
r.resp_header["Cache-Control"] = status < 400 and "no-cache" or "no-store"
r.resp_header["Allow"] = (status == 204 or status == 405) and "GET, HEAD, OPTIONS" or nil
if status < 400 then
	return
end

status = status == 403 and 404 or status
local title, code, detail = table.unpack(refusals[status] or refusals[400])
r.resp_header["Content-Type"] = "application/problem+json"
allow_origin(r.req_header["Origin"])
r.resp_header["Retry-After"] = code == "unavailable" and "1" or nil
local body = string.format(
	'{"type":"about:blank","title":"%s","status":%d,"detail":"%s","code":"%s","request_id":"%s"}',
	title, status, detail, code, id)
r.resp_body:set(body)
return status
