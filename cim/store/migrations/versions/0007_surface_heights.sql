-- A height may come from a surface model over the ground.
ALTER TABLE cim.body DROP CONSTRAINT body_height_basis_check;
ALTER TABLE cim.body ADD CONSTRAINT body_height_basis_check
    CHECK (height_basis IN ('source', 'dsm', 'storeys', 'assumed')) NOT VALID;
ALTER TABLE cim.body VALIDATE CONSTRAINT body_height_basis_check;
