// The plugin of version 1 of the ABI loads through the registry and works, whatever the engine has
// become since.
#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/plugin/registry.hpp"

using namespace millrace;

namespace {

std::vector<std::int64_t> numbers(const std::vector<std::pair<std::string, Batch>>& batches) {
  std::vector<std::int64_t> all;
  for (const auto& [port, batch] : batches) {
    const auto column = batch.column<std::int64_t>("n");
    for (std::int64_t row = 0; row < column.size(); ++row) all.push_back(column.value(row, -1));
  }
  return all;
}

}  // namespace

TEST_CASE("the frozen plugin of version 1 loads and works", "[plugin][frozen]") {
  const auto registry = *Registry::open({});
  const auto added = registry->add(MR_FROZEN_V1_PLUGIN);
  INFO((added.ok() ? std::string{} : added.error().message));
  REQUIRE(added.ok());
  CHECK(*added == std::vector<std::string>{"filter.frozen_odd", "input.frozen_count"});

  test::CallServices services;
  test::Emissions emitted;
  const auto* input = registry->find("input.frozen_count");
  const auto checked =
      check_parameters(*input, *registry->table(*input), Json::object({{"rows", 6}}), services);
  REQUIRE(checked.faults.empty());
  const auto call = emitted.call(services);
  auto source = OperatorInstance::create(**registry->table(*input), checked.params, call);
  REQUIRE(source.ok());
  CHECK(source->is_source());
  REQUIRE(source->has_checkpoint());
  CHECK(*source->produce(call));
  const auto state = source->snapshot(call);
  REQUIRE(state.ok());
  while (*source->produce(call)) {
  }
  CHECK(numbers(emitted.batches) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});

  test::Emissions resumed;
  auto again =
      OperatorInstance::create(**registry->table(*input), checked.params, resumed.call(services));
  REQUIRE(again.ok());
  REQUIRE(again->restore(resumed.call(services), *state).ok());
  while (*again->produce(resumed.call(services))) {
  }
  CHECK(numbers(resumed.batches) == std::vector<std::int64_t>{4, 5});

  const auto* odd = registry->find("filter.frozen_odd");
  test::Emissions kept;
  auto filter =
      OperatorInstance::create(**registry->table(*odd), Json::object(), kept.call(services));
  REQUIRE(filter.ok());
  for (auto& [port, batch] : emitted.batches) {
    REQUIRE(filter->process(kept.call(services), std::move(batch)).ok());
  }
  REQUIRE(filter->finish(kept.call(services)).ok());
  CHECK(numbers(kept.batches) == std::vector<std::int64_t>{1, 3, 5});
  CHECK(services.logs == std::vector<std::string>{"node/3/node"});  // what where() told it
}
