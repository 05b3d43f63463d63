#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/catalog/database.hpp"

namespace millrace {

/// How a column of an entity is kept and read. Each is nullable unless it says otherwise.
enum class ColumnKind {
  Integer,    // int64
  Real,       // float64
  Flag,       // bool, kept as 0 and 1
  Text,       // utf8
  Document,   // utf8 that holds JSON; asked whether it is there, or whether it `has` a member
  Time,       // timestamp, int64 microseconds (UTC), never null
  MaybeTime,  // the same, where 0 means "not yet" and is read as null
  Password,   // written as a hash and never read; asked with `verify` only
  Rows        // a list of rows of another entity that belong to this one; asked with `has` only
};

/// The top-level members of a Document as rows of a table, for questions about them. The table has
/// the columns kind, name, number and rest (SplitNumber of a member that is a number) and `row`,
/// the id of the document's row.
struct DocumentIndex {
  std::string_view table;     // "model_values"
  std::string_view row;       // "model_id"
  std::string_view kind;      // "metric": which document of the row
  std::string_view copied{};  // column that the table copies from the row: "project_id"; none
};

/// What a Rows column shows, and how a list of names changes it.
struct RelatedRows {
  std::string_view entity;   // "model_tags"
  std::string_view by;       // its column that holds the id of our row
  std::string_view named{};  // entity with a column `name` that a list of names is made of: "tags"
  std::string_view link{};   // table that links the two
  std::string_view own{}, other{};  // its columns: "model_id", "tag_id"
};

/// The ends of a column's texts as rows of a table, for `contains` (text_index.hpp). The table has
/// the columns suffix and `row`, the id of the text's row; without it every row is looked at.
struct TextIndex {
  std::string_view table;  // "model_suffixes"
  std::string_view row;    // "model_id"
};

/// What a change may put into a column. Without any, the column is only read.
struct ColumnRules {
  bool is_writable = false;
  bool is_mandatory = false;  // must be given, and not null
  bool is_unique = false;     // no two rows have it, but for null
  bool is_sha256 = false;     // of a Text: 64 hexadecimal digits, kept in lower case
  bool is_content = false;    // of an is_sha256: names a content of the store, which stays for it
  std::string_view
      fallback{};   // JSON of what stands there when an insert does not give it; else null
  int longest = 0;  // characters of a Text; 0: any number
  std::string_view references{};  // entity whose id it holds; that row cannot be deleted then
  std::string_view folded{};      // column of the table that keeps the text without regard to case
  /// Of an Integer that is a whole second since 1970 and only grows: each update that sets one of
  /// these columns, or this one to "now", raises it to the next whole second, and by one at the
  /// least.
  std::vector<std::string_view> raised_by{};
  TextIndex contains{};  // of what is folded
};

/// A column as queries name it.
struct EntityColumn {
  std::string_view name;  // "created"
  ColumnKind kind;
  std::string_view column;  // in the table: "created_us"; or an SQL expression in parentheses
  ColumnRules rules{};
  DocumentIndex index{};  // of a Document; without a table it has none
  RelatedRows related{};  // of Rows
  /// How the table is joined that the column stands in, of which a row meets one at the most;
  /// empty: that of the entity.
  std::string_view joined{};  // "LEFT JOIN users ON users.id = models.user_id"
};

struct Asker;

/// Values of a row by the names of its columns.
using RowValues = std::map<std::string_view, SqlValue>;

/// What a query may ask for: a table under its public name. Nothing that is not listed can be
/// named. A change sets the columns `created` and `updated` by itself.
struct Entity {
  std::string_view name;
  std::string_view table;  // or a join of tables, when it is only read
  std::vector<EntityColumn> columns;
  std::vector<std::string_view> key;  // names of the columns that make every order total
  std::string_view
      owned_by{};  // SQL condition with one "?" for the owner; empty: rows have no owner
  /// Tables that are made from the rows: `forget` is called before a row is changed or deleted,
  /// `derive` after it was made or changed, both within the transaction.
  Result<void> (*forget)(Connection&, std::int64_t id) = nullptr;
  Result<void> (*derive)(Connection&, std::int64_t id) = nullptr;
  /// Called before a row is made, within the transaction: checks what was asked for, and returns
  /// the values of further columns that follow from it.
  Result<RowValues> (*complete)(Connection&, const Asker&, const RowValues& asked) = nullptr;
  /// Called before a row is deleted, within the transaction: Conflict says what is against it.
  Result<void> (*check_deletion)(Connection&, std::int64_t id) = nullptr;
  /// The columns that the tables of `derive` are made from: an update of others calls neither
  /// `forget` nor `derive`. Empty: any.
  std::vector<std::string_view> derived_from{};
  /// A condition in SQL that one row at the least meets for ever: a change of the columns, or a
  /// deletion, after which none does is Conflict, in these words.
  struct Remaining {
    std::string_view condition{};
    std::vector<std::string_view> columns{};  // that it asks
    std::string_view words{};
  };
  Remaining remaining{};
  /// The flag that is set before a row goes with more rows that refer to it than one transaction
  /// may write: it keeps others from adding to them. Empty: such a row stays.
  std::string_view closed_by{};
  /// Called in the transaction that sets it: Conflict says what is against all that follows.
  Result<void> (*check_closing)(Connection&, std::int64_t id) = nullptr;
  bool is_append_only = false;  // its rows are made, and never changed or deleted
  /// The revision that its changes raise, and for which answers about it stand. Entities that are
  /// read together, or that check each other's rows, share one; empty: its own name. Of an entity
  /// that is only read: that of the changes which make its rows, all of them.
  std::string_view revision{};
  /// Column of the table with the id of the change that made the row, 0 for one of its own: more
  /// rows than one transaction may write can be inserted at once then (pending_change.hpp). Not for
  /// entities with the functions above, whose tables would tell of rows that are not seen.
  std::string_view pending{};
};

/// Users, workspaces, projects, models, tags, promotions.
inline constexpr std::string_view kRegistry = "registry";

inline std::string_view revision_of(const Entity& entity) {
  return entity.revision.empty() ? entity.name : entity.revision;
}

/// Whether the language of changes writes it (row_change.hpp), and nothing else does.
bool is_changeable(const Entity& entity);

/// A column that holds ids of rows of some entity, and whose column it is.
struct Reference {
  const Entity* entity;
  const EntityColumn* column;
};
/// Returns all that refer to rows of an entity.
std::vector<Reference> references_to(const Entity& entity);

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
