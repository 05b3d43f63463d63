#pragma once

#include <string_view>
#include <vector>

namespace millrace {

/// How a column of an entity is kept and read. Each is nullable unless it says otherwise.
enum class ColumnKind {
  Integer,   // int64
  Real,      // float64
  Flag,      // bool, kept as 0 and 1
  Text,      // utf8
  Document,  // utf8 that holds JSON; only asked whether it is there
  Time,      // timestamp, int64 microseconds (UTC), never null
  MaybeTime  // the same, where 0 means "not yet" and is read as null
};

/// A column as queries name it.
struct EntityColumn {
  std::string_view name;  // "created"
  ColumnKind kind;
  std::string_view column;  // in the table: "created_us"
};

/// What a query may ask for: a table under its public name. Nothing that is not listed can be
/// named.
struct Entity {
  std::string_view name;
  std::string_view table;
  std::vector<EntityColumn> columns;
  std::vector<std::string_view> key;  // names of the columns that make every order total
  std::string_view
      owned_by{};  // SQL condition with one "?" for the owner; empty: rows have no owner
};

/// One step of a migration. May run again when it was interrupted before it was noted down, so it
/// is idempotent: an index or a column that exists is left alone, a statement says IF NOT EXISTS or
/// changes nothing the second time. The text uses the words of sql_spelling.hpp.
struct MigrationStep {
  enum class Kind { Statement, Index, Column };
  Kind kind;
  std::string_view table;  // of an index or a column
  std::string_view name;   // of an index or a column
  std::string_view
      sql;  // statement; "(a, b)" with optional "UNIQUE" before it; or the type of the column

  static MigrationStep statement(std::string_view sql) { return {Kind::Statement, {}, {}, sql}; }
  static MigrationStep index(std::string_view table, std::string_view name, std::string_view sql) {
    return {Kind::Index, table, name, sql};
  }
  static MigrationStep column(std::string_view table, std::string_view name,
                              std::string_view type) {
    return {Kind::Column, table, name, type};
  }
};

/// From one version of a part to the next. Never changed once released.
struct Migration {
  int version;  // 1, 2, ... within the part
  std::string_view what;
  std::vector<MigrationStep> steps;
};

/// Tables that belong together and what queries see of them: one file in engine/catalog/parts/,
/// which defines `CatalogPart part_<file>()` and is found by the build.
struct CatalogPart {
  std::string_view name;
  std::vector<std::string_view> after;  // parts whose tables this one refers to
  std::vector<Migration> migrations;
  std::vector<Entity> entities;
};

/// All parts, each behind those it comes after.
const std::vector<CatalogPart>& catalog_parts();

/// Orders parts so that each stands behind those it comes after; equal ones by name.
std::vector<CatalogPart> in_order(std::vector<CatalogPart> parts);

/// Returns null when there is no such entity.
const Entity* find_entity(std::string_view name);

}  // namespace millrace
