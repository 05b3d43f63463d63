#include "plugins/records/label_path.hpp"

#include <catch2/catch.hpp>

using millrace::records::LabelPath;
using millrace::records::LabelValues;

namespace {

std::vector<std::string> values(std::string_view path, std::string_view label) {
  return LabelValues{LabelPath::parse(path).value()}.of(label);
}

}  // namespace

TEST_CASE("label paths follow the documented forms", "[records][label_path]") {
  CHECK(LabelPath::parse("class.pulp")->name == "pulp");
  CHECK(LabelPath::parse("label.class.pulp")->name == "pulp");
  CHECK(LabelPath::parse("detect.a.b.c")->name == "a.b.c");
  CHECK(LabelPath::parse("facecluster")->kind == LabelPath::Kind::Facecluster);
  CHECK(LabelPath::parse("label.facecluster")->kind == LabelPath::Kind::Facecluster);
  for (const std::string_view bad :
       {"", "pulp", "class", "class.", "detect.", "Class.x", "facecluster.x", "label.",
        "labels.class.x", "label.label.class.x"}) {
    INFO(bad);
    CHECK_FALSE(LabelPath::parse(bad));
  }
}

TEST_CASE("values of a record at a path", "[records][label_path]") {
  const std::string_view label =
      R"({"class":{"pulp":"sexy","a.b":"x"},"detect":{"d":{"bbox":[{"class":"dog"},{"class":"cat"},{"class":"dog"},{}]}},"facecluster":"c1"})";
  CHECK(values("class.pulp", label) == std::vector<std::string>{"sexy"});
  CHECK(values("class.a.b", label) == std::vector<std::string>{"x"});
  CHECK(values("class.nothing", label).empty());
  CHECK(values("detect.d", label) == std::vector<std::string>{"dog", "cat", ""});
  CHECK(values("detect.e", label).empty());
  CHECK(values("facecluster", label) == std::vector<std::string>{"c1"});
  CHECK(values("facecluster", "").empty());
}
