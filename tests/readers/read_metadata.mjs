// Reads what GLBs say of their features with 3d-tiles-tools, which decodes the tables by their schema: node read_metadata.mjs
// FILE... ; prints one JSON line per file: its tables, and of everything with feature ids the table and the rows they name.
import { readFileSync } from "node:fs";
import tools from "3d-tiles-tools";

const { BinaryPropertyModels, GltfTransform } = tools;
const bytesOf = (view) => (view ? Buffer.from(view) : undefined);
const plain = (value) => (typeof value === "bigint" ? Number(value) : value);

function column(schema, table, key) {
  const [declared, told] = [schema.getClass(table.getClass()).getProperty(key), table.getProperty(key)];
  const enumType = declared.getEnumType();
  const model = BinaryPropertyModels.createPropertyModelInternal(
    key,
    declared.getType(),
    declared.getComponentType() ?? undefined,
    declared.getArray(),
    declared.getCount() ?? undefined,
    bytesOf(told.getValues()),
    bytesOf(told.getArrayOffsets()),
    told.getArrayOffsetType(),
    bytesOf(told.getStringOffsets()),
    told.getStringOffsetType(),
    enumType === null ? undefined : schema.getEnum(enumType).getValueType(),
  );
  const missing = declared.getNoData();
  return Array.from({ length: table.getCount() }, (_, row) => {
    const value = plain(model.getPropertyValue(row));
    return missing !== null && value === plain(missing) ? null : value;
  });
}

function named(features, holder, tables) {
  return (features.listFeatureIDs?.() ?? features.listFeatureIds()).map((one) => {
    const ids = holder.getAttribute(`_FEATURE_ID_${one.getAttribute()}`);
    const rows = ids ? Array.from({ length: ids.getCount() }, (_, k) => ids.getScalar(k)) : null;
    return { count: one.getFeatureCount(), table: tables.indexOf(one.getPropertyTable()), rows };
  });
}

const io = await GltfTransform.getIO();
for (const file of process.argv.slice(2)) {
  const root = (await io.readBinary(new Uint8Array(readFileSync(file)))).getRoot();
  const metadata = root.getExtension("EXT_structural_metadata");
  const [schema, listed] = [metadata.getSchema(), metadata.listPropertyTables()];
  const tables = listed.map((table) => ({
    class: table.getClass(),
    columns: Object.fromEntries(table.listPropertyKeys().map((key) => [key, column(schema, table, key)])),
  }));
  const [instances, primitives] = [[], []];
  for (const node of root.listNodes()) {
    const [features, holder] = ["EXT_instance_features", "EXT_mesh_gpu_instancing"].map((name) => node.getExtension(name));
    if (features) instances.push(...named(features, holder, listed));
  }
  for (const primitive of root.listMeshes().flatMap((mesh) => mesh.listPrimitives())) {
    const features = primitive.getExtension("EXT_mesh_features");
    if (features) primitives.push(...named(features, primitive, listed));
  }
  const used = root.listExtensionsUsed().map((one) => one.extensionName);
  console.log(JSON.stringify({ file, used, tables, instances, primitives }));
}
