// What a server, or a file in the folder, tells the client: names, headers, tokens, replies, INI.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <millrace/client/error.hpp>

#include "client/src/file_name.hpp"
#include "client/src/http_session.hpp"
#include "client/src/ini_file.hpp"
#include "client/src/reply_reader.hpp"
#include "client/src/token_claims.hpp"

namespace {

using namespace millrace::client;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_name(const std::string& name) {
  if (name.empty()) return;
  require(name.size() <= 200);
  require(name.front() != '.' && name.front() != '-');
  require(name.find_first_of("/\\") == std::string::npos && name.find('\0') == std::string::npos);
  const auto path = std::filesystem::path{"/folder"} / name;
  require(path.lexically_normal().parent_path() == "/folder");
}

void check_ini(std::string_view text) {
  try {
    for (const auto& entry : detail::parse_ini(text, "f")) {
      require(!entry.section.empty() && !entry.key.empty());
      require(entry.value.find_first_of("\r\n") == std::string::npos);
      (void)Json(entry.value).dump();  // throws for what is not UTF-8
    }
  } catch (const ConfigInitializationError& error) {
    require(std::string_view{error.what()}.starts_with("f:"));
  }
}

void check_url(const std::string& text) {
  try {
    const auto base = detail::checked_base_url(text);
    require(!base.ends_with('/') && base.find_first_of("?# \r\n") == std::string::npos);
    require(detail::is_same_origin(base, base + "/models/"));
  } catch (const ConfigInitializationError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  check_name(detail::safe_file_name(text));
  check_name(detail::safe_file_name(detail::disposition_file_name(text)));
  check_ini(text);
  check_url(text);
  if (detail::is_token_text(text)) require(text.find_first_of(" \r\n") == std::string::npos);
  (void)detail::read_claims(text);
  detail::HttpAnswer answer;
  answer.head.status = 200;
  answer.body = text;
  const auto reply = detail::read_reply(answer);
  // Copying and writing go to the depth of the document.
  const auto copy = reply.body;
  (void)copy.dump(-1, ' ', false, Json::error_handler_t::replace);
  return 0;
}
