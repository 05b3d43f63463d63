#include "api/maisie/upload_headers.hpp"

#include <string>

namespace millrace::maisie {

void add_upload_headers(const Settings& settings, const http::Request& request,
                        http::Response& response) {
  constexpr std::string_view kPlace = "/api/v1/uploads";
  if (!request.path.starts_with(kPlace)) return;
  const auto rest = std::string_view{request.path}.substr(kPlace.size());
  if (!rest.empty() && rest.front() != '/') return;
  response.headers.emplace_back(
      "Access-Control-Expose-Headers",
      "Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, "
      "Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset");
  response.headers.emplace_back("Tus-Resumable", kTusVersion);
  if (request.method != http::Method::Options) return;
  response.headers.emplace_back("Tus-Version", kTusVersion);
  response.headers.emplace_back("Tus-Extension", "creation,termination,checksum,expiration");
  response.headers.emplace_back("Tus-Max-Size", std::to_string(settings.max_upload_bytes));
  response.headers.emplace_back("Tus-Checksum-Algorithm", "sha1,sha256");
}

}  // namespace millrace::maisie
