#include "client/src/upload.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

#include <millrace/client/error.hpp>

#include "client/src/reply_reader.hpp"

namespace millrace::client::detail {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestPause{30'000};
constexpr milliseconds kStep{100};  // after which somebody who waits is asked whether to go on

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    const unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) out += kDigits[bits >> shift & 63];
  }
  const auto left = text.size() % 3;
  if (left > 0) out.replace(out.size() - (3 - left), 3 - left, 3 - left, '=');
  return out;
}

// The id is the last part of the upload's address. The rest of it is not believed: the token goes
// to the server of the registry alone.
std::string id_in(std::string_view location) {
  location = location.substr(0, location.find_first_of("?#"));
  while (!location.empty() && location.back() == '/') location.remove_suffix(1);
  const std::string id{location.substr(location.rfind('/') + 1)};
  return is_upload_id(id) ? id : std::string{};
}

bool is_worth_another_try(const HttpAnswer& answer) {
  constexpr std::array kStatuses{408L, 409L, 423L, 429L, 500L, 502L, 503L, 504L};
  const auto status = answer.head.status;
  if (status >= 400)
    return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
  return !answer.problem.empty() && !answer.is_stopped;
}

bool is_gone(const HttpAnswer& answer) {
  return answer.head.status == 404 || answer.head.status == 410;
}

class Transfer {
 public:
  Transfer(HttpSession& session, Log& log, const Upload& upload, UploadRecord& record)
      : session_{session},
        log_{log},
        upload_{upload},
        record_{record},
        size_{upload.file.size_bytes} {}

  Uploaded run() {
    bool is_behind = !record_.id().empty();  // where it stands is not known
    for (bool has_begun_anew = false;;) {
      if (record_.id().empty()) {
        if (!create()) return failed();
        offset_ = 0;
        is_behind = false;
      }
      const auto step = is_behind ? look() : send_piece();
      is_behind = step == Step::Lost;
      switch (step) {
        case Step::Done:
          if (offset_ == size_ && !is_behind) return {.id = record_.id()};
          break;
        case Step::Lost:
          if (!pause()) return failed();
          break;
        case Step::Gone:
          record_.forget();
          if (has_begun_anew) return failed();
          has_begun_anew = true;
          break;
        case Step::Failed:
          return failed();
      }
    }
  }

 private:
  enum class Step { Done, Lost, Gone, Failed };

  HttpRequest request(std::string method, const std::string& id) const {
    HttpRequest made;
    made.method = std::move(method);
    made.url = upload_.address + (id.empty() ? "" : id + "/");
    made.headers = upload_.headers();
    made.headers.emplace_back("Tus-Resumable", "1.0.0");
    return made;
  }

  bool create() {
    auto post = request("POST", "");
    post.headers.emplace_back("Upload-Length", std::to_string(size_));
    post.headers.emplace_back("Upload-Metadata",
                              "filename " + base64(upload_.file.path.filename().string()));
    answer_ = session_.send(post);
    const auto status = answer_.head.status;
    is_unknown_ = status == 404 || status == 405;
    const auto id = status == 201 ? id_in(answer_.head.get("location")) : std::string{};
    if (id.empty()) return false;
    record_.keep(id);
    return true;
  }

  // Asks where to go on.
  Step look() {
    answer_ = session_.send(request("HEAD", record_.id()));
    if (answer_.head.status != 200) return other_step();
    const auto offset = number_of(answer_.head.get("upload-offset"));
    const auto length = number_of(answer_.head.get("upload-length"));
    if (!offset || length != size_ || *offset > size_) return Step::Gone;
    if (*offset > 0 && !has_told_)
      log_.write(LogLevel::Info, "The upload of " + upload_.file.path.string() + " goes on at " +
                                     std::to_string(*offset) + " of " + std::to_string(size_) +
                                     " bytes");
    has_told_ = true;
    return arrived_at(*offset);
  }

  Step send_piece() {
    if (offset_ == size_) return Step::Done;
    if (LocalFile::look(upload_.file.path) != upload_.file)
      throw FileError{"the file was changed while it was uploaded: " + upload_.file.path.string()};
    auto patch = request("PATCH", record_.id());
    patch.headers.emplace_back("Upload-Offset", std::to_string(offset_));
    patch.headers.emplace_back("Content-Type", "application/offset+octet-stream");
    const auto count = std::min(session_.options().piece_bytes, size_ - offset_);
    patch.body = FilePiece{upload_.file.path.string(), offset_, count};
    if (upload_.progress) {
      patch.progress = [this](std::uint64_t done, std::uint64_t) {
        return upload_.progress(offset_ + done, size_);
      };
    }
    answer_ = session_.send(patch);
    if (answer_.head.status != 204 || answer_.is_stopped) return other_step();
    const auto offset = number_of(answer_.head.get("upload-offset"));
    if (!offset || *offset <= offset_ || *offset > offset_ + count) {
      answer_.problem = "the server does not say where the upload stands";
      return Step::Failed;
    }
    return arrived_at(*offset);
  }

  Step arrived_at(std::uint64_t offset) {
    if (offset > furthest_) tries_ = 0;
    furthest_ = std::max(furthest_, offset);
    offset_ = offset;
    return is_wanted() ? Step::Done : Step::Failed;
  }

  // Tells how far it has come; false when somebody has stopped it.
  bool is_wanted() {
    if (!upload_.progress || upload_.progress(offset_, size_)) return true;
    answer_.head.status = 0;
    answer_.problem = "stopped";
    return false;
  }

  [[nodiscard]] Step other_step() const {
    if (is_gone(answer_)) return Step::Gone;
    return is_worth_another_try(answer_) ? Step::Lost : Step::Failed;
  }

  // Waits before the next try; false when there is none.
  bool pause() {
    const auto& options = session_.options();
    if (++tries_ >= options.max_tries) return false;
    auto left = options.first_pause;
    for (int i = 1; i < tries_ && left < kLongestPause; ++i) left *= 2;
    left = std::min(left, kLongestPause);
    log_.write(LogLevel::Warning, "The upload of " + upload_.file.path.string() +
                                      " is held up: " + read_reply(answer_).problem +
                                      "; another try in " + std::to_string(left.count()) + " ms");
    while (left > milliseconds{0}) {
      const auto step = std::min(left, kStep);
      std::this_thread::sleep_for(step);
      left -= step;
      if (!is_wanted()) return false;
    }
    return true;
  }

  [[nodiscard]] Uploaded failed() const {
    auto reply = read_reply(answer_);
    if (reply.ok()) reply.problem = "the server did not take the upload";
    return {.id = {}, .is_unknown = is_unknown_, .reply = std::move(reply)};
  }

  HttpSession& session_;
  Log& log_;
  const Upload& upload_;
  UploadRecord& record_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0, furthest_ = 0;  // bytes
  int tries_ = 0;                            // in a row that brought nothing
  bool has_told_ = false, is_unknown_ = false;
  HttpAnswer answer_;
};

}  // namespace

Uploaded run_upload(HttpSession& session, Log& log, const Upload& upload, UploadRecord& record) {
  return Transfer{session, log, upload, record}.run();
}

}  // namespace millrace::client::detail
