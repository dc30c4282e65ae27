-- migrate:up

-- A UUID of version 7 (RFC 9562): the first 60 bits that are free hold the time to a
-- quarter of a microsecond (section 6.2, method 3), so that new rows land side by side in
-- an index; the other 62 are random.
CREATE FUNCTION uuid_v7() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE
	us bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
	RETURN (lpad(to_hex(us / 1000), 12, '0')
		|| '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
		|| substr(gen_random_uuid()::text, 20))::uuid;
END
$$;

-- migrate:down

DROP FUNCTION uuid_v7();
