// What one question and one change may ask for.
#include <catch2/catch.hpp>

#include "engine/base/json_members.hpp"
#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/query_limits.hpp"
#include "tests/engine_catalog/filled.hpp"
#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::Filled;

namespace {

Json members(std::size_t count) {
  Json object = Json::object();
  for (std::size_t i = 0; i < count; ++i) append_member(object, "m" + std::to_string(i), 1);
  return object;
}

}  // namespace

TEST_CASE("a question has a limit on its parts", "[catalog][limits]") {
  const CatalogPlace place{SqlDialect::Sqlite};
  const auto catalog = place.open();
  const auto asks = [&](const Json& where, std::int64_t limit) {
    return catalog->query({{"entity", "tags"}, {"where", where}, {"limit", limit}}).ok();
  };
  const Json condition{{"column", "id"}, {"op", ">"}, {"value", 0}};
  CHECK(asks(std::vector<Json>(kMostConditions, condition), 1));
  CHECK_FALSE(asks(std::vector<Json>(kMostConditions + 1, condition), 1));
  const auto in = [](std::size_t values) {
    return Json::array(
        {Json{{"column", "id"}, {"op", "in"}, {"value", std::vector<Json>(values, Json(1))}}});
  };
  CHECK(asks(in(kMostInValues), 1));
  CHECK_FALSE(asks(in(kMostInValues + 1), 1));
  CHECK(asks(Json::array(), kMostRows));
  CHECK_FALSE(asks(Json::array(), kMostRows + 1));
}

TEST_CASE("a document and a list of names are counted before anything is written",
          "[catalog][limits]") {
  Filled rows{SqlDialect::Sqlite};
  const auto id = rows.model("net", Json::object(), Json::object());
  const auto changed = [&](const Json& set) {
    return rows.change("update", "models", {{"id", id}, {"set", set}});
  };
  const auto refused = [&](const std::string& field, const Json& value) {
    const auto result = changed(Json{{field, value}});
    return !result.ok() && result.error().code == Code::InvalidArgument &&
           result.error().field == field;
  };
  CHECK(refused("metrics", members(kMostMembers + 1)));
  CHECK(changed({{"metrics", members(kMostMembers)}}).ok());
  CHECK(refused("parameters", Json{{std::string(kLongestMember + 1, 'p'), 1}}));
  CHECK(changed({{"parameters", {{std::string(kLongestMember, 'p'), 1}}}}).ok());
  Json names = Json::array();
  for (std::size_t i = 0; i <= kMostNames; ++i) names.push_back("t" + std::to_string(i));
  CHECK(refused("tags", names));
}
