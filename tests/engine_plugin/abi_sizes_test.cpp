// Plugins whose structs are smaller or larger than the engine's, run by it.
#include "engine/plugin/abi_sizes.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/plugin/registry.hpp"

using namespace millrace;

namespace {

// Runs the operator of one of the two builds of plugins/sizes.c with one batch.
void run_sizes(const std::string& build, test::CallServices& services) {
  const auto registry = *Registry::open({});
  const auto added = registry->add(std::string{MR_TEST_PLUGINS "/"} + build + "/" + build + ".so");
  INFO((added.ok() ? std::string{} : added.error().message));
  REQUIRE(added.ok());
  services.objects["mem:a"] = "0123456789";
  services.connections["input"] = {"sqlite:/x", ""};
  const auto* info = registry->find("label.sizes");
  test::Emissions emitted;
  const auto call = emitted.call(services, 3);
  const Json none = Json::object();
  auto made = OperatorInstance::create(**registry->table(*info), none, call);
  REQUIRE(made.ok());
  const auto done = made->process(call, Batch{});
  INFO((done.ok() ? std::string{} : done.error().message));
  REQUIRE(done.ok());
  CHECK(services.results.at("sequence") == "3");
  CHECK(services.results.at("object") == "10");
  CHECK(services.results.at("listed") == "10");
  REQUIRE_FALSE(services.logs.empty());
  CHECK(services.logs.front() == "node/2/node");
  CHECK(services.events == std::vector<std::string>{"seen/by the host/3"});
}

}  // namespace

TEST_CASE("a plugin of the first version gets and gives every struct that crosses",
          "[plugin][abi]") {
  test::CallServices services;
  run_sizes("sizes_v1", services);
  CHECK(services.results.at("where size") == "56");
}

TEST_CASE("a plugin that is newer than the engine works, and sees what the engine does not know",
          "[plugin][abi]") {
  test::CallServices services;
  run_sizes("sizes_later", services);
  CHECK(services.results.at("where size") == std::to_string(sizeof(mr_where)));
  CHECK(services.results.at("later of where") == "7");
  CHECK(services.results.at("later of object") == "7");
  CHECK(services.results.at("later of connection") == "7");
  CHECK(services.results.at("connection size") == std::to_string(sizeof(mr_connection)));
  CHECK(services.logs.back() == "node/2/sqlite:/x");
  CHECK(services.results.at("host has later") == "0");
  CHECK(services.results.at("host has metric") == "1");
}

TEST_CASE("the first sizes of the structs stay what they were", "[plugin][abi]") {
  CHECK(kFirstSize<mr_where> == 56);
  CHECK(kFirstSize<mr_record_event> == 96);
  CHECK(kFirstSize<mr_object_info> == 24);
  CHECK(kFirstSize<mr_connection> == 40);
  CHECK(kFirstSize<mr_operator> == 128);
  CHECK(kFirstSize<mr_plugin> == 56);
  mr_where where{};
  CHECK_FALSE(is_whole(&where));
  CHECK_FALSE(is_whole<mr_where>(nullptr));
  where.struct_size = 55;
  CHECK_FALSE(is_whole(&where));
  where.struct_size = 56;
  CHECK(is_whole(&where));
}

TEST_CASE("what both sides know crosses, and nothing behind it", "[plugin][abi]") {
  mr_where made{};
  made.struct_size = sizeof made;
  made.sequence = 5;
  made.token = 6;
  mr_where given{};
  given.struct_size = 56;
  given.token = -1;
  write_known(made, given);
  CHECK(given.sequence == 5);
  CHECK(given.token == -1);
  CHECK(given.struct_size == 56);
  made.struct_size = 56;
  const mr_where known = read_known(made);
  CHECK(known.sequence == 5);
  CHECK(known.token == 0);
  CHECK(known.struct_size == 56);
}
