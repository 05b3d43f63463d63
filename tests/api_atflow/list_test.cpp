#include <catch2/catch.hpp>

#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("E13: list and paging", "[atflow][list]") {
  Flow flow;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(flow.run_mix(mix_e4())["id"]);
  const auto page = [&](const std::string& query) {
    return flow.q("GET", "/v1/dataflows?" + query);
  };
  const auto id = [](const Json& body, std::size_t place) {
    return body["items"].at(place)["id"].get<std::string>();
  };

  const auto first = page("limit=2");
  REQUIRE(first.body["items"].size() == 2);
  CHECK(id(first.body, 0) == ids[4]);
  CHECK(id(first.body, 1) == ids[3]);
  CHECK(first.body["marker"] == ids[3]);
  const auto second = page("limit=2&marker=" + ids[3]);
  REQUIRE(second.body["items"].size() == 2);
  CHECK(id(second.body, 0) == ids[2]);
  CHECK(second.body["marker"] == ids[1]);
  const auto last = page("limit=2&marker=" + ids[1]);
  REQUIRE(last.body["items"].size() == 1);
  CHECK(id(last.body, 0) == ids[0]);
  CHECK(last.body["marker"] == "");

  CHECK(page("limit=0").err() == "40011");
  CHECK(page("limit=x").err() == "40011");
  CHECK(page("limit=-1").err() == "40011");
  CHECK(page("limit=501").status == 200);
  CHECK(page("limit=99999999999999999999").status == 200);
  CHECK(page("marker=zzz").err() == "40012");
  CHECK(page("marker=000000000000000000000000").err() == "40012");
  CHECK(page("marker=").body["items"].size() == 5);

  const Json& item = first.body["items"][0];
  CHECK(item == flow.q("GET", "/v1/dataflows/" + ids[4]).body);
}

TEST_CASE("without aliases each reply names the statistics as its own listing does",
          "[atflow][list]") {
  Flow flow{Json{{"stats", {{"aliases", false}}}}};
  const Json job = flow.run_mix(mix_e4());
  CHECK(job["targetFileStatistics"].contains("classification"));
  CHECK(!job["targetFileStatistics"].contains("class"));
  const Json item = flow.q("GET", "/v1/dataflows").body["items"][0];
  CHECK(item["targetFileStatistics"].contains("class"));
  CHECK(!item["targetFileStatistics"].contains("classification"));
}
