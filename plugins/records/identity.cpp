#include "plugins/records/identity.hpp"

namespace millrace::records {

void append_identity(std::string& out, std::string_view base, std::string_view node,
                     std::int64_t number) {
  out.append(base);
  out.push_back('#');
  out.append(node);
  out.push_back(':');
  out.append(std::to_string(number));
}

std::string identity(std::string_view base, std::string_view node, std::int64_t number) {
  std::string out;
  out.reserve(base.size() + node.size() + 22);
  append_identity(out, base, node, number);
  return out;
}

}  // namespace millrace::records
