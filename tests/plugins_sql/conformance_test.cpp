#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

TEST_CASE("every operator on databases conforms", "[sql][conformance]") {
  const auto findings =
      millrace::testing::check_conformance(MR_BINARY_DIR "/lib/millrace/plugins/sql.so");
  for (const auto& finding : findings) {
    UNSCOPED_INFO(finding.operator_id << ", " << finding.check << ": " << finding.message);
  }
  CHECK(findings.empty());
}
