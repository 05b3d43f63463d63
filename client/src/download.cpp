#include "client/src/download.hpp"

#include <charconv>
#include <optional>
#include <system_error>

#include <millrace/client/error.hpp>

#include "client/src/file_name.hpp"
#include "client/src/partial_file.hpp"
#include "client/src/reply_reader.hpp"

namespace millrace::client::detail {
namespace {

constexpr int kMaxRequests = 3;  // two tries, and one anew when a part turned out to be of no use

std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

// Returns where the part begins that a 206 brings ("bytes 7-99/100"), nothing when unreadable.
std::optional<std::uint64_t> first_byte(std::string_view content_range) {
  constexpr std::string_view kUnit = "bytes ";
  if (!content_range.starts_with(kUnit)) return std::nullopt;
  content_range.remove_prefix(kUnit.size());
  std::uint64_t first = 0;
  const auto end = content_range.data() + content_range.size();
  const auto read = std::from_chars(content_range.data(), end, first);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '-') return std::nullopt;
  return first;
}

// What one request did to the part.
enum class Step { Done, Refused, Lost, Useless };

// Fetches what the part lacks.
class Attempt {
 public:
  Attempt(HttpSession& session, const Download& download, PartialFile& part)
      : session_{session}, download_{download}, part_{part} {}

  Step run() {
    HttpRequest request;
    request.url = download_.url;
    request.headers = download_.headers;
    const auto address = without_query(download_.url);
    const auto tag = part_.tag(address);
    const auto before = tag.empty() ? 0 : part_.size();
    if (before > 0) {
      request.headers.emplace_back("Range", "bytes=" + std::to_string(before) + "-");
      request.headers.emplace_back("If-Range", tag);
    }
    std::uint64_t already = 0;  // bytes that this answer does not bring
    request.begin = [&](const HttpHead& head) {
      if (head.status == 200) {
        part_.begin(address, head.get("etag"));
        return true;
      }
      const auto is_rest = head.status == 206 && before > 0 &&
                           first_byte(head.get("content-range")) == before &&
                           (head.get("etag").empty() || head.get("etag") == tag);
      if (is_rest) already = before;
      return is_rest;
    };
    request.data = [&](std::string_view bytes) { part_.append(bytes); };
    if (download_.progress) {
      request.progress = [&](std::uint64_t done, std::uint64_t total) {
        return download_.progress(already + done, total == 0 ? 0 : already + total);
      };
    }
    answer = session_.send(request);
    const auto status = answer.head.status;
    if (answer.is_lost) return Step::Lost;
    const bool is_whole = answer.problem.empty();
    if (is_whole && (status == 200 || (status == 206 && already > 0))) return Step::Done;
    // 416: the part is longer than the file, or as long; another 206: not what was asked for.
    return is_whole && before > 0 && (status == 416 || status == 206) ? Step::Useless
                                                                      : Step::Refused;
  }

  HttpAnswer answer;

 private:
  HttpSession& session_;
  const Download& download_;
  PartialFile& part_;
};

std::string name_of(const Download& download, const HttpAnswer& answer) {
  auto name = safe_file_name(download.name);
  if (name.empty())
    name = safe_file_name(disposition_file_name(answer.head.get("content-disposition")));
  return name.empty() ? safe_file_name(download.stem) : name;
}

void check_free(const Download& download, const std::string& name) {
  if (!download.keeps_existing || name.empty()) return;
  const auto path = (download.folder / name).lexically_normal();
  std::error_code failed;
  if (std::filesystem::symlink_status(path, failed).type() == std::filesystem::file_type::not_found)
    return;
  throw FileExistsError{"there is a file of that name already: " + path.string()};
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw FileError{"cannot make the folder " + folder.string() + ": " + failed.message()};
}

}  // namespace

Downloaded run_download(HttpSession& session, const Download& download) {
  check_free(download, safe_file_name(download.name));
  make_folder(download.folder);
  PartialFile part{download.folder, download.stem};
  Attempt attempt{session, download, part};
  int lost = 0;
  for (int i = 0; i < kMaxRequests; ++i) {
    const auto step = attempt.run();
    if (step == Step::Done) {
      const auto name = name_of(download, attempt.answer);
      check_free(download, name);
      const auto path = download.folder / name;
      part.publish(path);
      return {path, {}};
    }
    if (step == Step::Refused || (step == Step::Lost && ++lost == 2)) break;
    if (step == Step::Useless) part.begin(without_query(download.url), "");
  }
  // Whatever may be continued stays.
  if (part.tag(without_query(download.url)).empty()) part.discard();
  auto reply = read_reply(attempt.answer);
  if (reply.ok()) reply.problem = "the answer is no file";
  return {{}, std::move(reply)};
}

}  // namespace millrace::client::detail
