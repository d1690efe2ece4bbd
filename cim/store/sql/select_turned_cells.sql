-- The cells of buildings of which a state begins or ends on a day between two moments, without any commit.
SELECT DISTINCT s.cell FROM (
    SELECT building_id FROM cim.body
    WHERE record_to IS NULL AND valid_from > record_from AND valid_from > :since AND valid_from <= :upto
    UNION
    SELECT building_id FROM cim.body
    WHERE record_to IS NULL AND valid_to > record_from AND valid_to > :since AND valid_to <= :upto
) turned JOIN cim.body s USING (building_id)
WHERE s.record_to IS NULL
ORDER BY s.cell
