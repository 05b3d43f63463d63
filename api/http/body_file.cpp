#include "api/http/body_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "api/http/message.hpp"

namespace millrace::http {

namespace {

Result<detail::FileDescriptor> open_unnamed(const std::filesystem::path& folder) {
  detail::FileDescriptor file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file) return file;
  // Some file systems have no files without a name.
  if (errno != EOPNOTSUPP && errno != EISDIR)
    return system_error("keep body", folder.string(), errno);
  auto name = (folder / "body-XXXXXX").string();
  file = detail::FileDescriptor{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file) return system_error("keep body", folder.string(), errno);
  ::unlink(name.c_str());
  return file;
}

}  // namespace

Result<void> BodyFile::write(std::string_view bytes) {
  if (!file_) {
    MR_TRY(file_, open_unnamed(folder_));
  }
  while (!bytes.empty()) {
    const auto written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("keep body", folder_.string(), errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::size_t>(written);
  }
  return {};
}

Result<std::string> BodyFile::read() const {
  std::string bytes(size_, '\0');
  std::size_t done = 0;
  while (done < size_) {
    const auto got =
        ::pread(file_.get(), bytes.data() + done, size_ - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return system_error("read body", folder_.string(), got < 0 ? errno : EIO);
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<void> load_body(Request& request) {
  const auto file = std::exchange(request.body_file, nullptr);
  if (!file) return {};
  if (request.body_share && !request.body_share->try_hold(file->size()))
    return Error{Code::Unavailable,
                 "the bodies of other requests take all memory that there is for them: try again "
                 "in a second"};
  MR_TRY(request.body, file->read());
  return {};
}

}  // namespace millrace::http
