#pragma once

#include <string>
#include <vector>

namespace millrace::workload {

/// The site ids of the sources that have many, in the order of their code points: 171 forums, 470
/// news sites, 43 blogs. They are part of the workload, whose bytes are fixed, and do not follow
/// what a server is set up to map.
const std::vector<std::string>& forum_ids();
const std::vector<std::string>& news_ids();
const std::vector<std::string>& blog_ids();

}  // namespace millrace::workload
