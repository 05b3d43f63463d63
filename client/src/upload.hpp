#pragma once

#include <functional>
#include <string>

#include <millrace/client/connection.hpp>
#include <millrace/client/reply.hpp>

#include "client/src/http_session.hpp"
#include "client/src/upload_record.hpp"

namespace millrace::client::detail {

/// A file that is to reach a registry in pieces, by the protocol tus 1.0.0.
struct Upload {
  std::string address;             // of the uploads: "http://host/api/v1/uploads/"
  std::function<Pairs()> headers;  // of sign-in, asked anew for each request
  LocalFile file;
  Progress progress;
};

struct Uploaded {
  std::string id;           // of the whole upload; empty when it failed, or ...
  bool is_unknown = false;  // ... the server does not have such uploads
  Reply reply{};            // why it failed
};

/// Sends what the server does not have of a file, from where `record` tells or from its beginning.
/// A connection that breaks is tried again, with pauses that grow. Throws FileError, also when the
/// file changes meanwhile.
Uploaded run_upload(HttpSession& session, Log& log, const Upload& upload, UploadRecord& record);

}  // namespace millrace::client::detail
