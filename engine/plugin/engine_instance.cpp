#include "engine/plugin/engine_instance.hpp"

#include <string>

#include "engine/base/random.hpp"

namespace millrace {

std::string_view engine_instance() {
  static const std::string name = system_random().hex(8);
  return name;
}

}  // namespace millrace
