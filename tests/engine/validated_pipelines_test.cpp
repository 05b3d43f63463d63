#include "engine/validated_pipelines.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

const Json kDocument = Json::parse(R"({"ops": [{"name": "in", "params": {"limit": 1}}]})");
const Json kNone = Json::object();

struct Place {
  ValidatedPipelines pipelines;
  StoreRights rights;
  PipelineRules rules;

  void keep(const Json& document, bool asked_store = false) {
    keep(document, document, asked_store);
  }
  void keep(const Json& document, const Json& bound, bool asked_store = false) {
    Graph graph;
    graph.name = "kept";
    graph.asked_store = asked_store;
    pipelines.keep({document, kNone, rights, rules},
                   {bound, std::make_shared<const Graph>(std::move(graph))});
  }
  [[nodiscard]] bool has(const Json& document, const Json& parameters = kNone) {
    return pipelines.find({document, parameters, rights, rules}) != nullptr;
  }
};

}  // namespace

TEST_CASE("what was found valid is found again by the same question only", "[engine][validated]") {
  Place place;
  CHECK_FALSE(place.has(kDocument));
  place.keep(kDocument);
  CHECK(place.has(kDocument));
  CHECK_FALSE(place.has(kDocument, Json{{"limit", 2}}));

  Json other = kDocument;
  other["ops"][0]["params"]["limit"] = 1.0;  // equal, and not the same
  CHECK(other == kDocument);
  CHECK_FALSE(place.has(other));

  place.rights.roots.emplace_back("/data");
  CHECK_FALSE(place.has(kDocument));
  place.rights = {};
  place.rules.strict_mix = true;
  CHECK_FALSE(place.has(kDocument));
}

TEST_CASE("what may change by itself, and what is large, is not kept", "[engine][validated]") {
  Place place;
  place.keep(kDocument, true);
  CHECK_FALSE(place.has(kDocument));
  Json large = kDocument;
  large["doc"] = std::string(ValidatedPipelines::kMostBytes, 'x');
  place.keep(large);
  CHECK_FALSE(place.has(large));
  Json declaring = kDocument;  // what comes of it is small
  declaring["params"] = {{"a", {{"type", "string"}, {"default", large["doc"]}}}};
  place.keep(declaring, kDocument);
  CHECK_FALSE(place.has(declaring));
  place.rules.check_sources = true;
  place.keep(kDocument);
  CHECK_FALSE(place.has(kDocument));
}

TEST_CASE("the pipeline that was asked for longest ago goes first", "[engine][validated]") {
  Place place;
  const auto numbered = [](std::size_t i) { return Json{{"name", std::to_string(i)}}; };
  for (std::size_t i = 0; i < ValidatedPipelines::kMost; ++i) place.keep(numbered(i));
  CHECK(place.has(numbered(0)));
  place.keep(numbered(ValidatedPipelines::kMost));
  CHECK(place.has(numbered(0)));
  CHECK_FALSE(place.has(numbered(1)));
}
