#include "tools/millrace/server_client.hpp"

namespace millrace::tool {

bool EventReader::feed(std::string_view bytes, const Each& each) {
  rest_.append(bytes);
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    auto line = std::string_view{rest_}.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    begin = end + 1;
    if (!take_line(line, each)) return false;
  }
  rest_.erase(0, begin);
  return true;
}

bool EventReader::take_line(std::string_view line, const Each& each) {
  if (line.empty()) {
    const bool goes_on = !has_data_ || each(event_);
    event_ = {};
    has_data_ = false;
    return goes_on;
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "id") event_.id = value;
  if (field == "event") event_.name = value;
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace millrace::tool
