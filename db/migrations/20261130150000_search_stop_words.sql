-- migrate:up

-- Stop words alone ("the who") leave the English query empty: then the words are searched as they
-- stand. `items.search` has them also in that form.
CREATE OR REPLACE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	words text := websearch_to_tsquery('english', typed)::text;
	stem text := substring(words FROM '''[^'']*''$');
	plain text := websearch_to_tsquery('simple', typed)::text;
	word text := substring(plain FROM '''[^'']*''$');
BEGIN
	IF words = '' THEN
		words := plain;
		word := NULL;
	END IF;
	IF querytree(words::tsquery) IN ('', 'T') THEN
		RETURN '';
	END IF;
	IF stem IS NULL OR word IS NULL OR words ~ '''''|!''[^'']*''$'
		OR to_tsvector('english', word) = '' THEN
		RETURN words;
	END IF;
	IF words ~ '> ''[^'']*''$' THEN
		RETURN words || ':*';
	END IF;
	RETURN left(words, -length(stem)) || '( ' || stem || ' | ' || word || ':* )';
END
$$;

-- migrate:down

CREATE OR REPLACE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	words text := websearch_to_tsquery('english', typed)::text;
	stem text := substring(words FROM '''[^'']*''$');
	word text := substring(websearch_to_tsquery('simple', typed)::text FROM '''[^'']*''$');
BEGIN
	IF querytree(words::tsquery) IN ('', 'T') THEN
		RETURN '';
	END IF;
	IF stem IS NULL OR word IS NULL OR words ~ '''''|!''[^'']*''$'
		OR to_tsvector('english', word) = '' THEN
		RETURN words;
	END IF;
	IF words ~ '> ''[^'']*''$' THEN
		RETURN words || ':*';
	END IF;
	RETURN left(words, -length(stem)) || '( ' || stem || ' | ' || word || ':* )';
END
$$;
