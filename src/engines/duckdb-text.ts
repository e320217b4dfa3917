import {
  DuckDBArrayType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  DuckDBTypeId,
  listValue,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

const NUMERIC: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.BIGNUM,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
]);

/** Types whose values the binding prints as DuckDB does; dates, times, floats and nested ones it prints otherwise. */
const PLAIN: ReadonlySet<DuckDBTypeId> = new Set([
  ...[...NUMERIC].filter((id) => id !== DuckDBTypeId.FLOAT && id !== DuckDBTypeId.DOUBLE),
  DuckDBTypeId.VARCHAR,
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.UUID,
  DuckDBTypeId.ENUM,
  DuckDBTypeId.SQLNULL,
]);

export function isNumeric(type: DuckDBType | undefined): boolean {
  return type !== undefined && NUMERIC.has(type.typeId);
}

/** Whether it is or holds a struct without names. */
export function hasUnnamed(type: DuckDBType): boolean {
  if (type instanceof DuckDBStructType) return type.entryNames.includes('') || type.entryTypes.some(hasUnnamed);
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) return hasUnnamed(type.valueType);
  return type instanceof DuckDBMapType && (hasUnnamed(type.keyType) || hasUnnamed(type.valueType));
}

/** Each value as DuckDB's own cast to VARCHAR prints it, which for all but plain types DuckDB itself is asked for. */
export async function texts(
  connection: DuckDBConnection,
  rows: readonly DuckDBValue[][],
  types: readonly DuckDBType[],
): Promise<(string | null)[][]> {
  const result = rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  for (const [i, type] of types.entries()) {
    if (PLAIN.has(type.typeId) || rows.length === 0) continue;
    const values = rows.map((row) => row[i] ?? null);
    const cast = await castAll(connection, values, type).catch(() => undefined);
    cast?.forEach((text, row) => ((result[row] as (string | null)[])[i] = text));
  }
  return result;
}

/** A few types of the engine can't be handed back to it; their values keep the binding's words. */
async function castAll(
  connection: DuckDBConnection,
  values: readonly DuckDBValue[],
  type: DuckDBType,
): Promise<(string | null)[]> {
  const prepared = await connection.prepare('SELECT CAST($1 AS VARCHAR[])');
  try {
    prepared.bindValue(1, listValue([...values]), new DuckDBListType(type));
    const [[list] = []] = await (await prepared.run()).getRows();
    return (list as { items: readonly (string | null)[] }).items.slice();
  } finally {
    prepared.destroySync();
  }
}
