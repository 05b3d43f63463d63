#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::string stem(const Json& record, const char* member = "source_url") {
  const auto url = record.at(member).get<std::string>();
  return url.substr(url.rfind('/') + 1, 1);
}

// "aaabbbb": which picture each record of a list descends from.
std::string roots(const std::vector<Json>& records) {
  std::string letters;
  for (const Json& record : records)
    letters += stem(record, record.contains("source_url") ? "source_url" : "url");
  return letters;
}

// Marks originals with their letter and generated records with a dot.
std::string shape(const std::vector<Json>& records) {
  std::string letters;
  for (const Json& record : records) letters += record.contains("ops") ? "." : stem(record, "url");
  return letters;
}

const Json& boxes(const Json& record) {
  return record.at("label").at("detect").at("general_d").at("bbox");
}

}  // namespace

TEST_CASE("E4: the mix of the document", "[atflow][mix]") {
  Flow flow;
  const Json job = flow.run_mix(mix_e4());
  CHECK(job["status"] == "finished");
  const auto records = flow.records("out/e4.jsonlist");
  REQUIRE(roots(records) == "aaabbbbdddeeee");

  const Json& first = records.front();
  CHECK(first["url"] == "qiniu:///z0/out/e4/a_551f8b2ece965266.png");
  CHECK(records[1]["url"] == "qiniu:///z0/out/e4/a_31a26b7852a374dc.png");
  CHECK(records[2]["url"] == "qiniu:///z0/out/e4/a_eecf5975f07cf8d6.png");
  CHECK(first["source_url"] == "qiniu:///z0/in/img/a.png");
  CHECK(first["ops"] == "augment(flip)");
  CHECK(boxes(first)[0]["pts"] == Json::parse("[[10,40],[30,40],[30,20],[10,20]]"));
  CHECK(records.back()["x-note"] == "keep me");

  const Json& statistics = job["targetFileStatistics"];
  CHECK(statistics["fileCount"] == 14);
  CHECK(statistics["class"] ==
        Json::parse(R"([{"name":"pulp","total":14,"count":{"normal":6,"sexy":8}},
                                               {"name":"terror","total":3,"count":{"normal":3}}])"));
  CHECK(statistics["classification"] == statistics["class"]);
  CHECK(statistics["detect"] ==
        Json::parse(R"([{"name":"general_d","total":11,"count":{"cat":4,"dog":7}}])"));
  CHECK(statistics["detection"] == statistics["detect"]);
  CHECK(statistics["facecluster"] == Json::parse(R"({"total":11,"faceMax":11,"faceMin":11})"));
  CHECK(job["counts"]["read"] == 6);
  CHECK(job["counts"]["badLines"] == 1);
  CHECK(job["counts"]["generated"] == 14);
  CHECK(job["counts"]["written"] == 14);
  CHECK(job["sourceFile"] == "qiniu:///z0/in/pulp.jsonlist");
  CHECK(job["targetFile"] == "qiniu:///z0/out/e4.jsonlist");
  CHECK(job["prefix"] == "qiniu:///z0/out/e4");

  const std::string id = job["id"];
  CHECK(job["logFile"] == "qiniu:///z0/logs/" + id + "/" + id + "_log.jsonlist");
  const auto log = flow.records("logs/" + id + "/" + id + "_log.jsonlist");
  REQUIRE(log.size() == 2);
  CHECK(log[0]["code"] == "bad_line");
  CHECK(log[0]["line"] == 5);
  CHECK(log[1]["level"] == "summary");
  CHECK(log[1]["status"] == "finished");

  SECTION("running it again gives equal bytes") {
    const auto list = flow.file("out/e4.jsonlist");
    const auto picture = flow.file("out/e4/a_551f8b2ece965266.png");
    CHECK(!picture.empty());
    flow.run_mix(mix_e4());
    CHECK(flow.file("out/e4.jsonlist") == list);
    CHECK(flow.file("out/e4/a_551f8b2ece965266.png") == picture);
  }
}

TEST_CASE("E5: originals are kept by an edge past the augment", "[atflow][mix]") {
  Flow flow;
  Json mix = mix_e4();
  mix["ops"][0]["postOps"] = {"flip1", "result"};
  SECTION("the original first") {
    mix["ops"][2]["preOps"] = {"source", "flip1"};
    flow.run_mix(mix);
    const auto records = flow.records("out/e4.jsonlist");
    CHECK(shape(records) == "a...b....cd...e....f");
    CHECK(!records[0].contains("source_url"));
  }
  SECTION("the copies first") {
    mix["ops"][2]["preOps"] = {"flip1", "source"};
    flow.run_mix(mix);
    CHECK(shape(flow.records("out/e4.jsonlist")) == "...a....bc...d....ef");
  }
}

TEST_CASE("E6: fractions of copies are drawn", "[atflow][mix]") {
  Flow flow;
  const auto with = [&](double copies) {
    Json mix = mix_e4();
    mix["ops"][1]["params"]["condition"][0]["values"] = {{"normal", copies}, {"sexy", copies}};
    const Json job = flow.run_mix(mix);
    CHECK(job["status"] == "finished");
    return flow.file("out/e4.jsonlist").empty() ? std::string{}
                                                : roots(flow.records("out/e4.jsonlist"));
  };
  CHECK(with(0.5) == "d");
  CHECK(with(1.5) == "abdde");
  CHECK(with(0.85) == "bde");
  CHECK(with(0).empty());
  CHECK(flow.exists("out/e4.jsonlist"));
}

TEST_CASE("E7: filters", "[atflow][mix]") {
  Flow flow;
  const auto filtered = [&](const std::string& label, Json values) {
    Json mix = mix_of("flop", "e7");
    mix["ops"][0]["postOps"] = {"keep"};
    mix["ops"][1]["preOps"] = {"keep"};
    mix["ops"].push_back(Json{{"name", "keep"},
                              {"type", "filter"},
                              {"preOps", {"source"}},
                              {"postOps", {"step"}},
                              {"params", {{"label", label}, {"values", std::move(values)}}}});
    flow.run_mix(mix);
    return flow.records("out/e7.jsonlist");
  };
  const auto records = filtered("class.pulp", {"sexy", "pulp"});
  CHECK(roots(records) == "bce");
  CHECK(boxes(records[0])[0]["pts"] == Json::parse("[[100,0],[50,0],[50,30],[100,30]]"));
  CHECK(roots(filtered("detect.general_d", {"cat"})) == "b");
  CHECK(roots(filtered("facecluster", {"c1"})) == "abe");
  CHECK(filtered("class.nothing", {"x"}).empty());
}

TEST_CASE("E9: quarter turns", "[atflow][mix]") {
  Flow flow;
  flow.run_mix(mix_of("rotate/90", "e9"));
  const auto records = flow.records("out/e9.jsonlist");
  REQUIRE(records.size() == 6);
  CHECK(flow.size_of(records[0]["url"]) == std::pair{60, 100});
  CHECK(boxes(records[0])[0]["pts"] == Json::parse("[[40,10],[40,30],[20,30],[20,10]]"));
  CHECK(records[0]["ops"] == "augment(rotate/90)");
  flow.run_mix(mix_of("rotate/270", "e9b"));
  CHECK(boxes(flow.records("out/e9b.jsonlist")[0])[0]["pts"] ==
        Json::parse("[[20,90],[20,70],[40,70],[40,90]]"));
}

TEST_CASE("E16: a crop drops boxes that lie outside, never records", "[atflow][mix]") {
  Flow flow;
  const Json job = flow.run_mix(mix_of("crop/50x60", "e16"));
  const auto records = flow.records("out/e16.jsonlist");
  REQUIRE(records.size() == 6);
  const Json& detect = job["targetFileStatistics"]["detect"][0];
  CHECK(detect["total"] == 2);
  CHECK(detect["count"] == Json::parse(R"({"cat":1,"dog":1})"));
  for (const Json& record : records) CHECK(flow.size_of(record["url"]) == std::pair{50, 60});
}

TEST_CASE("E17: noop passes records on as they are", "[atflow][mix]") {
  Flow flow;
  Json mix = mix_of("noop", "e17");
  mix["ops"][0]["postOps"] = {"keep"};
  mix["ops"][1]["preOps"] = {"keep"};
  mix["ops"].push_back(Json{{"name", "keep"},
                            {"type", "filter"},
                            {"preOps", {"source"}},
                            {"postOps", {"step"}},
                            {"params", {{"label", "class.pulp"}, {"values", {"normal"}}}}});
  flow.run_mix(mix);
  std::istringstream source{flow.file("in/pulp.jsonlist")};
  std::vector<std::string> lines;
  for (std::string line; std::getline(source, line);) lines.push_back(line);
  CHECK(flow.file("out/e17.jsonlist") == lines[0] + "\n" + lines[3] + "\n");
  CHECK(!flow.exists("out/e17"));
}

TEST_CASE("E19: the result is the same for any number of workers", "[atflow][mix]") {
  std::set<std::string> lists, pictures;
  for (const std::size_t workers : {1u, 8u}) {
    Flow flow{Json::object(), workers};
    Json mix = mix_e4();
    mix["ops"][1]["params"]["ops"] = "rotate/[-30,30]";
    flow.run_mix(mix);
    lists.insert(flow.file("out/e4.jsonlist"));
    std::string all;
    for (const Json& record : flow.records("out/e4.jsonlist")) {
      all += flow.file(record["url"].get<std::string>().substr(std::string{"qiniu:///z0/"}.size()));
    }
    pictures.insert(all);
  }
  CHECK(lists.size() == 1);
  CHECK(pictures.size() == 1);
}

TEST_CASE("E20: a job that was running when the server stopped goes on after it started",
          "[atflow][restart]") {
  Flow flow;
  Json mix = mix_e4();
  mix["ops"][1]["params"]["condition"][0]["values"] = {{"normal", 500}, {"sexy", 500}};
  const auto answer = flow.q("POST", "/v1/dataflows/mix", mix.dump());
  REQUIRE(answer.status == 202);
  flow.restart();
  const Json job = flow.wait(answer.id());
  CHECK(job["status"] == "finished");
  CHECK(flow.q("GET", "/v1/dataflows").body["items"].size() == 1);
  const auto list = flow.file("out/e4.jsonlist");
  CHECK(flow.records("out/e4.jsonlist").size() == 2000);
  flow.run_mix(mix);
  CHECK(flow.file("out/e4.jsonlist") == list);
}

TEST_CASE("the limit of records holds at every node, not only at the target",
          "[atflow][mix][limits]") {
  // Fourteen copies leave the augment node; the filter behind it lets six of them through.
  Json mix = mix_e4();
  mix["ops"][1]["postOps"] = {"keep"};
  mix["ops"][2]["preOps"] = {"keep"};
  mix["ops"].push_back({{"name", "keep"},
                        {"type", "filter"},
                        {"preOps", {"flip1"}},
                        {"postOps", {"result"}},
                        {"params", {{"label", "class.pulp"}, {"values", {"normal"}}}}});
  const auto settings = [](int most) {
    return Json{{"mix", {{"relaxed", true}}}, {"limits", {{"maxRecords", most}}}};
  };
  Flow flow{settings(13)};
  const auto accepted = flow.q("POST", "/v1/dataflows/mix", mix.dump());
  INFO(accepted.text);
  REQUIRE(accepted.status == 202);
  CHECK(flow.wait(accepted.id())["status"] == "failed");
  CHECK_FALSE(flow.exists("out/e4.jsonlist"));
  Flow wider{settings(14)};
  CHECK(wider.run_mix(mix)["status"] == "finished");
  CHECK(wider.records("out/e4.jsonlist").size() == 6);
}

TEST_CASE("the limits of pictures reach the pictures of a mix", "[atflow][mix][limits]") {
  Flow flow{Json{{"limits", {{"maxSide", 99}}}}};  // its pictures are 100 wide
  const Json job = flow.run_mix(mix_of("flip", "limited"));
  CHECK(job["status"] == "finished");
  CHECK(job["counts"]["failed"] == 6);
  CHECK(flow.records("out/limited.jsonlist").empty());
  const std::string id = job["id"];
  CHECK(flow.file("logs/" + id + "/" + id + "_log.jsonlist").find("too_large") !=
        std::string::npos);
}

TEST_CASE("urlStyle http gives records the public addresses of their pictures", "[atflow][mix]") {
  Flow flow{Json{{"records", {{"urlStyle", "http"}}},
                 {"zones", {{"z0", {{"publicBase", "https://p.example.com"}}}}}}};
  flow.run_mix(mix_of("flip", "public"));
  const auto records = flow.records("out/public.jsonlist");
  REQUIRE_FALSE(records.empty());
  const std::string url = records.front()["url"];
  INFO(url);
  REQUIRE(url.starts_with("https://p.example.com/"));
  CHECK(flow.exists(url.substr(std::string_view{"https://p.example.com/"}.size())));
}

TEST_CASE("boxMode aabb gives upright boxes", "[atflow][mix][limits]") {
  Flow flow{Json{{"labels", {{"boxMode", "aabb"}}}}};
  flow.run_mix(mix_of("rotate/30", "upright"));
  const auto records = flow.records("out/upright.jsonlist");
  REQUIRE_FALSE(records.empty());
  const auto points = boxes(records.front())[0]["pts"];
  REQUIRE(points.size() == 4);
  std::set<double> xs, ys;
  for (const Json& point : points) {
    xs.insert(point[0].get<double>());
    ys.insert(point[1].get<double>());
  }
  CHECK(xs.size() == 2);
  CHECK(ys.size() == 2);
}
