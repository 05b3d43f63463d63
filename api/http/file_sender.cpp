#include "api/http/file_sender.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

#include "api/http/blocking_work.hpp"

#include <sys/sendfile.h>

namespace millrace::http {

namespace {

constexpr std::uint64_t kTurnBytes = 16u << 20;  // then others have their turn

struct Sent {
  std::uint64_t bytes = 0;
  FileSender::Outcome outcome = FileSender::Outcome::More;
};

Sent send_some(int connection, int file, std::uint64_t first, std::uint64_t wanted) {
  using Outcome = FileSender::Outcome;
  Sent sent;
  auto offset = static_cast<off_t>(first);
  while (sent.bytes < wanted) {
    const auto size =
        ::sendfile(connection, file, &offset, static_cast<std::size_t>(wanted - sent.bytes));
    if (size > 0) {
      sent.bytes += static_cast<std::uint64_t>(size);
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      sent.outcome = Outcome::Full;
    } else {
      const bool is_gone = size < 0 && (errno == EPIPE || errno == ECONNRESET ||
                                        errno == ENOTCONN || errno == ETIMEDOUT);
      sent.outcome = is_gone ? Outcome::Gone : Outcome::Broken;
    }
    break;
  }
  return sent;
}

}  // namespace

std::shared_ptr<FileSender> FileSender::open(IoThread& io, std::shared_ptr<ObjectReader> reader,
                                             int connection, std::uint64_t first,
                                             std::uint64_t count,
                                             std::function<void(Outcome)> done) {
  if (reader->descriptor() < 0) return nullptr;
  detail::FileDescriptor own{::fcntl(connection, F_DUPFD_CLOEXEC, 0)};
  if (!own) return nullptr;
  return std::shared_ptr<FileSender>{
      new FileSender{io, Ends{std::move(reader), std::move(own)}, first, count, std::move(done)}};
}

FileSender::FileSender(IoThread& io, Ends ends, std::uint64_t first, std::uint64_t count,
                       std::function<void(Outcome)> done)
    : io_{io},
      ends_{std::make_shared<const Ends>(std::move(ends))},
      next_{first},
      left_{count},
      done_{std::move(done)} {}

void FileSender::send() {
  io_.blocking().submit([io = io_.weak_from_this(), self = weak_from_this(), ends = ends_,
                         first = next_, wanted = std::min(left_, kTurnBytes)]() mutable {
    const auto sent = send_some(ends->connection.get(), ends->reader->descriptor(), first, wanted);
    ends.reset();
    if (const auto alive = io.lock())
      alive->post([self = std::move(self), sent] {
        const auto sender = self.lock();
        if (!sender) return;
        sender->next_ += sent.bytes;
        sender->left_ -= sent.bytes;
        sender->done_(sender->left_ == 0 ? Outcome::Whole : sent.outcome);
      });
  });
}

}  // namespace millrace::http
