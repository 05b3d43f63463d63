#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/testing.hpp>

/// The records and pictures of the contract's examples, and operators of the built plugin.
namespace millrace::augment::testing {

using millrace::testing::OperatorHarness;

/// The lines of pulp.jsonlist; the fifth is bad.
extern const std::vector<std::string> kPulp;

/// Rows as an input node named `source` makes them; lines that are no records are left out.
Batch rows_of(const std::vector<std::string>& lines, std::string_view input = "source");

/// An operator of the plugin, as a node of that name in a job with that seed.
OperatorHarness node(std::string_view id, std::string_view params, std::string_view name,
                     std::uint64_t seed = 0);

/// Pushes the rows through and returns what comes out.
Batch through(OperatorHarness& harness, Batch rows);

/// augment.apply with those parameters.
Batch applied_rows(Batch rows, std::string_view params, std::string_view name,
                   std::uint64_t seed = 0);

/// augment.render over a store in which the pictures a.png ... f.png of 100x60 lie below
/// qiniu:///z0/in/img/.
OperatorHarness renderer(std::string_view prefix, std::string_view more_params = {});

std::vector<std::string> texts(const Batch& rows, std::string_view column);

/// Returns the text of a member of a record's JSON ("detect" finds nothing; top level only).
std::string member(std::string_view record, std::string_view key);

/// The points of the n-th box in a record, as written.
std::string points(std::string_view record, std::size_t n = 0);

}  // namespace millrace::augment::testing
