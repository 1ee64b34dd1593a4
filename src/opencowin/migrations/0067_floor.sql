-- Making a month's part waits for whoever reads the whole trail, and others would wait behind it: it tries again later.
SET lock_timeout = '5s';

ALTER FUNCTION partition_ahead(text, integer) SET lock_timeout = '5s';
