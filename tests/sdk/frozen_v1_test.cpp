#include <utility>

#include <catch2/catch.hpp>

#include "tests/sdk/fake_host.hpp"
#include "tests/sdk/sample_batches.hpp"

using namespace millrace;
using namespace millrace::sdk_test;

namespace {

const LoadedPlugin& frozen() {
  static const LoadedPlugin plugin{MR_FROZEN_V1_PLUGIN};
  return plugin;
}

std::int32_t process(const mr_operator& type, mr_context& context, Batch batch) {
  void* self = nullptr;
  REQUIRE(type.create(&type, &context, nullptr, &self) == MR_OK);
  ArrowArray array{};
  ArrowSchema schema{};
  std::move(batch).export_to(&array, &schema);
  const auto code = type.process(self, &context, &array, &schema);
  CHECK(type.finish(self, &context) == MR_OK);
  type.destroy(self);
  return code;
}

}  // namespace

TEST_CASE("the frozen plugin of version 1 loads and declares itself", "[sdk][abi][frozen]") {
  CHECK(view(frozen().table().name) == "frozen.v1");
  CHECK(frozen().table().abi_version == 1);
  CHECK(frozen().table().operator_count == 2);
}

TEST_CASE("the frozen source counts, and goes on from its state", "[sdk][abi][frozen]") {
  const mr_operator& type = *frozen().find("input.frozen_count");
  mr_value params = json_object({{"rows", json_integer(6)}});
  mr_context context;
  CHECK(type.plan(&type, &context, &params) == MR_OK);
  CHECK(context.faults.empty());
  void* self = nullptr;
  REQUIRE(type.create(&type, &context, &params, &self) == MR_OK);
  CHECK(type.produce(self, &context) == MR_OK);
  CHECK(type.snapshot(self, &context) == MR_OK);
  type.destroy(self);
  CHECK(context.state == "4");

  REQUIRE(type.create(&type, &context, &params, &self) == MR_OK);
  CHECK(type.restore(self, &context, {context.state.data(), context.state.size()}) == MR_OK);
  CHECK(type.produce(self, &context) == MR_OK);
  CHECK(type.produce(self, &context) == MR_END);
  type.destroy(self);
  REQUIRE(context.emitted.size() == 2);
  CHECK(rows_of(context.emitted[0].second) == "{n: 0}\n{n: 1}\n{n: 2}\n{n: 3}");
  CHECK(rows_of(context.emitted[1].second) == "{n: 4}\n{n: 5}");

  params = json_object({{"rows", json_integer(1'000'001)}});
  CHECK(type.plan(&type, &context, &params) == MR_OK);
  CHECK(context.faults == std::vector<std::string>{"range /rows more than a million rows"});
}

TEST_CASE("the frozen filter reads what today's batches export", "[sdk][abi][frozen]") {
  const mr_operator& type = *frozen().find("filter.frozen_odd");
  Builder<std::int64_t> n;
  for (std::int64_t i = 0; i < 20; ++i) i % 5 == 0 ? n.append_null() : n.append(i);
  const Batch batch = Batch{}.with("n", std::move(n));
  mr_context context;
  REQUIRE(process(type, context, batch.slice(3, 9)) == MR_OK);  // 3 4 null 6 7 8 9 null 11
  CHECK(rows_of(context.emitted[0].second) == "{n: 3}\n{n: 7}\n{n: 9}\n{n: 11}");
  CHECK(context.counts.at("dropped") == 5);
  CHECK(context.logs == std::vector<std::string>{"3 node"});

  CHECK(process(type, context, Batch{}) == MR_DATA_INVALID);
  CHECK(context.message == "there is no int64 column `n`");
}
