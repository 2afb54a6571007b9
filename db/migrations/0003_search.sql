-- GIN over a room's id too: a search looks into the reader's rooms only, however much is said in the others.
CREATE EXTENSION IF NOT EXISTS btree_gin;
--> statement-breakpoint
-- How texts are compared: compatible forms made one, accents removed, lower case. unaccent is STABLE only because its dictionary
-- can be replaced; after that, rebuild the index.
CREATE FUNCTION chat_fold(content text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
  RETURN lower(public.unaccent('public.unaccent'::regdictionary, normalize(content, NFKC)));
END;
$$;
--> statement-breakpoint
-- The words of a folded text as English and Spanish stem them, and as they stand: for Vietnamese, names and numbers. The Spanish
-- stemmer knows "-ción" by its accent, so that comes back for it. The three lie apart, so that no phrase begins in one and ends in
-- the next: the comma holds the place and is taken out again.
CREATE FUNCTION chat_search_document(folded text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ts_delete(
  to_tsvector('pg_catalog.english', folded)
    || $$',':50$$::tsvector
    || to_tsvector('pg_catalog.spanish', regexp_replace(folded, '([cs])ion\M', '\1ión', 'g'))
    || $$',':50$$::tsvector
    || to_tsvector('pg_catalog.simple', folded),
  ','::text);
--> statement-breakpoint
-- What a person asks for, in the words of chat_search_document. Any text is a query: where the parser gives up (a heap of
-- operators), and where only what must not be there is named, which nearly every message would match, all words must be there.
CREATE FUNCTION chat_search_query(asked text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED
AS $$
DECLARE
  folded text := chat_fold(asked);
  found tsquery := '';
  part tsquery;
BEGIN
  FOREACH part IN ARRAY ARRAY[
    websearch_to_tsquery('pg_catalog.english', folded),
    websearch_to_tsquery('pg_catalog.spanish', regexp_replace(folded, '([cs])ion\M', '\1ión', 'g')),
    websearch_to_tsquery('pg_catalog.simple', folded)
  ] LOOP
    IF querytree(part) NOT IN ('T', '') THEN
      found := found || part;
    END IF;
  END LOOP;
  RETURN CASE WHEN numnode(found) = 0 THEN plainto_tsquery('pg_catalog.simple', folded) ELSE found END;
EXCEPTION
  WHEN internal_error OR program_limit_exceeded OR syntax_error THEN
    RETURN plainto_tsquery('pg_catalog.simple', folded);
END;
$$;
--> statement-breakpoint
-- The text as it stands, anywhere: `%`, `_` and `\` mean themselves. Escaped after folding, which makes plain ones of wide ones.
-- NULL, which matches nothing, where folding leaves nothing.
CREATE FUNCTION chat_search_pattern(asked text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '%' || nullif(regexp_replace(btrim(chat_fold(asked)), '([\\%_])', '\\\1', 'g'), '') || '%';
