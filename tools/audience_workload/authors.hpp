#pragma once

#include <cstdint>
#include <string>

namespace millrace::workload {

struct Author {
  std::string s_id;  // the site; one in a hundred is known to nobody
  std::string name;  // UTF-8
};

/// Returns author `index`, who writes under one name at one site, whatever the row.
Author make_author(std::uint64_t seed, std::uint64_t index);

}  // namespace millrace::workload
