#include "engine/base/json_members.hpp"

#include <chrono>
#include <string>

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

Json many(int count) {
  Json object = Json::object();
  for (int i = 0; i < count; ++i) append_member(object, "name " + std::to_string(i), i);
  return object;
}

}  // namespace

TEST_CASE("members that are put keep their place, and others follow", "[base][json]") {
  Json object = Json::parse(R"({"b": 1, "a": 2})");
  put_members(object, Json::parse(R"({"c": 3, "b": [4], "d": null})"));
  CHECK(object.dump() == R"({"b":[4],"a":2,"c":3,"d":null})");
  put_members(object, Json::object());
  CHECK(object.size() == 4);
}

TEST_CASE("an index finds what the object has, few or many", "[base][json]") {
  for (const int count : {0, 1, 16, 17, 1'000}) {
    const Json object = many(count);
    const MemberIndex index{object};
    for (int i = 0; i < count; ++i) {
      const auto* found = index.find("name " + std::to_string(i));
      REQUIRE(found != nullptr);
      CHECK(*found == i);
    }
    CHECK(index.find("name") == nullptr);
    CHECK(index.find("") == nullptr);
  }
}

TEST_CASE("objects of many members are put together and searched in linear time", "[base][json]") {
  const auto start = std::chrono::steady_clock::now();
  const Json members = many(120'000);
  Json object = many(60'000);
  put_members(object, members);
  CHECK(object.size() == 120'000);
  const MemberIndex index{object};
  std::int64_t sum = 0;
  for (const auto& [name, value] : members.get_ref<const Json::object_t&>())
    sum += index.find(name)->get<std::int64_t>();
  CHECK(sum == std::int64_t{120'000} * 119'999 / 2);
  // Its square would be minutes with the sanitizers on.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
}
