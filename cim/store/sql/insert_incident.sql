-- A new incident where it happened, in the city frame.
INSERT INTO cim.incident (kind, title, description, severity, state, geom, reported_by, is_synthetic, reported_at, updated_at)
VALUES (
    :kind, :title, :description, :severity, :state,
    ST_SetSRID(ST_MakePoint(:x, :y), :srid),
    :reported_by, :is_synthetic, clock_timestamp(), clock_timestamp()
)
RETURNING id
