#include "client/src/http_session.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <unistd.h>

#include <curl/curl.h>

#include <millrace/client/error.hpp>

namespace millrace::client::detail {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxRefusalBytes = std::size_t{64} << 10;
constexpr long kBufferBytes = 256L << 10;

struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct MimeFree {
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};
using List = std::unique_ptr<curl_slist, ListFree>;
using Mime = std::unique_ptr<curl_mime, MimeFree>;

void append(List& list, const std::string& line) {
  auto* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc{};
  (void)list.release();
  list.reset(longer);
}

bool is_connection_failure(CURLcode code) {
  constexpr std::array kCodes{CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
                              CURLE_SEND_ERROR,           CURLE_RECV_ERROR,
                              CURLE_GOT_NOTHING,          CURLE_PARTIAL_FILE};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

// Of a URL, what may stand in a log: a query can hold a signature.
std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

Mime mime_of(CURL* handle, const MultipartBody& body) {
  Mime mime{curl_mime_init(handle)};
  if (mime == nullptr) throw std::bad_alloc{};
  const auto add = [&](const std::string& name) {
    auto* part = curl_mime_addpart(mime.get());
    if (part == nullptr || curl_mime_name(part, name.c_str()) != CURLE_OK) throw std::bad_alloc{};
    return part;
  };
  for (const auto& [name, value] : body.fields) {
    if (curl_mime_data(add(name), value.data(), value.size()) != CURLE_OK) throw std::bad_alloc{};
  }
  if (body.file && curl_mime_filedata(add("file"), body.file->c_str()) != CURLE_OK)
    throw FileError{"the file cannot be read: " + *body.file};
  return mime;
}

// Where to, how, and how long.
void set_connection(CURL* handle, const ConnectionOptions& options) {
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  auto ca = options.ca_file.string();
  if (const char* file = std::getenv("SSL_CERT_FILE"); ca.empty() && file != nullptr) ca = file;
  if (!ca.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, ca.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "millrace-client/" MILLRACE_CLIENT_VERSION);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
}

// Bytes of a file on their way out.
class PieceReader {
 public:
  PieceReader(CURL* handle, const FilePiece& piece)
      : file_{::open(piece.file.c_str(), O_RDONLY | O_CLOEXEC)},
        next_{piece.first},
        left_{piece.count} {
    if (file_ < 0) throw FileError{"the file cannot be read: " + piece.file};
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(piece.count));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(handle, CURLOPT_READDATA, this);
  }
  ~PieceReader() { ::close(file_); }
  PieceReader(const PieceReader&) = delete;
  PieceReader& operator=(const PieceReader&) = delete;

 private:
  static std::size_t give(char* buffer, std::size_t, std::size_t size, void* user) {
    auto& self = *static_cast<PieceReader*>(user);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, self.left_));
    if (wanted == 0) return 0;
    const auto got = ::pread(self.file_, buffer, wanted, static_cast<off_t>(self.next_));
    if (got <= 0) return CURL_READFUNC_ABORT;  // it has become shorter, or its disk fails
    self.next_ += static_cast<std::uint64_t>(got);
    self.left_ -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

  int file_;
  std::uint64_t next_, left_;  // bytes
};

// What goes out, set on a handle, for which it must live until the transfer has ended.
class Outgoing {
 public:
  Outgoing(CURL* handle, const HttpRequest& request) {
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    for (const auto& [name, value] : request.headers) append(headers_, name + ": " + value);
    if (const auto* form = std::get_if<FormBody>(&request.body)) {
      body_ = encode_form(form->fields);
    } else if (const auto* json = std::get_if<JsonBody>(&request.body)) {
      body_ = json->text;
      append(headers_, "Content-Type: application/json");
    } else if (const auto* multipart = std::get_if<MultipartBody>(&request.body)) {
      mime_ = mime_of(handle, *multipart);
      curl_easy_setopt(handle, CURLOPT_MIMEPOST, mime_.get());
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers_.get());
    if (request.method == "GET") return;
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
    if (const auto* piece = std::get_if<FilePiece>(&request.body)) {
      piece_ = std::make_unique<PieceReader>(handle, *piece);
    } else if (request.method == "HEAD") {
      curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
      return;
    } else if (mime_ == nullptr && request.method != "DELETE") {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body_.c_str());
    }
    if (request.method != "POST")
      curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

 private:
  List headers_;
  std::string body_;
  Mime mime_;
  std::unique_ptr<PieceReader> piece_;
};

// Whether a request sends a file, and so may take long.
bool sends_file(const HttpRequest& request) {
  return std::holds_alternative<MultipartBody>(request.body) ||
         std::holds_alternative<FilePiece>(request.body);
}

}  // namespace

std::string_view HttpHead::get(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

// A request under way, as the callbacks of libcurl see it. None of them lets an exception out.
struct HttpSession::Transfer {
  const HttpRequest& request;
  std::size_t max_bytes;
  CURL* handle;
  HttpAnswer answer{};
  std::size_t header_bytes = 0;
  bool has_begun = false, is_taken = false;
  bool is_too_large = false, is_stopped = false;
  std::exception_ptr failure{};
  std::array<char, CURL_ERROR_SIZE> why{};

  // Sets the callbacks.
  void connect() {
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why.data());
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
    if (!request.progress) return;
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, this);
  }

  // Completes the answer.
  void finish(CURLcode code) {
    try {
      if (code == CURLE_OK) begin();  // a body of no bytes calls nobody
    } catch (...) {
      failure = std::current_exception();
    }
    // A refusal that came while the request was still on its way is an answer too.
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.head.status);
    if (is_too_large) {
      answer.problem = "the answer is larger than it may be";
    } else if (is_stopped) {
      answer.problem = "stopped";
      answer.is_stopped = true;
    } else if (code != CURLE_OK) {
      answer.problem = why[0] != '\0' ? why.data() : curl_easy_strerror(code);
      answer.is_lost = is_connection_failure(code);
    }
  }

  // Tells the taker of the body that the head is there.
  void begin() {
    if (has_begun) return;
    has_begun = true;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.head.status);
    is_taken = request.begin && request.begin(answer.head);
    if (request.begin && !is_taken) max_bytes = kMaxRefusalBytes;
  }

  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    try {
      const std::string_view line{data, size};
      if (line.starts_with("HTTP/"))
        self.answer.head.headers.clear();  // an interim one went before
      self.header_bytes += size;
      if (self.header_bytes > kMaxHeaderBytes) {
        self.is_too_large = true;
        return 0;
      }
      const auto colon = line.find(':');
      if (colon == std::string_view::npos) return size;
      std::string name{line.substr(0, colon)};
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      auto value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
      value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
      self.answer.head.headers.emplace(std::move(name), value);
      return size;
    } catch (...) {
      self.failure = std::current_exception();
      return 0;
    }
  }

  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& self = *static_cast<Transfer*>(user);
    try {
      self.begin();
      if (self.is_taken) {
        self.request.data({data, size});
        return size;
      }
      if (self.answer.body.size() + size > self.max_bytes) {
        self.is_too_large = true;
        return 0;
      }
      self.answer.body.append(data, size);
      return size;
    } catch (...) {
      self.failure = std::current_exception();
      return 0;
    }
  }

  static int look(void* user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                  curl_off_t up) {
    auto& self = *static_cast<Transfer*>(user);
    const bool is_upload = sends_file(self.request);
    if (!is_upload && !self.is_taken) return 0;
    try {
      self.is_stopped =
          !self.request.progress(static_cast<std::uint64_t>(is_upload ? up : down),
                                 static_cast<std::uint64_t>(is_upload ? up_total : down_total));
      return self.is_stopped ? 1 : 0;
    } catch (...) {
      self.failure = std::current_exception();
      return 1;
    }
  }
};

HttpSession::HttpSession(ConnectionOptions options, std::shared_ptr<Log> log)
    : options_{std::move(options)}, log_{std::move(log)} {
  static const auto kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  handle_ = kReady == CURLE_OK ? curl_easy_init() : nullptr;
  if (handle_ == nullptr) throw ConfigInitializationError{"libcurl cannot be used"};
}

HttpSession::~HttpSession() { curl_easy_cleanup(handle_); }

HttpAnswer HttpSession::send(const HttpRequest& request) {
  auto answer = send_once(request);
  if (answer.is_lost && request.method == "GET" && !request.begin) answer = send_once(request);
  return answer;
}

HttpAnswer HttpSession::send_once(const HttpRequest& request) {
  CURL* handle = handle_;
  // Open connections outlive this; no option does.
  curl_easy_reset(handle);
  Transfer transfer{.request = request, .max_bytes = options_.max_reply_bytes, .handle = handle};
  set_connection(handle, options_);
  const bool is_file = request.begin || sends_file(request);
  if (is_file) {
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(options_.stall_timeout.count()));
  } else {
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(options_.request_timeout.count()));
  }
  transfer.connect();
  const Outgoing outgoing{handle, request};

  const auto started = std::chrono::steady_clock::now();
  const auto code = curl_easy_perform(handle);
  transfer.finish(code);
  // What the handle points to goes away now.
  curl_easy_reset(handle);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  log_->write(LogLevel::Debug, request.method + " " + without_query(request.url) + " " +
                                   std::to_string(transfer.answer.head.status) +
                                   " ms=" + std::to_string(took.count()));
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  return std::move(transfer.answer);
}

}  // namespace millrace::client::detail
