#include <memory>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/sdk/fake_host.hpp"
#include "tests/sdk/sample_batches.hpp"

using namespace millrace;
using namespace millrace::sdk_test;

namespace {

using Json = nlohmann::json;

const LoadedPlugin& classes() {
  static const LoadedPlugin plugin{MR_CLASSES_PLUGIN};
  return plugin;
}

Batch numbers(std::vector<double> values, std::string_view name) {
  Builder<double> builder;
  for (const double value : values) builder.append(value);
  return Batch{}.with(name, std::move(builder));
}

// One instance behind its C table, destroyed at the end.
class Subject {
 public:
  Subject(const LoadedPlugin& plugin, std::string_view id, mr_value params = json_object({}))
      : type_{plugin.find(id)}, params_{std::move(params)} {
    REQUIRE(type_ != nullptr);
    created_ = type_->create(type_, &context, &params_, &self_);
  }
  ~Subject() {
    if (self_ != nullptr) type_->destroy(self_);
  }
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  std::int32_t process(Batch batch) {
    ArrowArray array{};
    ArrowSchema schema{};
    std::move(batch).export_to(&array, &schema);
    return type_->process(self_, &context, &array, &schema);
  }
  std::int32_t process_more() { return type_->process(self_, &context, nullptr, nullptr); }
  std::int32_t finish() { return type_->finish(self_, &context); }
  [[nodiscard]] std::int32_t created() const { return created_; }
  [[nodiscard]] const mr_operator& type() const { return *type_; }
  [[nodiscard]] void* self() const { return self_; }

  mr_context context;

 private:
  const mr_operator* type_;
  mr_value params_;
  void* self_ = nullptr;
  std::int32_t created_ = MR_OK;
};

mr_value what(std::string_view name, std::string_view value) {
  return json_object({{std::string{name}, json_string(value)}});
}

}  // namespace

TEST_CASE("a plugin tells its name, version and operators, and exports nothing else",
          "[sdk][plugin]") {
  const mr_plugin& table = classes().table();
  CHECK(table.struct_size == sizeof(mr_plugin));
  CHECK(table.abi_version == MR_ABI_VERSION);
  CHECK(view(table.name) == "test.classes");
  CHECK(view(table.version) == "1.2.3");
  CHECK(table.operator_count == 7);
  const mr_operator& filter = *classes().find("filter.min_area");
  CHECK(filter.struct_size == sizeof(mr_operator));
  CHECK(view(filter.role) == "filter");
  CHECK(filter.produce == nullptr);
  CHECK(filter.plan != nullptr);
  CHECK(filter.snapshot == nullptr);
  const mr_operator& input = *classes().find("input.count_down");
  CHECK(view(input.role) == "input");
  CHECK(input.process == nullptr);
  CHECK(input.finish == nullptr);
  CHECK(input.plan == nullptr);
  CHECK(input.snapshot != nullptr);
  CHECK(input.restore != nullptr);
  CHECK_FALSE(classes().exports("_ZN8millrace5BatchC1Ev"));
  CHECK_FALSE(classes().exports("_ZN8millrace6detail12current_hostE"));
}

TEST_CASE("a declaration is JSON whose doc is escaped and whose traits are members",
          "[sdk][plugin]") {
  const Json filter = Json::parse(view(classes().find("filter.min_area")->declaration));
  CHECK(filter == Json::parse(R"({"doc": "Drops \"small\" rows.\nBackslash: \\ tab:\t end.",
    "params": {"min_area": {"type": "number", "default": 1024}}, "replicable": true, "reads": {"area": "number"}})"));
  const Json input = Json::parse(view(classes().find("input.count_down")->declaration));
  CHECK(input ==
        Json::parse(R"({"doc": "", "params": {"from": {"type": "integer", "default": 3}}})"));
  CHECK(Json::parse(view(classes().find("preprocess.nothing")->declaration)) ==
        Json::parse(R"({"doc":"","params":{}})"));
}

TEST_CASE("a plugin gives its declarations to a host that is absent, small or of another version",
          "[sdk][plugin]") {
  CHECK(LoadedPlugin{MR_TABLE_PLUGIN, nullptr}.table().operator_count == 2);
  mr_host small{};
  small.struct_size = 16;
  small.abi_version = 7;
  CHECK(LoadedPlugin{MR_TABLE_PLUGIN, &small}.table().abi_version == MR_ABI_VERSION);
  const LoadedPlugin again{MR_TABLE_PLUGIN};
  CHECK(&again.table() == &LoadedPlugin{MR_TABLE_PLUGIN}.table());
}

TEST_CASE("a filter reads its parameters and emits what it keeps", "[sdk][plugin]") {
  const auto params = GENERATE(json_object({{"min_area", json_integer(4)}}),
                               json_object({{"min_area", json_number(4.0)}}));
  Subject filter{classes(), "filter.min_area", params};
  REQUIRE(filter.created() == MR_OK);
  REQUIRE(filter.process(numbers({1, 4, 9}, "area")) == MR_OK);
  REQUIRE(filter.context.emitted.size() == 1);
  CHECK(filter.context.emitted[0].first.empty());
  CHECK(rows_of(filter.context.emitted[0].second) == "{area: 4}\n{area: 9}");
  CHECK(filter.type().finish(filter.self(), &filter.context) == MR_OK);
}

TEST_CASE("an absent parameter is the fallback", "[sdk][plugin]") {
  Subject filter{classes(), "filter.min_area"};
  REQUIRE(filter.process(numbers({1023, 1024}, "area")) == MR_OK);
  CHECK(rows_of(filter.context.emitted[0].second) == "{area: 1024}");
}

TEST_CASE("plan tells faults and traits", "[sdk][plugin]") {
  const mr_operator& type = *classes().find("filter.min_area");
  mr_context context;
  mr_value params = json_object({{"min_area", json_number(-1)}});
  CHECK(type.plan(&type, &context, &params) == MR_OK);
  CHECK(context.faults == std::vector<std::string>{"range /min_area an area is not negative"});
  params = json_object({{"min_area", json_number(0)}});
  CHECK(type.plan(&type, &context, &params) == MR_OK);
  CHECK(context.traits == std::map<std::string, std::string>{{"stateless", "true"}});
}

TEST_CASE("a source emits until its end, and goes on from its state", "[sdk][plugin]") {
  Subject first{classes(), "input.count_down"};
  CHECK(first.type().produce(first.self(), &first.context) == MR_OK);
  CHECK(first.type().snapshot(first.self(), &first.context) == MR_OK);
  CHECK(first.context.state == "2");

  Subject second{classes(), "input.count_down", json_object({{"from", json_integer(100)}})};
  const std::string state = "2 and bytes behind the text";
  CHECK(second.type().restore(second.self(), &second.context, {state.data(), 1}) == MR_OK);
  CHECK(second.type().produce(second.self(), &second.context) == MR_OK);
  CHECK(second.type().produce(second.self(), &second.context) == MR_OK);
  CHECK(second.type().produce(second.self(), &second.context) == MR_END);
  REQUIRE(second.context.emitted.size() == 2);
  CHECK(second.context.emitted[0].first == "rest");
  CHECK(rows_of(second.context.emitted[1].second) == "{n: 1}");
  const std::string rubbish = "rubbish";
  CHECK(second.type().restore(second.self(), &second.context, {rubbish.data(), rubbish.size()}) ==
        MR_INTERNAL);
  CHECK(second.context.message == "stoll");
}

TEST_CASE("no exception leaves a plugin; each becomes a code and a text", "[sdk][plugin]") {
  struct Case {
    const char* what;
    std::int32_t code;
    const char* message;
  };
  const auto expected = GENERATE(Case{"failure", MR_UNAVAILABLE, "not now, node"},
                                 Case{"no_code", MR_INTERNAL, "a failure that says OK"},
                                 Case{"end", MR_INTERNAL, "a failure that says END"},
                                 Case{"memory", MR_EXHAUSTED, "out of memory"},
                                 Case{"standard", MR_INTERNAL, "index 7"},
                                 Case{"number", MR_INTERNAL, "unknown exception"});
  const std::string when = GENERATE("create", "process", "finish");
  Subject thrower{classes(), "label.thrower",
                  json_object({{"what", json_string(expected.what)}, {"when", json_string(when)}})};
  std::int32_t code = thrower.created();
  if (when == "process") code = thrower.process(numbers({1}, "n"));
  if (when == "finish") code = thrower.type().finish(thrower.self(), &thrower.context);
  CHECK(code == expected.code);
  CHECK(thrower.context.code == expected.code);
  CHECK(thrower.context.message == expected.message);
  CHECK((thrower.self() == nullptr) == (when == "create"));
}

TEST_CASE("an exception in plan is a failed plan", "[sdk][plugin]") {
  const mr_operator& type = *classes().find("label.thrower");
  mr_context context;
  const mr_value params = what("when", "plan");
  CHECK(type.plan(&type, &context, &params) == MR_UNAVAILABLE);
  CHECK(context.message == "the planner is out");
}

TEST_CASE("a batch that an operator cannot use is released, and the fault named", "[sdk][plugin]") {
  Releases releases;
  {
    Subject filter{classes(), "filter.min_area"};
    CHECK(filter.process(import(all_types(), &releases)) == MR_DATA_INVALID);
    CHECK(filter.context.message.starts_with("no such column: 'area'"));
    CHECK(filter.context.emitted.empty());
  }
  CHECK(releases.array == 1);
  CHECK(releases.schema == 1);
}

TEST_CASE("a batch passed on untouched is the same memory", "[sdk][plugin]") {
  Releases releases;
  {
    Subject nothing{classes(), "preprocess.nothing"};
    CHECK(nothing.process(import(all_types(), &releases)) == MR_OK);
    CHECK(releases.array == 0);
    CHECK(rows_of(nothing.context.emitted[0].second) == join(all_types_rows()));
    CHECK(nothing.type().finish(nothing.self(), &nothing.context) == MR_OK);
    CHECK(nothing.context.logs == std::vector<std::string>{"2 finished"});
  }
  CHECK(releases.array == 1);
}

TEST_CASE("a refused batch fails the call with the host's words", "[sdk][plugin]") {
  Subject nothing{classes(), "preprocess.nothing"};
  nothing.context.emit_code = MR_CANCELLED;
  CHECK(nothing.process(numbers({1}, "n")) == MR_CANCELLED);
  CHECK(nothing.context.message == "the edge is closed");
}

TEST_CASE("calls nest when a batch goes through two operators of one plugin", "[sdk][plugin]") {
  Subject last{classes(), "output.services", what("do", "write too much")};
  Subject first{classes(), "preprocess.nothing"};
  first.context.next_type = &last.type();
  first.context.next_self = last.self();
  first.context.next_context = &last.context;
  CHECK(first.process(numbers({1}, "n")) == MR_EXHAUSTED);
  CHECK(last.context.message == "the disk is full");
  CHECK(first.context.message == "emit failed");
}

TEST_CASE("operators tell the host what happens", "[sdk][context]") {
  Subject services{classes(), "output.services", what("do", "tell")};
  REQUIRE(services.process(numbers({1}, "n")) == MR_OK);
  const mr_context& context = services.context;
  CHECK(context.logs == std::vector<std::string>{"1 careful"});
  CHECK(context.progress == std::vector<std::string>{"1/2 pictures"});
  CHECK(context.counts.at("seen") == 5);
  CHECK(context.events == std::vector<std::string>{"decode_failed|bad|f|3|u|o"});
  CHECK(context.results.at("where") == "job-7 node 42 3 1");
}

TEST_CASE("an operator is called again until it wants no more", "[sdk][plugin]") {
  Subject one{classes(), "preprocess.one_by_one"};
  REQUIRE(one.process(numbers({1, 2, 3}, "n")) == MR_MORE);
  CHECK(one.context.emitted.size() == 1);
  CHECK(one.process_more() == MR_MORE);
  CHECK(one.process_more() == MR_OK);
  REQUIRE(one.context.emitted.size() == 3);
  CHECK(rows_of(one.context.emitted[2].second) == "{n: 3}");
  CHECK(one.process(numbers({4}, "n")) == MR_OK);
  CHECK(one.finish() == MR_MORE);
  CHECK(one.finish() == MR_OK);
  CHECK(one.context.emitted.size() == 6);
}

TEST_CASE("an operator that asks for more and has none fails", "[sdk][plugin]") {
  Subject careless{classes(), "preprocess.careless"};
  REQUIRE(careless.process(numbers({1}, "n")) == MR_MORE);
  CHECK(careless.process_more() == MR_INTERNAL);
  CHECK(careless.context.message == "the operator asked for more and has no process_more()");
}

TEST_CASE("operators learn which attempt they are, tell metrics and work in parallel",
          "[sdk][context]") {
  const auto run = [](std::string_view task, mr_context& seen) {
    Subject services{classes(), "output.services", what("do", task)};
    const auto code = services.process(numbers({1}, "n"));
    seen = std::move(services.context);
    return code;
  };
  mr_context seen;
  CHECK(run("identity", seen) == MR_OK);
  CHECK(seen.results.at("identity") == "engine-1 12 2");
  CHECK(seen.results.at("installation") == "installation-1 30000");
  CHECK(run("metric", seen) == MR_OK);
  CHECK(seen.metrics == std::vector<std::string>{"train/loss 7 0.250000"});
  CHECK(run("parallel", seen) == MR_OK);
  CHECK(seen.results.at("squares") == "285");
  CHECK(run("parallel failure", seen) == MR_UNAVAILABLE);
  CHECK(seen.message == "call 5");  // the fake host calls in descending order, and goes on
}

TEST_CASE("in an engine older than the plugin what is new fails by name, or does without",
          "[sdk][context][abi]") {
  mr_host first = fake_host();
  first.struct_size = 296;  // of the first version; what lies behind it is not there
  first.parallel = nullptr;
  first.metric = nullptr;
  first.seal = nullptr;
  first.list_below = nullptr;
  first.connection = nullptr;
  const LoadedPlugin plugin{MR_CLASSES_PLUGIN, &first};
  const auto run = [&](std::string_view id, std::string_view task, mr_context& seen) {
    Subject subject{plugin, id, what("do", task)};
    subject.context.where_size = 56;
    const auto code = subject.process(numbers({1, 2}, "n"));
    seen = std::move(subject.context);
    return code;
  };
  mr_context seen;
  CHECK(run("output.services", "tell", seen) == MR_OK);
  CHECK(seen.results.at("where") == "job-7 node 42 3 1");
  CHECK(run("output.services", "identity", seen) == MR_OK);
  CHECK(seen.results.at("identity") == " 0 0");
  CHECK(seen.results.at("installation") == " 0");
  CHECK(run("output.services", "parallel", seen) == MR_OK);
  CHECK(seen.results.at("squares") == "285");
  CHECK(run("output.services", "parallel failure", seen) == MR_UNAVAILABLE);
  CHECK(seen.message == "call 5");
  CHECK(run("output.services", "metric", seen) == MR_CONFLICT);
  CHECK(seen.message ==
        "this engine is older than the plugin and has no metric(); run it in a newer engine");
  CHECK(run("output.services", "seal", seen) == MR_CONFLICT);
  CHECK(seen.message ==
        "this engine is older than the plugin and has no seal(); run it in a newer engine");
  CHECK(run("output.services", "list below", seen) == MR_CONFLICT);
  CHECK(seen.message ==
        "this engine is older than the plugin and has no list_below(); run it in a newer engine");
  CHECK(run("output.services", "connection", seen) == MR_CONFLICT);
  CHECK(seen.message ==
        "this engine is older than the plugin and has no connection(); run it in a newer engine");
  CHECK(run("preprocess.one_by_one", "", seen) == MR_CONFLICT);
  CHECK(seen.message ==
        "this engine is older than the plugin and has no more(); run it in a newer engine");
  const LoadedPlugin again{MR_CLASSES_PLUGIN};  // the other tests' host
}

TEST_CASE("an operator is told how to reach a database by its name", "[sdk][context]") {
  const auto run = [](std::string_view task) {
    Subject services{classes(), "output.services", what("do", task)};
    const auto code = services.process(numbers({1}, "n"));
    return std::pair{code, std::move(services.context)};
  };
  const auto [code, told] = run("connection");
  CHECK(code == MR_OK);
  CHECK(told.results.at("connection") == R"("mysql://me@db.example/tags sesame")");
  const auto [refused, why] = run("connection to write");
  CHECK(refused == MR_PERMISSION_DENIED);
  CHECK(why.message == "the connection is for reading");
  const auto [absent, what_name] = run("no connection");
  CHECK(absent == MR_NOT_FOUND);
  CHECK(what_name.message == "no connection has the name elsewhere");
}

TEST_CASE("operators read and write objects of the store", "[sdk][context]") {
  const auto run = [](std::string_view task, mr_context& seen) {
    Subject services{classes(), "output.services", what("do", task)};
    services.context.objects = {{"mem:long", std::string(10'000, 'x')}, {"mem:short", "y"}};
    services.context.is_stopping = true;
    const auto code = services.process(numbers({1}, "n"));
    seen = std::move(services.context);
    return code;
  };
  mr_context seen;
  CHECK(run("read", seen) == MR_OK);
  CHECK(seen.results.at("read") == "10000 10000 99 2 0");
  CHECK(seen.counts.at("open readers") == 0);
  CHECK(run("list", seen) == MR_OK);
  CHECK(seen.results.at("list") == "mem:long=10000 mem:short=1 ");
  CHECK(run("list below", seen) == MR_OK);
  CHECK(seen.results.at("below") ==
        R"("mem:|long=10000 mem:|short=1 (a symbolic link) mem:|link=0 ")");
  CHECK(run("write", seen) == MR_OK);
  CHECK(seen.staged.at("mem:out") == "hello");
  CHECK(seen.objects.at("mem:put") == "bytes");
  CHECK(seen.results.at("written") == "5");
  CHECK(run("stop", seen) == MR_CANCELLED);
}

TEST_CASE("what the store refuses is a Failure with its code and words", "[sdk][context]") {
  struct Case {
    const char* task;
    std::int32_t code;
    const char* message;
  };
  const auto expected =
      GENERATE(Case{"list and throw", MR_DATA_INVALID, "enough"},
               Case{"list nowhere", MR_INVALID_ARGUMENT, "an empty address"},
               Case{"read broken", MR_IO, "the disk is gone"},
               Case{"read absent", MR_NOT_FOUND, "no such object: mem:absent"},
               Case{"stat absent", MR_NOT_FOUND, "no such object: mem:absent"},
               Case{"read too much", MR_EXHAUSTED, "object is larger than 9999 bytes: mem:long"},
               Case{"write too much", MR_EXHAUSTED, "the disk is full"},
               Case{"check", MR_PERMISSION_DENIED, "cannot write to http://example.org/"},
               Case{"catalog", MR_CONFLICT, "changed by somebody else"});
  Subject services{classes(), "output.services", what("do", expected.task)};
  services.context.objects = {{"mem:long", std::string(10'000, 'x')}, {"mem:broken", "broken"}};
  CHECK(services.process(numbers({1}, "n")) == expected.code);
  CHECK(services.context.message == expected.message);
  CHECK(services.context.counts["open readers"] == 0);
}

TEST_CASE("a JSON value reads by kind, and what is absent as null", "[sdk][params]") {
  Subject services{classes(), "output.services", what("do", "parse")};
  REQUIRE(services.process(numbers({1}, "n")) == MR_OK);
  const auto& results = services.context.results;
  CHECK(results.at("scalars") == "1 2.500000 three true");
  CHECK(results.at("kinds") == "65234100");
  CHECK(results.at("absent") == "000false");
  CHECK(results.at("shape") == "25objectkey");
}

TEST_CASE("operators of a table know their rows", "[sdk][plugin]") {
  const LoadedPlugin plugin{MR_TABLE_PLUGIN};
  REQUIRE(plugin.table().operator_count == 2);
  const auto product = [&](std::string_view id) {
    Subject times{plugin, id};
    Builder<std::int64_t> n;
    n.append(7);
    REQUIRE(times.process(Batch{}.with("n", std::move(n))) == MR_OK);
    return rows_of(times.context.emitted[0].second);
  };
  CHECK(product("augment.twice") == "{n: 14}");
  CHECK(product("augment.thrice") == "{n: 21}");
  const mr_operator& type = *plugin.find("augment.thrice");
  mr_context context;
  const mr_value none = json_object({});
  CHECK(type.plan(&type, &context, &none) == MR_OK);
  CHECK(context.traits.at("factor") == "3");
  CHECK(view(type.role) == "augment");
  CHECK(Json::parse(view(type.declaration)) ==
        Json::parse(R"({"doc": "Multiplies n.", "params": {}, "stateless": true})"));
}

TEST_CASE("a content gets its name when it is sealed, once", "[sdk][context]") {
  Subject services{classes(), "output.services", what("do", "seal")};
  CHECK(services.process(numbers({1}, "n")) == MR_INVALID_ARGUMENT);
  CHECK(services.context.message == "seal: the content has been sealed, or was never staged");
  CHECK(services.context.results.at("sealed") == '"' + std::string(64, 'a') + '"');
  CHECK(services.context.counts.at("opened") == 1);

  Subject refused{classes(), "output.services", what("do", "seal nothing")};
  CHECK(refused.process(numbers({1}, "n")) == MR_EXHAUSTED);
  CHECK(refused.context.message == "no room for a name");
}
