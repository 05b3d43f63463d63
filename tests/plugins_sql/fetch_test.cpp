// Rows of the tables that rows name.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

#include "engine/base/json.hpp"
#include "tests/fixtures/tcp_proxy.hpp"
#include "tests/sql/place.hpp"

using namespace millrace;
using namespace millrace::test;
using Catch::Contains;
using sql::Dialect;
using testing::OperatorHarness;

namespace {

using Texts = std::vector<std::string>;

OperatorHarness fetching(const SqlPlace& place, Json more = Json::object()) {
  Json params{{"connection", "data"},
              {"table_column", "table"},
              {"columns", {"id"}},
              {"keep", {"table"}},
              {"attempt_wait_s", 0.05}};
  params.update(more);  // in which a null takes one away
  testing::HarnessOptions options;
  options.library = MR_BINARY_DIR "/lib/millrace/plugins/sql.so";
  OperatorHarness harness{"fetch.sql", params.dump(), options};
  harness.add_connection("data", place.settings.address.describe(), place.settings.password);
  return harness;
}

Batch asking(const Texts& tables) {
  Builder<std::string_view> table;
  Builder<std::int64_t> number;
  for (const auto& name : tables) {
    table.append(name);
    number.append(number.size());
  }
  return Batch{}.with("table", std::move(table)).with("number", std::move(number));
}

// "table:id" of each row that came, "-" for a null.
std::string found(const OperatorHarness& harness) {
  std::string all;
  if (harness.rows() == 0) return all;
  const auto tables = harness.optional_column<std::string>("table");
  const auto ids = harness.optional_column<std::string>("id");
  for (std::size_t row = 0; row < ids.size(); ++row)
    all += (row == 0 ? "" : " ") + tables[row].value_or("-") + ":" + ids[row].value_or("-");
  return all;
}

void make_table(const SqlPlace& place, const std::string& name, const Texts& ids) {
  const auto connection = place.connect();
  const std::string quoted = connection->quote(std::string_view{name});
  connection->run("CREATE TABLE " + quoted + " (id VARCHAR(200), n INT, at DATETIME)");
  std::int64_t number = 0;
  for (const auto& id : ids) {
    connection->execute("INSERT INTO " + quoted + " VALUES (?, ?, '2021-01-0" +
                            std::to_string(number % 9 + 1) + " 06:00:00')",
                        {id, number});
    ++number;
  }
}

std::string fetched(const SqlPlace& place, const Json& params, const Texts& tables) {
  auto harness = fetching(place, params);
  const auto status = harness.push(asking(tables));
  INFO(status.message());
  REQUIRE(status.ok());
  REQUIRE(harness.finish().ok());
  return found(harness);
}

Texts faults_of(const Json& params) {
  const SqlPlace place{Dialect::Sqlite};
  const auto harness = fetching(place, params);
  Texts pointers;
  for (const auto& fault : harness.faults()) pointers.push_back(fault.pointer);
  return pointers;
}

}  // namespace

TEST_CASE("what is found leaves in the order of the rows that asked, and within one as asked for",
          "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_table(place, "Ptt", {"b", "B", "a", "\xC3\xA4"});
  make_table(place, "blog", {"z", "y"});
  const Json by_id{{"order", {"id"}}};
  CHECK(fetched(place, by_id, {"blog", "Ptt", "blog"}) ==
        "blog:y blog:z Ptt:B Ptt:a Ptt:b Ptt:\xC3\xA4 blog:y blog:z");
  CHECK(fetched(place, {{"order", {"-id"}}, {"limit", 1}}, {"Ptt", "blog"}) ==
        "Ptt:\xC3\xA4 blog:z");
  CHECK(fetched(place, {{"order", {"id"}}, {"batch_rows", 1}}, {"Ptt", "blog"}) ==
        "Ptt:B Ptt:a Ptt:b Ptt:\xC3\xA4 blog:y blog:z");
  CHECK(fetched(place, {{"order", {"n"}}, {"batch_rows", 3}}, {"Ptt", "blog"}) ==
        "Ptt:b Ptt:B Ptt:a Ptt:\xC3\xA4 blog:z blog:y");
}

TEST_CASE("few rows of many tables are one batch, and many rows of one are several",
          "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_table(place, "a", {"1"});
  make_table(place, "b", Texts(10, "x"));
  auto harness = fetching(place, {{"batch_rows", 4}});
  REQUIRE(harness.push(asking({"a", "a", "a"})).ok());
  CHECK(harness.emitted() == 1);
  REQUIRE(harness.push(asking({"a", "b", "a"})).ok());
  CHECK(harness.rows() == 3 + 12);
  for (std::size_t i = 0; i < harness.emitted(); ++i) CHECK(harness.batch_at(i).rows() <= 4);
  CHECK(harness.counts().at("read") == 15);
}

TEST_CASE("conditions compare with values, and with those of the row that asks", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_table(place, "t", {"a", "b", "c", "d"});
  place.connect()->run("INSERT INTO t VALUES ('null', NULL, NULL)");
  const auto where = [&](const Json& conditions) {
    return fetched(place, {{"where", conditions}, {"order", {"id"}}, {"keep", {"table"}}}, {"t"});
  };
  const auto is = [](const char* column, const char* op, const Json& value) {
    return Json{{"column", column}, {"op", op}, {"value", value}};
  };
  CHECK(where(Json::array({is("n", "=", 2)})) == "t:c");
  CHECK(where(Json::array({is("n", "!=", 2)})) == "t:a t:b t:d");
  CHECK(where(Json::array({is("n", "<", 1)})) == "t:a");
  CHECK(where(Json::array({is("n", "<=", 1)})) == "t:a t:b");
  CHECK(where(Json::array({is("n", ">", 2)})) == "t:d");
  CHECK(where({is("n", ">=", 2), is("id", "in", {"c", "a"})}) == "t:c");
  CHECK(where(Json::array({is("n", "is_null", true)})) == "t:null");
  CHECK(where({is("n", "is_null", false), is("n", ">", 2)}) == "t:d");
  CHECK(where(Json::array({{{"column", "n"}, {"op", "is_null"}}})) == "t:null");
  CHECK(where(Json::array({{{"column", "id"}, {"value", "b"}}})) == "t:b");
  // Of the row: 0 for the first, 1 for the second.
  CHECK(fetched(place, {{"where", {{{"column", "n"}, {"from", "number"}}}}}, {"t", "t"}) ==
        "t:a t:b");
  CHECK(fetched(place,
                {{"where", {{{"column", "n"}, {"op", ">"}, {"from", "number"}}}}, {"order", {"n"}}},
                {"t", "t"}) == "t:b t:c t:d t:c t:d");
}

TEST_CASE("a row asks with a value of any plain type, and a null finds nothing", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run("CREATE TABLE t (id VARCHAR(9), i INT, r DOUBLE, s VARCHAR(99), at DATETIME)");
  connection->run("INSERT INTO t VALUES ('b', 2, 1.5, 'x', '2021-01-02 06:00:00')");
  connection->execute("INSERT INTO t VALUES ('a', 1, 0.5, ?, '2021-01-01 06:00:00')",
                      {std::string{"'; DROP TABLE t; --"}});
  const auto asks = [&](const char* column, Batch batch) {
    auto harness = fetching(place, {{"table", "t"},
                                    {"table_column", nullptr},
                                    {"keep", Json::array()},
                                    {"where", {{{"column", column}, {"from", "value"}}}}});
    const auto status = harness.push(std::move(batch));
    INFO(status.message());
    REQUIRE(status.ok());
    return harness.rows() == 0 ? Texts{} : harness.column<std::string>("id");
  };
  const auto batch = [](auto value, auto builder) {
    builder.append(value);
    builder.append_null();
    return Batch{}.with("value", std::move(builder));
  };
  CHECK(asks("i", batch(std::int64_t{1}, Builder<std::int64_t>{})) == Texts{"a"});
  CHECK(asks("i", batch(std::int32_t{2}, Builder<std::int32_t>{})) == Texts{"b"});
  CHECK(asks("i", batch(true, Builder<bool>{})) == Texts{"a"});
  CHECK(asks("r", batch(0.5, Builder<double>{})) == Texts{"a"});
  CHECK(asks("r", batch(1.5F, Builder<float>{})) == Texts{"b"});
  CHECK(asks("s", batch(std::string_view{"'; DROP TABLE t; --"}, Builder<std::string_view>{})) ==
        Texts{"a"});
  CHECK(asks("at", batch(std::int64_t{1'609'567'200'000'000},
                         Builder<std::int64_t>{Type::Timestamp})) == Texts{"b"});
  const std::vector<std::int64_t> lengths{1};
  Builder<std::int64_t> item;
  item.append(1);
  Builder<std::int64_t> other;
  other.append(1);
  auto lists = Batch{}
                   .with("other", std::move(other))
                   .with_list("value", lengths, Batch{}.with("item", std::move(item)));
  auto harness = fetching(place, {{"table", "t"},
                                  {"table_column", nullptr},
                                  {"keep", Json::array()},
                                  {"where", {{{"column", "i"}, {"from", "value"}}}}});
  const auto refused = harness.push(std::move(lists));
  CHECK(refused.code() == MR_DATA_INVALID);
  CHECK_THAT(refused.message(), Contains("column value is a list"));
}

TEST_CASE("columns are called as the pipeline wants, and those that are kept stand behind them",
          "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_table(place, "t", {"a"});
  auto harness = fetching(place, {{"columns", {{"n", "id"}, {"id", "number"}, {"at", "when"}}}});
  REQUIRE(harness.push(asking({"t"})).ok());
  const Schema wanted{{"id", Type::Int64},
                      {"number", Type::Utf8},
                      {"when", Type::Timestamp},
                      {"table", Type::Utf8}};
  CHECK(harness.table().schema() == wanted);
  CHECK(harness.column<std::string>("number") == Texts{"a"});
  auto all = fetching(place, {{"columns", nullptr}, {"keep", {"number"}}});
  REQUIRE(all.push(asking({"t"})).ok());
  const Schema whole{
      {"id", Type::Utf8}, {"n", Type::Int64}, {"at", Type::Timestamp}, {"number", Type::Int64}};
  CHECK(all.table().schema() == whole);
  auto rooted = fetching(place);
  REQUIRE(rooted
              .push(asking({"t", "t"})
                        .with(kRootColumn,
                              [] {
                                Builder<std::int64_t> roots;
                                roots.append(7);
                                roots.append(9);
                                return roots;
                              }()))
              .ok());
  CHECK(rooted.column<std::int64_t>(kRootColumn) == std::vector<std::int64_t>{7, 9});
}

TEST_CASE("values of all plain types are kept, nulls too", "[sql][fetch]") {
  const SqlPlace place{Dialect::Sqlite};
  make_table(place, "t", {"a", "b"});
  Builder<bool> truth;
  Builder<std::int32_t> narrow;
  Builder<float> real;
  Builder<double> wide;
  Builder<std::int64_t> time{Type::Timestamp};
  Builder<std::string_view> bytes{Type::Binary}, text;
  truth.append(true);
  narrow.append(-5);
  real.append(0.25F);
  wide.append(1e300);
  time.append(7);
  bytes.append(std::string_view{"\0\xff", 2});
  text.append_null();
  auto batch = Batch{}
                   .with("truth", std::move(truth))
                   .with("narrow", std::move(narrow))
                   .with("real", std::move(real))
                   .with("wide", std::move(wide))
                   .with("time", std::move(time))
                   .with("bytes", std::move(bytes))
                   .with("text", std::move(text));
  const auto schema = batch.schema();
  Json keep = Json::array();
  for (const auto& field : schema) keep.push_back(field.name);
  auto harness = fetching(place, {{"table", "t"}, {"table_column", nullptr}, {"keep", keep}});
  REQUIRE(harness.push(std::move(batch)).ok());
  const Batch found = harness.table();
  REQUIRE(found.rows() == 2);
  Schema wanted{{"id", Type::Utf8}};
  wanted.insert(wanted.end(), schema.begin(), schema.end());
  CHECK(found.schema() == wanted);
  CHECK(found.column<std::int64_t>("narrow").value(1) == -5);
  CHECK(found.column<double>("real").value(1) == 0.25);
  CHECK(found.column<std::string_view>("bytes").value(1) == std::string_view{"\0\xff", 2});
  CHECK_FALSE(found.column<std::string_view>("text")[1]);
}

TEST_CASE("a name of a row is a table, whatever is in it", "[sql][fetch][hostile]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const Texts names{"x` WHERE 1=1; DROP TABLE t; -- \"",
                    "a.b",
                    "`t`",
                    "\"t\"",
                    "t; DROP TABLE t",
                    "?",
                    "t UNION SELECT 1",
                    std::string(64, 'n'),
                    "\xE8\xB3\x87\xE6\x96\x99"};
  make_table(place, "t", {"t"});
  for (const auto& name : names) make_table(place, name, {"of it"});
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(fetched(place, Json::object(), {name}) == name + ":of it");
  }
  CHECK(fetched(place, Json::object(), {"t"}) == "t:t");
}

TEST_CASE("a table that is not there fails, or is passed over", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_table(place, "t", {"a"});
  const Texts none{"nothing",
                   "t; DROP TABLE t",
                   "t ",
                   " t",
                   "",
                   "t WHERE 1=1",
                   "`t`",
                   std::string("t\0", 2),
                   std::string("\0", 1),
                   std::string(65, 'n'),
                   std::string(1024, 't'),
                   "information_schema.TABLES",
                   "t\xff"};
  for (const auto& name : none) {
    CAPTURE(name);
    auto failing = fetching(place);
    const auto refused = failing.push(asking({"t", name}));
    CHECK((refused.code() == MR_NOT_FOUND || refused.code() == MR_INVALID_ARGUMENT ||
           refused.code() == MR_DATA_INVALID));
  }
  Texts some{"t", "nothing", "t; DROP TABLE t", "", std::string(65, 'n'), "t"};
  auto skipping = fetching(place, {{"missing", "skip"}});
  REQUIRE(skipping.push(asking(some)).ok());
  CHECK(found(skipping) == "t:a t:a");
  CHECK(skipping.counts().at("missingTables") == 4);
  CHECK(fetched(place, {{"missing", "skip"}, {"empty", "keep"}}, {"no", "t", "no"}) ==
        "no:- t:a no:-");
  CHECK(fetched(place, {{"missing", "skip"}, {"schema", "nowhere"}}, {"t"}).empty());
  CHECK(fetched(place, {{"prefix", "t"}}, {""}) == ":a");
}

TEST_CASE("a row that names no table fails, or finds nothing", "[sql][fetch]") {
  const SqlPlace place{Dialect::Sqlite};
  make_table(place, "t", {"a"});
  const auto nulls = [] {
    Builder<std::string_view> table;
    table.append_null();
    table.append("t");
    return Batch{}.with("table", std::move(table));
  };
  auto failing = fetching(place);
  const auto refused = failing.push(nulls());
  CHECK(refused.code() == MR_DATA_INVALID);
  CHECK_THAT(refused.message(), Contains("column table"));
  auto skipping = fetching(place, {{"missing", "skip"}, {"empty", "keep"}});
  REQUIRE(skipping.push(nulls()).ok());
  CHECK(found(skipping) == "-:- t:a");
  auto long_name = fetching(place, {{"missing", "skip"}});
  CHECK(long_name.push(asking({std::string(1025, 'x')})).code() == MR_DATA_INVALID);
}

TEST_CASE("a row that found nothing leaves with nulls where that is wanted", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_table(place, "t", {"a", "b"});
  Json params{{"where", {{{"column", "n"}, {"op", "="}, {"from", "number"}}}}, {"empty", "keep"}};
  CHECK(fetched(place, params, {"t", "t", "t", "t"}) == "t:a t:b t:- t:-");
  // All columns of the table, also where the first row has nothing to ask with.
  const Json all{{"columns", nullptr},
                 {"empty", "keep"},
                 {"where", Json::array({{{"column", "id"}, {"from", "asked"}}})}};
  auto nameless = fetching(place, all);
  Builder<std::string_view> asked;
  asked.append_null();
  asked.append("b");
  REQUIRE(nameless.push(asking({"t", "t"}).with("asked", std::move(asked))).ok());
  CHECK(found(nameless) == "t:- t:b");
  CHECK(nameless.table().schema().at(1).type == Type::Int64);
  params["columns"] = {{"n", "id"}};
  params["keep"] = {"table"};
  auto harness = fetching(place, params);
  REQUIRE(harness.push(asking({"t", "t", "t"})).ok());
  CHECK(harness.table().schema().at(0).type == Type::Int64);
}

TEST_CASE("what would hide a column is refused", "[sql][fetch]") {
  const SqlPlace place{Dialect::Sqlite};
  make_table(place, "t", {"a"});
  place.connect()->run("CREATE TABLE own (id TEXT, \"@root\" INTEGER)");
  place.connect()->run("INSERT INTO own VALUES ('a', 5)");
  place.connect()->run("CREATE TABLE same (id TEXT, number INTEGER)");
  place.connect()->run("INSERT INTO same VALUES ('a', 5)");
  auto harness = fetching(place, {{"columns", nullptr}, {"keep", {"number"}}});
  CHECK_THAT(harness.push(asking({"same"})).message(), Contains("a column number"));
  CHECK_THAT(harness.push(asking({"own"})).message(), Contains("@root"));
  CHECK(harness.push(asking({"t"})).ok());
  auto lacking = fetching(place, {{"columns", {"titel"}}});
  const auto refused = lacking.push(asking({"t"}));
  CHECK(refused.code() == MR_NOT_FOUND);
  CHECK_THAT(refused.message(), Contains("no column \"titel\"") && Contains("it has id, n, at"));
}

TEST_CASE("so many rows ask and no more, in all attempts of a job", "[sql][fetch][limits]") {
  const SqlPlace place{Dialect::Sqlite};
  make_table(place, "t", {"a"});
  constexpr std::size_t kMost = 10'000;
  const Json params{{"where", {{{"column", "n"}, {"from", "number"}}}}};
  auto harness = fetching(place, params);
  REQUIRE(harness.push(asking(Texts(kMost - 1, "t"))).ok());
  const auto state = harness.snapshot();
  REQUIRE(harness.push(asking({"t"})).ok());
  const auto refused = harness.push(asking({"t"}));
  CHECK(refused.code() == MR_EXHAUSTED);
  CHECK_THAT(refused.message(), Contains("more than 10000 rows"));
  auto next = fetching(place, params);
  REQUIRE(next.restore(state).ok());
  CHECK(next.push(asking({"t", "t"})).code() == MR_EXHAUSTED);
  CHECK(next.push(asking({"t"})).ok());
  for (const auto* broken : {"", "x", "5x", "-1", "99999999999999999999"})
    CHECK(next.restore(broken).code() == MR_DATA_INVALID);
}

TEST_CASE("what is kept of a row is long, and batches are not", "[sql][fetch][limits]") {
  const SqlPlace place{Dialect::Sqlite};
  make_table(place, "t", Texts(64, "a"));
  auto harness =
      fetching(place, {{"table", "t"}, {"table_column", nullptr}, {"batch_bytes", 1 << 20}});
  REQUIRE(harness.push(asking({std::string(1 << 19, 'x')})).ok());
  CHECK(harness.rows() == 64);
  for (std::size_t i = 0; i < harness.emitted(); ++i)
    CHECK(harness.batch_at(i).size_bytes() < std::size_t{3} << 20);
}

// A reader that waits for a writer, which waits for the reader, would be a dead end.
TEST_CASE("tables of SQLite that were fetched from may be written to", "[sql][fetch]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  const bool has_log = GENERATE(false, true);
  if (has_log) connection->query("PRAGMA journal_mode = WAL");
  make_table(place, "t", Texts(50, "x"));
  make_table(place, "u", Texts(50, "y"));
  auto harness = fetching(place, {{"batch_rows", 10}});
  REQUIRE(harness.push(asking({"t", "u"})).ok());
  CHECK(harness.rows() == 100);
  auto writing = place.settings;
  writing.lock_timeout = std::chrono::milliseconds{100};
  CHECK(sql::connect(writing)->execute("INSERT INTO t (id) VALUES ('new')") == 1);
}

TEST_CASE("a connection that is lost between two rows is opened anew", "[sql][fetch]") {
  SqlPlace place{Dialect::MySql};
  make_table(place, "t", {"a"});
  TcpProxy proxy{MariaDb::shared().port()};
  place.settings.address.port = proxy.port();
  place.settings.address.host = "127.0.0.1";
  auto harness = fetching(place);
  REQUIRE(harness.push(asking({"t"})).ok());
  proxy.cut();
  const auto status = harness.push(asking({"t", "t"}));
  INFO(status.message());
  CHECK(status.ok());
  proxy.end_lost();
  CHECK(found(harness) == "t:a t:a t:a");
  place.settings.address.port = 1;  // nobody listens there
  auto away = fetching(place, {{"attempts", 2}});
  const auto refused = away.push(asking({"t"}));
  CHECK(refused.code() == MR_UNAVAILABLE);
  CHECK_THAT(refused.message(), Contains("tried 2 times"));
  auto stopped = fetching(place, {{"attempts", 1000}, {"attempt_wait_s", 3600}});
  stopped.stop();
  CHECK(stopped.push(asking({"t"})).code() == MR_CANCELLED);
}

TEST_CASE("parameters of a fetch that make no sense are faults", "[sql][fetch][refusals]") {
  const auto where = [](const Json& condition) {
    return faults_of({{"where", Json::array({condition})}});
  };
  CHECK(faults_of(Json::object()).empty());
  CHECK(faults_of({{"table", "t"}}) == Texts{"/table"});
  CHECK(faults_of({{"table_column", nullptr}}) == Texts{"/table"});
  CHECK(faults_of({{"table", "t"}, {"table_column", nullptr}, {"prefix", "p"}}) ==
        Texts{"/prefix"});
  CHECK(faults_of({{"columns", {"id", "id"}}}) == Texts{"/columns"});
  CHECK(faults_of({{"columns", {{"a", "x"}, {"b", "x"}}}}) == Texts{"/columns"});
  CHECK(faults_of({{"columns", {"table"}}}) == Texts{"/columns"});
  CHECK(faults_of({{"columns", {"@root"}}}) == Texts{"/columns"});
  CHECK(faults_of({{"columns", Json::object()}}) == Texts{"/columns"});
  CHECK(faults_of({{"columns", nullptr}, {"missing", "skip"}, {"empty", "keep"}}) ==
        Texts{"/columns"});
  CHECK(faults_of({{"keep", {"table", "table"}}}) == Texts{"/columns"});
  CHECK(where({{"column", "n"}}) == Texts{"/where/0"});
  CHECK(where({{"column", "n"}, {"value", 1}, {"from", "number"}}) == Texts{"/where/0"});
  CHECK(where({{"column", "n"}, {"value", nullptr}}) == Texts{"/where/0"});
  CHECK(where({{"column", "n"}, {"value", {1, 2}}}) == Texts{"/where/0/value"});
  CHECK(where({{"column", "n"}, {"op", "in"}, {"value", 1}}) == Texts{"/where/0/value"});
  CHECK(where({{"column", "n"}, {"op", "in"}, {"value", Json::array()}}) ==
        Texts{"/where/0/value"});
  CHECK(where({{"column", "n"}, {"op", "in"}, {"from", "number"}, {"value", {1}}}) ==
        Texts{"/where/0/from"});
  CHECK(where({{"column", "n"}, {"op", "is_null"}, {"value", 1}}) == Texts{"/where/0/value"});
  CHECK(where({{"column", "n"}, {"op", "~"}, {"value", 1}}) == Texts{"/where/0/op"});
  const SqlPlace place{Dialect::Sqlite};
  CHECK_THAT(fetching(place, {{"where", {{{"column", "n"}, {"from", "number"}}}}}).traits(),
             Contains(R"("number":"any")") && Contains(R"("table":"utf8")"));
}
