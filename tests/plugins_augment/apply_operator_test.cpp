#include <catch2/catch.hpp>

#include "tests/plugins_augment/operator_fixture.hpp"

using namespace millrace;
using namespace millrace::augment::testing;

namespace {

const std::string kDocumentCondition =
    R"("condition": [{"label": "class.pulp", "values": {"normal": 3, "sexy": 4}}])";

std::string params(std::string_view condition, std::string_view ops = "flip") {
  return "{" + std::string{condition} + R"(, "ops": ")" + std::string{ops} + "\"}";
}

std::vector<std::string> faults_of(std::string_view id, std::string_view json) {
  std::vector<std::string> faults;
  const auto harness = node(id, json, "n");
  for (const auto& fault : harness.faults()) {
    CHECK_FALSE(fault.message.empty());
    faults.push_back(fault.kind + " " + fault.pointer);
  }
  return faults;
}
std::vector<std::string> faults_of(std::string_view json) {
  return faults_of("augment.apply", json);
}

// The pictures' letters, one for each row.
std::string letters(const Batch& rows) {
  std::string all;
  for (const auto& url : texts(rows, "url")) all.push_back(url[url.size() - 5]);
  return all;
}

}  // namespace

TEST_CASE("conditions decide how many copies are made, in the order of the input",
          "[augment][apply]") {
  const auto rows = applied_rows(rows_of(kPulp), params(kDocumentCondition), "flip1");
  CHECK(letters(rows) == "aaabbbbdddeeee");
  const auto identities = texts(rows, "identity");
  CHECK(identities[0] == "qiniu:///z0/in/img/a.png#source:1#flip1:0");
  CHECK(identities[6] == "qiniu:///z0/in/img/b.png#source:2#flip1:3");
  CHECK(texts(rows, "ops") == std::vector<std::string>(14, "flip"));
  // Nothing else changes: it is a recipe.
  CHECK(texts(rows, "record")[0] == kPulp[0]);
}

TEST_CASE("fractions are chances, drawn as the contract's examples say", "[augment][apply]") {
  const auto copies = [](std::string_view number) {
    const auto condition = R"("condition": [{"label": "class.pulp", "values": {"normal": )" +
                           std::string{number} + R"(, "sexy": )" + std::string{number} + "}}]";
    return letters(applied_rows(rows_of(kPulp), params(condition), "flip1"));
  };
  CHECK(copies("0.5") == "d");
  CHECK(copies("1.5") == "abdde");
  CHECK(copies("0.85") == "bde");
  CHECK(copies("0").empty());
  CHECK(copies("2") == "aabbddee");
}

TEST_CASE("the first condition that matches decides, no match means none, no condition one",
          "[augment][apply]") {
  const auto of = [](std::string_view condition) {
    return letters(applied_rows(rows_of(kPulp), params(condition), "n"));
  };
  CHECK(of(R"("condition": [])") == "abcdef");
  CHECK(of(R"("condition": [], "default": 2)") == "aabbccddeeff");
  CHECK(of(R"("condition": [], "default": 0)").empty());
  CHECK(of(R"("condition": [{"label": "class.terror", "values": {"normal": 0}},
                            {"label": "label.class.pulp", "values": {"normal": 2}}])") == "dd");
  CHECK(of(R"("condition": [{"label": "class.none", "values": {"*": 5}}])").empty());
  CHECK(
      of(R"("condition": [{"label": "class.pulp", "values": {"*": 1, "sexy": 2}}], "default": 3)") ==
      "abbcdeefff");
  CHECK(of(R"("condition": [{"label": "facecluster", "values": {"c2": 2}}])") == "cc");
  // Several values of one record: the largest number.
  CHECK(of(R"("condition": [{"label": "detect.general_d", "values": {"dog": 1, "cat": 3}}])") ==
        "abbb");
  CHECK(of(R"("condition": [{"label": "class.pulp", "values": {}}])").empty());
}

TEST_CASE("drawn parameters are those of the contract's examples", "[augment][apply]") {
  const auto rows = applied_rows(
      rows_of(kPulp),
      R"({"condition": [{"label": "class.pulp", "values": {"pulp": 0, "sexy": 0}}], "default": 0, "ops": "rotate/[10,20]"})",
      "default");
  CHECK(rows.rows() == 0);
  const auto all =
      applied_rows(rows_of(kPulp), R"({"condition": [], "ops": "rotate/[10,20]"})", "default");
  const auto ops = texts(all, "ops");
  CHECK(ops[0] == "rotate/16.2016");
  CHECK(ops[3] == "rotate/17.9771");
  CHECK(ops[5] == "rotate/18.5135");
}

TEST_CASE("copies of copies carry the whole chain and both names", "[augment][apply]") {
  auto once = applied_rows(rows_of({kPulp[0]}), R"({"condition": [], "default": 2, "ops": "flip"})",
                           "flip1");
  const auto twice =
      applied_rows(std::move(once), R"({"condition": [], "default": 2, "ops": "crop/5x5"})", "r2");
  CHECK(texts(twice, "ops") == std::vector<std::string>(4, "flip,crop/5x5"));
  CHECK(texts(twice, "identity")[1] == "qiniu:///z0/in/img/a.png#source:1#flip1:0#r2:1");
  CHECK(texts(twice, "identity")[2] == "qiniu:///z0/in/img/a.png#source:1#flip1:1#r2:0");
}

TEST_CASE("noop passes records as they came, under a new identity", "[augment][apply]") {
  const auto rows =
      applied_rows(rows_of({kPulp[0], kPulp[3]}), R"({"condition": [], "ops": "noop"})", "same");
  CHECK(texts(rows, "ops") == std::vector<std::string>{"null", "null"});
  CHECK(texts(rows, "record") == std::vector<std::string>{kPulp[0], kPulp[3]});
  CHECK(texts(rows, "identity")[0] == "qiniu:///z0/in/img/a.png#source:1#same:0");
  auto flipped = applied_rows(rows_of({kPulp[0]}), R"({"condition": [], "ops": "flip"})", "flip1");
  CHECK(texts(applied_rows(std::move(flipped), R"({"condition": [], "ops": "noop"})", "same"),
              "ops")[0] == "flip");
}

TEST_CASE("chains are for those who ask for them", "[augment][apply]") {
  const auto rows =
      applied_rows(rows_of({kPulp[0]}), R"({"ops": "flip;flop;", "chain": true})", "n");
  CHECK(texts(rows, "ops")[0] == "flip,flop");
  CHECK(faults_of(R"({"ops": "flip;flop;"})") == std::vector<std::string>{"ops_not_allowed /ops"});
}

TEST_CASE("wrong ops are faults with the word that tells them apart", "[augment][apply]") {
  CHECK(faults_of(R"({"ops": "frobnicate"})") == std::vector<std::string>{"ops_unknown /ops"});
  CHECK(faults_of(R"({"ops": "rotate/[20"})") == std::vector<std::string>{"ops_syntax /ops"});
  CHECK(faults_of(R"({"ops": "rotate/400"})") == std::vector<std::string>{"ops_parameter /ops"});
  CHECK(faults_of(R"({"ops": ""})") == std::vector<std::string>{"ops_not_allowed /ops"});
  CHECK(faults_of(R"({"condition": []})").size() == 1);  // ops is mandatory
}

TEST_CASE("wrong conditions are faults in the order of the contract: paths, form, values, ops",
          "[augment][apply]") {
  const auto condition = [](std::string_view json) {
    return faults_of(R"({"ops": "flip", "condition": [)" + std::string{json} + "]}");
  };
  CHECK(condition(R"({"label": "pulp", "values": {}})") ==
        std::vector<std::string>{"label_path /condition/0/label"});
  CHECK(condition("5") == std::vector<std::string>{"condition_form /condition/0"});
  CHECK(condition("null") == std::vector<std::string>{"condition_form /condition/0"});
  CHECK(condition(R"({"values": {}})") ==
        std::vector<std::string>{"condition_form /condition/0/label"});
  CHECK(condition(R"({"label": "class.a"})") ==
        std::vector<std::string>{"condition_form /condition/0/values"});
  CHECK(condition(R"({"label": "class.a", "values": [1]})") ==
        std::vector<std::string>{"condition_form /condition/0/values"});
  for (const auto* value : {"-1", "1000.5", "\"3\"", "null", "true", "1e308"}) {
    INFO(value);
    CHECK(condition(R"({"label": "class.a", "values": {"n/m": )" + std::string{value} + "}}") ==
          std::vector<std::string>{"condition_value /condition/0/values/n~1m"});
  }
  CHECK(condition(R"({"label": "class.a", "values": {"x": 1000, "y": 0}})").empty());
  CHECK(
      faults_of(
          R"({"ops": "x", "condition": [{"label": "class.a", "values": {"x": -1}}, 7, {"label": "b", "values": {}}]})") ==
      std::vector<std::string>{"label_path /condition/2/label",
                               "condition_value /condition/0/values/x",
                               "condition_form /condition/1", "ops_unknown /ops"});
  CHECK(faults_of(R"({"ops": "flip", "default": 1001})").size() == 1);
}

TEST_CASE("the planner is told of turns and of nodes that make nothing", "[augment][apply]") {
  const auto traits = [](std::string_view json) {
    return node("augment.apply", json, "n").traits();
  };
  CHECK(traits(R"({"ops": "flip"})").find("turns") != std::string::npos);
  CHECK(traits(R"({"ops": "rotate/[90,180,270]"})").find("turns") != std::string::npos);
  CHECK(traits(R"({"ops": "flip;noop;rotate/-90", "chain": true})").find("turns") !=
        std::string::npos);
  CHECK(traits(R"({"ops": "rotate/[90,180]"})").find("turns") == std::string::npos);  // a range
  CHECK(traits(R"({"ops": "rotate/[90,100,180]"})").find("turns") == std::string::npos);
  CHECK(traits(R"({"ops": "rotate/90/expand:[0,1]"})").find("turns") == std::string::npos);
  CHECK(traits(R"({"ops": "blur"})").find("turns") == std::string::npos);
  CHECK(traits(R"({"ops": "noop"})").find("\"lazy\":\"\"") != std::string::npos);
}

TEST_CASE("an operation is an operator of its own, with the same draws", "[augment][single_op]") {
  auto single = node("augment.rotate", R"({"deg": [10, 20]})", "default");
  CHECK(texts(through(single, rows_of(kPulp)), "ops")[0] == "rotate/16.2016");
  const auto ops = [](std::string_view id, std::string_view json) {
    auto harness = node(id, json, "n");
    return texts(through(harness, rows_of({kPulp[0]})), "ops").at(0);
  };
  CHECK(ops("augment.flip", "{}") == "flip");
  CHECK(ops("augment.rotate", R"({"deg": 12.5, "expand": false, "fill": "edge"})") ==
        "rotate/12.5/expand:0/fill:edge");
  CHECK(ops("augment.rotate", R"({"deg": [90]})") == "rotate/90");
  CHECK(ops("augment.rotate", R"({"deg": "-7"})") == "rotate/-7");
  CHECK(ops("augment.crop", R"({"value": "50x60", "gravity": "Center"})") ==
        "crop/50x60/gravity:Center");
  CHECK(ops("augment.resize", R"({"value": "50p"})") == "resize/50p");
  CHECK(ops("augment.blur", R"({"sigma": "2x1.5"})") == "blur/2x1.5");
  CHECK(ops("augment.jpeg", R"({"value": 80})") == "jpeg/80");
  CHECK(ops("augment.noop", "{}") == "null");
  const auto quality = ops("augment.jpeg", R"({"value": [70, 80, 90]})");
  CHECK((quality == "jpeg/70" || quality == "jpeg/80" || quality == "jpeg/90"));
  const auto fill = ops("augment.rotate", R"({"deg": 5, "fill": ["edge", "wrap"]})");
  CHECK((fill == "rotate/5/fill:edge" || fill == "rotate/5/fill:wrap"));
  auto copies = node("augment.flip", "{" + kDocumentCondition + "}", "flip1");
  CHECK(letters(through(copies, rows_of(kPulp))) == "aaabbbbdddeeee");
}

TEST_CASE("wrong parameters of a single operation are faults at their place",
          "[augment][single_op]") {
  CHECK(faults_of("augment.rotate", R"({"deg": 400})") ==
        std::vector<std::string>{"ops_parameter /deg"});
  CHECK(faults_of("augment.rotate", R"({"deg": [10, 400]})") ==
        std::vector<std::string>{"ops_parameter /deg"});
  CHECK(faults_of("augment.rotate", R"({"deg": "[20"})") ==
        std::vector<std::string>{"ops_syntax /deg"});
  CHECK(faults_of("augment.rotate", R"({"deg": {}})") ==
        std::vector<std::string>{"ops_parameter /deg"});
  CHECK(faults_of("augment.rotate", R"({"deg": []})") ==
        std::vector<std::string>{"ops_parameter /deg"});
  CHECK(faults_of("augment.rotate", R"({"deg": [[1]]})") ==
        std::vector<std::string>{"ops_parameter /deg"});
  CHECK(faults_of("augment.rotate", R"({"deg": 5, "fill": "black"})") ==
        std::vector<std::string>{"ops_parameter /fill"});
  CHECK(faults_of("augment.crop", R"({"value": "50x60!"})") ==
        std::vector<std::string>{"ops_parameter /value"});
  CHECK(faults_of("augment.jpeg", R"({"value": 0.0000001})") ==
        std::vector<std::string>{"ops_parameter /value"});
  CHECK(faults_of("augment.rotate", "{}").size() == 1);
  CHECK(faults_of("augment.flip", R"({"deg": 5})").size() == 1);
}

TEST_CASE("many copies are sent on in pieces that never cut a root", "[augment][apply]") {
  std::vector<std::string> lines;
  for (int i = 0; i < 12; ++i) lines.push_back(kPulp[3]);
  auto harness = node("augment.apply", R"({"condition": [], "default": 1000, "ops": "flip"})", "n");
  const auto all = through(harness, rows_of(lines));
  CHECK(all.rows() == 12'000);
  REQUIRE(harness.emitted() > 1);
  std::int64_t last_root = -1;
  for (std::size_t i = 0; i < harness.emitted(); ++i) {
    const auto roots = harness.batch_at(i).column<std::int64_t>("@root");
    CHECK(roots.value(0) > last_root);
    last_root = roots.value(roots.size() - 1);
  }
}

TEST_CASE("one record that would become millions stops the job with the reason",
          "[augment][apply]") {
  auto thousand = applied_rows(rows_of({kPulp[3]}),
                               R"({"condition": [], "default": 1000, "ops": "flip"})", "n");
  auto harness = node("augment.apply", R"({"condition": [], "default": 1000, "ops": "flop"})", "m");
  std::vector<Batch> both;
  both.push_back(thousand.share());
  both.push_back(std::move(thousand));
  const auto status = harness.push(Batch::concat(std::move(both)));
  CHECK_FALSE(status.ok());
  CHECK(status.message().find("copies") != std::string::npos);
}

TEST_CASE("the operators of the plugin keep what the engine relies on", "[augment][conformance]") {
  for (const auto& finding :
       millrace::testing::check_conformance(MR_BINARY_DIR "/lib/millrace/plugins/augment.so")) {
    UNSCOPED_INFO(finding.operator_id << " " << finding.check << ": " << finding.message);
    CHECK(false);
  }
}
