-- pg_restore empties search_path before it copies rows in, and then the generated columns of `clients` call sound_key,
-- whose body names plain_key without a schema: without this no dump of the table could be restored.
ALTER FUNCTION sound_key(text) SET search_path = pg_catalog, public;
