// Reads the ranges of a table that input.sql emits.
#include <string>
#include <utility>

#include <millrace/operator.hpp>

#include "plugins/sql/operators.hpp"
#include "plugins/sql/source_query.hpp"
#include "plugins/sql/split.hpp"
#include "plugins/sql/time_rows.hpp"
#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

// An instance has a connection of its own. Rows that arrive as such, of tables without an index, go
// on as they are.
class SqlReader final : public Operator {
 public:
  static constexpr auto kName = "read.sql";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Reads the rows of the ranges of time that input.sql emits. The planner puts it behind that, "
      "with the same parameters; nobody needs to write it into a pipeline.";

  static constexpr auto kParams = kSourceParams;
  static constexpr auto kTraits = R"json({"stability": "alpha", "replicable": true, "instances": 2,
    "blocking": true,
    "examples": [
      {"params": {"connection": "data", "table": "posts", "id": "id", "columns": ["id", "author"],
         "time": {"column": "post_time", "from": "2021-01-01", "to": "2021-01-03"}},
       "rows": {"@from": [1609459200000000, 1609545600000000], "@to": [1609545600000000, 1609632000000000]},
       "types": {"@from": "int64", "@to": "int64"},
       "databases": {"data": ["CREATE TABLE posts (id TEXT PRIMARY KEY, author TEXT, post_time DATETIME)",
         "CREATE INDEX by_time ON posts (post_time)",
         "INSERT INTO posts VALUES ('b', 'Bob', '2021-01-01 00:00:00'), ('a', 'Ann', '2021-01-01 00:00:00'), ('c', NULL, '2021-01-02 12:00:00')"]}}]})json";

  static void plan(Context& context, const Params& params) {
    check_source_query(context, params);
    if (params["time"].is_null()) context.fault("parameter_missing", "/time", "it reads by time");
    context.trait("instances", std::to_string(params.integer("connections", 2)));
  }

  explicit SqlReader(const Params& params)
      : query_{params}, rows_{query_, TimeRows::Batches::Full} {}

  void process(Context& context, Batch batch) override {
    if (!is_split_batch(batch)) return context.emit(std::move(batch));
    for (const Windows::Range& range : ranges_of(batch)) read(context, range);
  }

 private:
  void read(Context& context, const Windows::Range& range) {
    const Windows& windows = query_.windows;
    if (range.from < windows.from || range.from >= range.to || range.to > windows.end())
      throw Failure{MR_DATA_INVALID, "a range to read is not within \"time\""};
    rows_.begin(range);
    while (auto found = rows_.next(context)) {
      context.count("read", found->rows());
      context.emit(*std::move(found));
    }
  }

  const SourceQuery query_;
  TimeRows rows_;
};

}  // namespace

OperatorDefinition define_read() { return detail::define<SqlReader>(); }

}  // namespace millrace::sql_operators
