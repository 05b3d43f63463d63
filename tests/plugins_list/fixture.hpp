#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/testing.hpp>

namespace plugins_list {

/// The harness of an operator, taken from the plugin that the build has made: "input.list" is in
/// input_list.so.
millrace::testing::OperatorHarness harness(std::string_view id, std::string_view params,
                                           std::uint64_t seed = 0, std::string_view node = "node",
                                           const std::string& folder = {});

/// The list of seven lines by which the format is explained; the fifth is no record.
extern const std::string_view kPulp;
inline constexpr std::string_view kPulpUri = "qiniu:///z0/in/pulp.jsonlist";

/// What input.list makes of text, as one batch.
millrace::Batch rows_of(std::string_view list, std::string_view node = "source");

}  // namespace plugins_list
