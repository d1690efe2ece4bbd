-- Beside geom (surfaces) and semantics (what each is of): how they are bound into shells, and what their format says else.
ALTER TABLE cim.body ADD COLUMN structure jsonb;

CREATE OR REPLACE VIEW cim.current_body AS
    SELECT * FROM cim.body WHERE record_to IS NULL AND role <> 1 AND cim.holds(valid_from, valid_to, now());
