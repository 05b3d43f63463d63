#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <millrace/client/connection.hpp>
#include <millrace/client/reply.hpp>

#include "client/src/http_session.hpp"

namespace millrace::client::detail {

/// A file of the registry that is to lie in a folder.
struct Download {
  std::string url;
  Pairs headers;  // of sign-in
  std::filesystem::path folder;
  std::string name;  // "" takes the one of Content-Disposition
  std::string stem;  // of the files in use meanwhile, and the last resort for a name
  bool keeps_existing = false;
  Progress progress;
};

struct Downloaded {
  std::filesystem::path path;  // empty when it failed
  Reply reply;                 // why
};

/// Fetches a file into its folder. A part of the same file that lies there from before is
/// continued; when the connection fails, what has come is kept, and one more try goes on from
/// there. Throws FileError, and FileExistsError before anything is fetched where the name is known.
Downloaded run_download(HttpSession& session, const Download& download);

}  // namespace millrace::client::detail
