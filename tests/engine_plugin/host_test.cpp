// The host table as a plugin sees it: every function called through C.
#include "engine/plugin/host.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/plugin/engine_instance.hpp"
#include "engine/plugin/text.hpp"

using namespace millrace;

namespace {

struct Fixture {
  test::CallServices services;
  test::Emissions emissions;
  Call call = emissions.call(services, 3);
  mr_context context{call};
  const mr_host& host = host_table();

  std::string last_error() { return std::string{view(host.last_error(&context))}; }
};

mr_text text(std::string_view words) { return to_text(words); }

struct FakeClock final : Clock {
  Wall now() const override { return {}; }
  Steady steady() const override { return time; }
  Steady time{};
};

}  // namespace

TEST_CASE("the host table is whole and says its size and version", "[plugin][host]") {
  const auto& host = host_table();
  CHECK(host.struct_size == sizeof(mr_host));
  CHECK(host.abi_version == MR_ABI_VERSION);
  const auto* functions = reinterpret_cast<void* const*>(&host.value_kind);
  const auto count = (sizeof(mr_host) - offsetof(mr_host, value_kind)) / sizeof(void*);
  for (std::size_t i = 0; i < count; ++i) CHECK(functions[i] != nullptr);
}

TEST_CASE("a text becomes a value that lives as long as the call", "[plugin][host]") {
  Fixture fixture;
  const auto& host = host_table();
  const auto* first = host.value_parse(&fixture.context, text(R"({"id": 7})"));
  const auto* second = host.value_parse(&fixture.context, text("[1]"));
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(host.value_integer(host.value_get(first, text("id"))) == 7);
  CHECK(host.value_size(second) == 1);
  CHECK(host.value_parse(&fixture.context, text("{")) == nullptr);
  CHECK_FALSE(fixture.last_error().empty());
}

TEST_CASE("integers cross as what they are, and those that cannot are no value", "[plugin][host]") {
  Fixture fixture;
  const auto& host = host_table();
  const auto read = [&](std::string_view json) {
    return host.value_parse(&fixture.context, text(json));
  };
  const auto* ends = read("[9223372036854775807, -9223372036854775808, -0.0]");
  REQUIRE(ends != nullptr);
  CHECK(host.value_integer(host.value_at(ends, 0)) == std::numeric_limits<std::int64_t>::max());
  CHECK(host.value_integer(host.value_at(ends, 1)) == std::numeric_limits<std::int64_t>::min());
  CHECK(std::signbit(host.value_number(host.value_at(ends, 2))));
  CHECK(read(R"({"loss": 18446744073709551615})") == nullptr);
  CHECK(fixture.last_error() ==
        "JSON: an integer beyond 64 bits with a sign: 18446744073709551615 at \"/loss\"");
  CHECK(read(R"({"loss": 18446744073709551616})") == nullptr);
  CHECK_THAT(fixture.last_error(), Catch::Contains("more than 64 bits"));
}

TEST_CASE("values are read as what they are, and as nothing else", "[plugin][host]") {
  const auto& host = host_table();
  const Json json =
      Json::parse(R"({"b": true, "i": -5, "n": 2.5, "s": "x", "a": [1, "two"], "z": null})");
  const auto* object = to_value(json);
  const auto get = [&](std::string_view key) { return host.value_get(object, text(key)); };
  CHECK(host.value_kind(object) == MR_OBJECT);
  CHECK(host.value_size(object) == 6);
  CHECK(view(host.value_key(object, 1)) == "i");
  CHECK(view(host.value_key(object, 6)).empty());
  CHECK(host.value_kind(get("b")) == MR_BOOL);
  CHECK(host.value_bool(get("b")) == 1);
  CHECK(host.value_bool(get("i")) == 0);
  CHECK(host.value_integer(get("i")) == -5);
  CHECK(host.value_integer(get("n")) == 0);
  CHECK(host.value_number(get("n")) == 2.5);
  CHECK(host.value_number(get("i")) == -5.0);
  CHECK(host.value_number(get("s")) == 0.0);
  CHECK(view(host.value_string(get("s"))) == "x");
  CHECK(view(host.value_string(get("a"))).empty());
  CHECK(view(host.value_string(host.value_at(get("a"), 1))) == "two");
  CHECK(host.value_at(get("a"), 2) == nullptr);
  CHECK(host.value_at(object, 1) == get("i"));
  CHECK(host.value_kind(get("z")) == MR_NULL);
  CHECK(get("absent") == nullptr);
  CHECK(host.value_kind(nullptr) == MR_NULL);
  CHECK(host.value_size(nullptr) == 0);
  CHECK(host.value_get(nullptr, text("x")) == nullptr);
  CHECK(view(host.value_string(nullptr)).empty());
}

TEST_CASE("where tells the job, the node and the batch", "[plugin][host]") {
  Fixture fixture;
  mr_where where{};
  where.struct_size = sizeof(where);
  fixture.host.where(&fixture.context, &where);
  CHECK(view(where.job) == "job-7");
  CHECK(view(where.node) == "node");
  CHECK(where.seed == 99);
  CHECK(where.sequence == 3);
  CHECK(view(where.engine) == engine_instance());
  CHECK(where.engine.size == 16);
  CHECK(where.token == 1'000'001);
  CHECK(where.job_attempt == 4);
  CHECK(view(where.installation) == "installation-1");
  CHECK(where.lease_ms == 3'000);
  CHECK(where.struct_size == sizeof(where));
  mr_where small{};
  small.struct_size = 8;
  small.sequence = -1;
  fixture.host.where(&fixture.context, &small);
  CHECK(small.sequence == -1);
}

TEST_CASE("texts of a plugin are copied and mended", "[plugin][host]") {
  Fixture fixture;
  fixture.host.log(&fixture.context, MR_LOG_WARN, text("odd \xff"));
  CHECK(fixture.services.logs == std::vector<std::string>{"node/1/odd \xEF\xBF\xBD"});
  fixture.host.count(&fixture.context, text("rows"), 4);
  CHECK(fixture.services.counts.at("rows") == 4);
  mr_record_event event{};
  event.struct_size = sizeof(event);
  event.code = text("bad_line");
  event.message = text("broken");
  event.line = 7;
  fixture.host.record_event(&fixture.context, &event);
  CHECK(fixture.services.events == std::vector<std::string>{"bad_line/broken/7"});
  event.struct_size = 4;
  fixture.host.record_event(&fixture.context, &event);
  CHECK(fixture.services.events.size() == 1);
}

TEST_CASE("a metric is told by name, step and value; a name or step that is none is refused",
          "[plugin][host]") {
  Fixture fixture;
  const auto tell = [&](std::string_view name, std::int64_t step, double value) {
    return fixture.host.metric(&fixture.context, text(name), step, value);
  };
  CHECK(tell("train/loss", 3, 0.5) == MR_OK);
  CHECK(tell("train/loss", 4, std::numeric_limits<double>::quiet_NaN()) == MR_OK);
  CHECK(fixture.services.metrics ==
        std::vector<std::string>{R"({"node":"node","name":"train/loss","step":3,"value":0.5})",
                                 R"({"node":"node","name":"train/loss","step":4,"value":"NaN"})"});
  CHECK(tell("", 0, 1) == MR_INVALID_ARGUMENT);
  CHECK(tell(std::string(129, 'a'), 0, 1) == MR_INVALID_ARGUMENT);
  CHECK(tell("loss\n", 0, 1) == MR_INVALID_ARGUMENT);
  CHECK(tell("loss", -1, 1) == MR_INVALID_ARGUMENT);
  CHECK(fixture.last_error() == "metric: a step must be 0 or more: -1 of loss");
  CHECK(fixture.services.metrics.size() == 2);
}

TEST_CASE("an emitted batch is taken over, and refused where nothing may be emitted",
          "[plugin][host]") {
  Fixture fixture;
  Builder<std::int64_t> values;
  values.append(5);
  ArrowArray array{};
  ArrowSchema schema{};
  Batch{}.with("x", std::move(values)).export_to(&array, &schema);
  CHECK(fixture.host.emit(&fixture.context, text("port"), &array, &schema) == MR_OK);
  CHECK(array.release == nullptr);
  REQUIRE(fixture.emissions.batches.size() == 1);
  CHECK(fixture.emissions.batches[0].first == "port");

  std::move(fixture.emissions.batches[0].second).export_to(&array, &schema);
  const Call silent{fixture.services};
  mr_context elsewhere{silent};
  CHECK(fixture.host.emit(&elsewhere, text(""), &array, &schema) == MR_INVALID_ARGUMENT);
  CHECK(array.release == nullptr);
  CHECK(fixture.host.emit(&fixture.context, text(""), &array, &schema) == MR_INVALID_ARGUMENT);
  CHECK_THAT(fixture.last_error(), Catch::Contains("released"));
}

TEST_CASE("stopping says yes when the job stops or the deadline of the call has passed",
          "[plugin][host]") {
  Fixture fixture;
  FakeClock clock;
  fixture.call.clock = &clock;
  fixture.call.deadline = clock.time + std::chrono::seconds{1};
  CHECK(fixture.host.stopping(&fixture.context) == 0);
  clock.time += std::chrono::seconds{2};
  CHECK(fixture.host.stopping(&fixture.context) == 1);
  fixture.call.deadline.reset();
  CHECK(fixture.host.stopping(&fixture.context) == 0);
  fixture.services.is_stopping = true;
  CHECK(fixture.host.stopping(&fixture.context) == 1);
}

TEST_CASE("objects are read, and failures keep their text", "[plugin][host]") {
  Fixture fixture;
  fixture.services.objects["mem:a"] = "0123456789";
  fixture.services.objects["mem:b"] = "broken";
  auto& [services, emissions, call, context, host] = fixture;
  mr_object_info info{};
  info.struct_size = sizeof(info);
  CHECK(host.stat(&context, text("mem:a"), &info) == MR_OK);
  CHECK(info.size_bytes == 10);
  CHECK(host.stat(&context, text("mem:none"), &info) == MR_NOT_FOUND);
  CHECK(fixture.last_error() == "no such object: mem:none");
  info.struct_size = 4;
  CHECK(host.stat(&context, text("mem:a"), &info) == MR_INVALID_ARGUMENT);

  mr_reader* reader = nullptr;
  REQUIRE(host.open(&context, text("mem:a"), &reader) == MR_OK);
  char buffer[4] = {};
  std::uint64_t size = 0;
  CHECK(host.read(reader, buffer, 4, &size) == MR_OK);
  CHECK(std::string{buffer, size} == "0123");
  CHECK(host.seek(reader, 8) == MR_OK);
  CHECK(host.read(reader, buffer, 4, &size) == MR_OK);
  CHECK(std::string{buffer, size} == "89");
  CHECK(host.read(reader, buffer, 4, &size) == MR_OK);
  CHECK(size == 0);
  CHECK(host.seek(reader, 99) == MR_INVALID_ARGUMENT);
  CHECK(fixture.last_error() == "past the end");
  host.close(reader);
  host.close(nullptr);

  REQUIRE(host.open(&context, text("mem:b"), &reader) == MR_OK);
  CHECK(host.read(reader, buffer, 4, &size) == MR_IO);
  CHECK(fixture.last_error() == "the disk broke");
  host.close(reader);
  CHECK(host.open(&context, text("mem:none"), &reader) == MR_NOT_FOUND);
  CHECK(reader == nullptr);
}

TEST_CASE("objects are listed, put and staged", "[plugin][host]") {
  Fixture fixture;
  auto& [services, emissions, call, context, host] = fixture;
  CHECK(host.put(&context, text("mem:f/b"), text("22")) == MR_OK);
  CHECK(host.put(&context, text("mem:f/a"), text("1")) == MR_OK);
  CHECK(host.put(&context, text("ftp:x"), text("1")) == MR_INVALID_ARGUMENT);
  std::string listed;
  const auto each = [](void* user, mr_text uri, const mr_object_info* info) {
    *static_cast<std::string*>(user) +=
        std::string{view(uri)} + "=" + std::to_string(info->size_bytes) + " ";
  };
  CHECK(host.list(&context, text("mem:f/"), each, &listed) == MR_OK);
  CHECK(listed == "mem:f/a=1 mem:f/b=2 ");

  mr_writer* writer = nullptr;
  std::uint64_t size = 7;
  REQUIRE(host.stage(&context, text("mem:out"), &writer, &size) == MR_OK);
  CHECK(size == 0);
  CHECK(host.write(writer, text("hello")) == MR_OK);
  CHECK(host.truncate(writer, 2) == MR_OK);
  CHECK(host.write(writer, text("full")) == MR_EXHAUSTED);
  CHECK(fixture.last_error() == "no space left");
  REQUIRE(host.stage(&context, text("mem:out"), &writer, &size) == MR_OK);
  CHECK(size == 2);
}

TEST_CASE("a connection is told by its name, as far as the plugin knows of it", "[plugin][host]") {
  Fixture fixture;
  auto& [services, emissions, call, context, host] = fixture;
  services.connections["input"] = {"mysql://me@db.example/tags", "sesame"};
  mr_connection first{}, again{};
  first.struct_size = again.struct_size = sizeof first;
  REQUIRE(host.connection(&context, text("input"), 0, &first) == MR_OK);
  CHECK(first.struct_size == sizeof first);
  services.connections["input"] = {"sqlite:/x", ""};
  REQUIRE(host.connection(&context, text("input"), 0, &again) == MR_OK);
  CHECK(view(first.address) == "mysql://me@db.example/tags");  // stays during the call
  CHECK(view(first.password) == "sesame");
  CHECK(view(again.address) == "sqlite:/x");
  CHECK(view(again.password).empty());

  CHECK(host.connection(&context, text("other"), 0, &first) == MR_NOT_FOUND);
  CHECK(fixture.last_error().find("--connection NAME=ADDRESS: other") != std::string_view::npos);
  CHECK(host.connection(&context, text("input"), 1, &first) == MR_PERMISSION_DENIED);
  CHECK(host.connection(&context, text("input"), 0, nullptr) == MR_INVALID_ARGUMENT);
  first.struct_size = 39;
  CHECK(host.connection(&context, text("input"), 0, &first) == MR_INVALID_ARGUMENT);
}

TEST_CASE("a writer that is sealed tells the name, in 64 letters and no more", "[plugin][host]") {
  Fixture fixture;
  auto& [services, emissions, call, context, host] = fixture;
  mr_writer* writer = nullptr;
  std::uint64_t size = 0;
  REQUIRE(host.stage(&context, text("mem:out"), &writer, &size) == MR_OK);
  REQUIRE(host.write(writer, text("hello")) == MR_OK);
  std::string name(65, '#');
  REQUIRE(host.seal(&context, writer, name.data()) == MR_OK);
  CHECK(name == std::string(64, '5') + '#');
  REQUIRE(host.truncate(writer, 0) == MR_OK);
  REQUIRE(host.write(writer, text("broken")) == MR_OK);
  CHECK(host.seal(&context, writer, name.data()) == MR_IO);
  CHECK(fixture.last_error() == "the disk broke");
}

TEST_CASE("only what is staged as a content is sealed", "[plugin]") {
  class Plain final : public ObjectWriter {
   public:
    Result<void> write(std::string_view) override { return {}; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    [[nodiscard]] std::uint64_t size() const override { return 0; }
  } plain;
  CHECK(plain.seal().error().code == Code::InvalidArgument);
}

TEST_CASE("the catalog answers with a batch, and nothing thrown crosses", "[plugin][host]") {
  Fixture fixture;
  auto& [services, emissions, call, context, host] = fixture;
  ArrowArray array{};
  ArrowSchema schema{};
  const Json rows = "rows";
  const Json thrown = "throw";
  REQUIRE(host.catalog_query(&context, to_value(rows), &array, &schema) == MR_OK);
  CHECK(Batch::import(&array, &schema).rows() == 1);
  CHECK(host.catalog_change(&context, nullptr, &array, &schema) == MR_UNAVAILABLE);
  CHECK(host.catalog_query(&context, to_value(thrown), &array, &schema) == MR_INTERNAL);
  CHECK(fixture.last_error() == "services broke");
}
