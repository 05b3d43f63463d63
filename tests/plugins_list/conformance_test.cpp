#include <catch2/catch.hpp>

#include "fixture.hpp"

TEST_CASE("every operator conforms", "[conformance]") {
  const std::string plugin = GENERATE(
      "filter_expression", "filter_label", "input_catalog", "input_folder", "input_list",
      "output_catalog", "output_contact_sheet", "output_list", "output_model", "output_reply");
  const auto findings = millrace::testing::check_conformance(
      std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/" + plugin + ".so");
  for (const auto& finding : findings) {
    UNSCOPED_INFO(finding.operator_id << ", " << finding.check << ": " << finding.message);
  }
  CHECK(findings.empty());
}
