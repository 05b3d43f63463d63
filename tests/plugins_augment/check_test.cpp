#include "plugins/augment/check.hpp"

#include <array>

#include <catch2/catch.hpp>

#include "plugins/augment/read_value.hpp"
#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using millrace::augment::testing::faults_of;

namespace {

const std::string kParameter = "ops_parameter";

std::string message_of(std::string_view text) {
  std::vector<OpsFault> faults;
  read_ops(text, {.is_chain_allowed = true}, faults);
  REQUIRE(faults.size() == 1);
  return faults[0].message;
}

bool is_good(std::string_view text) { return faults_of(text).empty(); }
bool is_parameter_fault(std::string_view text) {
  const auto faults = faults_of(text);
  return faults.size() == 1 && faults[0].substr(0, kParameter.size()) == kParameter;
}

}  // namespace

TEST_CASE("an unknown operation is named together with the nearest known one", "[augment][check]") {
  CHECK(faults_of("frobnicate") == std::vector<std::string>{"ops_unknown@0"});
  CHECK(faults_of("flip;rotat/5") == std::vector<std::string>{"ops_unknown@5"});
  CHECK(message_of("rotat/5").find("\"rotate\"") != std::string::npos);
  CHECK(message_of("gaus-noise").find("\"gauss-noise\"") != std::string::npos);
  CHECK(message_of("frobnicate").find("did you mean") == std::string::npos);
  // Evaluation operations are another name space.
  CHECK(faults_of("sharpness") == std::vector<std::string>{"ops_unknown@0"});
}

TEST_CASE("more than one operation is refused where one is allowed", "[augment][check]") {
  CHECK(faults_of("flip;flop", false) == std::vector<std::string>{"ops_not_allowed@5"});
  CHECK(faults_of("flip;", false).empty());
  CHECK(faults_of("flip;flop", true).empty());
  CHECK(faults_of("flip;frobnicate", false) ==
        std::vector<std::string>{"ops_not_allowed@5", "ops_unknown@5"});
}

TEST_CASE("limits of numbers are closed", "[augment][check]") {
  for (const auto* text :
       {"rotate/360", "rotate/-360", "rotate/.5", "rotate/-0.", "rotate/[10]", "rotate/[-360,360]",
        "rotate/{10,20}", "brightness/-1", "contrast/4", "blur/0.05", "jpeg/1", "jpeg/100",
        "jpeg/[1,100]", "noise/0", "rotate/deg:30", "noise/5/per-channel:[0,1]"}) {
    INFO(text);
    CHECK(is_good(text));
  }
  for (const auto* text :
       {"rotate/400",     "rotate/-360.0001", "rotate/[10,400]",
        "rotate/[20,10]", "rotate/{10,x}",    "brightness/1.1",
        "contrast/-0.1",  "blur/0.04",        "jpeg/0",
        "jpeg/101",       "jpeg/50.5",        "jpeg/[50.5,60]",
        "jpeg/5e1",       "noise/101",        "noise/5/per-channel:2",
        "rotate/--5",     "rotate/5-",        "rotate/1.2.3",
        "rotate/nan",     "rotate/inf",       "rotate/-",
        "rotate/.",       "rotate/#10",       "rotate/99999999999999999999999999999999999999999"}) {
    INFO(text);
    CHECK(is_parameter_fault(text));
  }
}

TEST_CASE("parameters that are missing, surplus, unknown or given twice are faults",
          "[augment][check]") {
  for (const auto* text : {"rotate", "crop", "resize", "flip/1", "rotate/10/20", "rotate/10/deg:20",
                           "rotate/10/expand:0/expand:1", "rotate/10/degrees:5",
                           "rotate/5/expand:0/10", "crop/10x10/Center", "rotate/(flip)",
                           "crop/[10,20]", "resize/50p/interp:[1,2]", "noop/1"}) {
    INFO(text);
    CHECK(is_parameter_fault(text));
  }
  CHECK(message_of("rotate/10/expnd:0").find("\"expand\"") != std::string::npos);
  CHECK(message_of("rotate/400").find("-360 to 360") != std::string::npos);
  CHECK(faults_of("rotate/400/expand:7") ==
        std::vector<std::string>{kParameter + "@7", kParameter + "@11"});
}

TEST_CASE("sizes are read in the forms that the parameter takes", "[augment][check]") {
  for (const auto* text :
       {"resize/320x240", "resize/320x240!", "resize/320x", "resize/x240", "resize/50p",
        "resize/!50p", "resize/12.5p", "resize/{10x10,50p}", "resize/30000x1", "resize/value:5x5",
        "crop/1x30000", "thumbnail/50p", "blur/3x1.5", "blur/0x2", "blur/{1,2x3}"}) {
    INFO(text);
    CHECK(is_good(text));
  }
  for (const auto* text :
       {"resize/0x10",  "resize/30001x10", "resize/10.5x10", "resize/-5x5", "resize/x",
        "resize/10",    "resize/p",        "resize/!p",      "resize/0p",   "resize/1001p",
        "resize/5x5x5", "resize/5x5!!",    "crop/320x240!",  "crop/320x",   "crop/50p",
        "blur/3x",      "blur/x1.5",       "blur/51x2",      "blur/1.5x2",  "blur/3x60",
        "blur/50p",     "rotate/3x1"}) {
    INFO(text);
    CHECK(is_parameter_fault(text));
  }
}

TEST_CASE("colours and words are read, and nothing else in their place", "[augment][check]") {
  for (const auto* text :
       {"rotate/5/fill:#00ff7F", "rotate/5/fill:edge", "rotate/5/fill:{edge,#ffffff,wrap}",
        "crop/5x5/gravity:SouthEast", "resize/50p/interp:lanczos"}) {
    INFO(text);
    CHECK(is_good(text));
  }
  for (const auto* text :
       {"rotate/5/fill:#00ff7", "rotate/5/fill:#00ff7g", "rotate/5/fill:black", "rotate/5/fill:0",
        "crop/5x5/gravity:center", "resize/50p/interp:Lanczos"}) {
    INFO(text);
    CHECK(is_parameter_fault(text));
  }
}

TEST_CASE("every operation accepts a seed of 64 bits", "[augment][check]") {
  CHECK(is_good("noise/5/seed:18446744073709551615"));
  CHECK(is_good("flip/seed:0"));
  for (const auto* text : {"noise/5/seed:18446744073709551616", "noise/5/seed:-1",
                           "noise/5/seed:[1,2]", "noise/5/seed:1/seed:1", "noise/5/seed:1.0"}) {
    INFO(text);
    CHECK(is_parameter_fault(text));
  }
}

TEST_CASE("a label path may hold bytes of UTF-8 as escapes", "[augment][check]") {
  const ParamSpec path{.name = "label", .kind = ParamKind::LabelPath};
  const auto read = read_value(path, "class.%E4%BA%BA");
  REQUIRE(read);
  CHECK(std::get<std::string>(*read) == "class.\xe4\xba\xba");
  std::string text;
  append_value(text, *read);
  CHECK(text == "class.%e4%ba%ba");
  CHECK_FALSE(read_value(path, "pulp"));
  CHECK_FALSE(read_value(path, "class.%4"));
  CHECK(describe(path).find("class.NAME") != std::string::npos);
}

TEST_CASE("the declarations of all operations hold together", "[augment][check]") {
  std::string_view last;
  for (const auto* op : all_ops()) {
    INFO(op->name);
    CHECK(last < op->name);
    last = op->name;
    CHECK_FALSE(op->doc.empty());
    CHECK(find_op(op->name) == op);
    for (const auto alias : op->aliases) CHECK(find_op(alias) == op);
    for (const auto& param : op->params) {
      INFO(param.name);
      CHECK_FALSE(param.doc.empty());
      CHECK_FALSE(describe(param).empty());
      if (param.fallback.empty()) continue;
      // The default is a value like any other.
      std::vector<OpsFault> faults;
      const auto value = parse_value(param.fallback, faults);
      REQUIRE(faults.empty());
      for (const auto& text : value.texts) CHECK(read_value(param, text));
    }
  }
}
