-- What bodies show on their surfaces (WebP), by the sha256 of its bytes in hexadecimal. A texture of an appearance names it as
-- `cim_picture`, where the picture itself was in base64 before. Pictures stay as long as any version of a body may show them.
CREATE TABLE cim.picture (
    hash text PRIMARY KEY,
    webp bytea NOT NULL
);

CREATE TEMPORARY TABLE pictured ON COMMIT DROP AS
    SELECT b.id FROM cim.body b
    WHERE jsonb_path_exists(b.appearance, '$.textures[*].cim_picture ? (@.type() == "string")');

INSERT INTO cim.picture (hash, webp)
SELECT encode(sha256(decode(t->>'cim_picture', 'base64')), 'hex'), decode(t->>'cim_picture', 'base64')
FROM cim.body b JOIN pictured USING (id), jsonb_array_elements(b.appearance->'textures') t
WHERE jsonb_typeof(t->'cim_picture') = 'string'
ON CONFLICT DO NOTHING;

UPDATE cim.body b SET appearance = jsonb_set(b.appearance, '{textures}', (
    SELECT jsonb_agg(CASE WHEN jsonb_typeof(t->'cim_picture') = 'string'
                          THEN jsonb_set(t, '{cim_picture}',
                                         to_jsonb(encode(sha256(decode(t->>'cim_picture', 'base64')), 'hex')))
                          ELSE t END ORDER BY place)
    FROM jsonb_array_elements(b.appearance->'textures') WITH ORDINALITY listed (t, place)))
FROM pictured WHERE pictured.id = b.id;
