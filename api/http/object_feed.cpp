#include "api/http/object_feed.hpp"

#include <algorithm>

#include "api/http/blocking_work.hpp"

namespace millrace::http {

ObjectFeed::ObjectFeed(IoThread& io, std::shared_ptr<ObjectReader> reader, std::uint64_t first,
                       std::uint64_t count, std::function<void()> wake)
    : io_{io},
      reader_{std::move(reader)},
      wake_{std::move(wake)},
      first_{first},
      to_fetch_{count},
      to_take_{count} {}

std::optional<std::string> ObjectFeed::take() {
  auto piece = std::exchange(ready_, std::nullopt);
  if (piece) to_take_ -= piece->size();
  is_awaited_ = !piece;
  if (!is_fetching_ && !is_broken_ && to_fetch_ > 0) fetch();
  return piece;
}

void ObjectFeed::fetch() {
  is_fetching_ = true;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, to_fetch_));
  const auto seek = std::exchange(has_begun_, true) ? 0 : first_;
  io_.blocking().submit(
      [io = io_.weak_from_this(), self = weak_from_this(), reader = reader_, seek, wanted] {
        std::string bytes(wanted, '\0');
        std::size_t size = 0;
        auto good = seek == 0 || reader->seek(seek).ok();
        while (good && size < wanted) {
          const auto read = reader->read({bytes.data() + size, wanted - size});
          good = read.ok() && *read > 0;
          if (good) size += *read;
        }
        if (const auto alive = io.lock())
          alive->post([self, good, bytes = std::move(bytes)]() mutable {
            if (const auto feed = self.lock()) feed->on_fetched(good, std::move(bytes));
          });
      });
}

void ObjectFeed::on_fetched(bool is_good, std::string bytes) {
  is_fetching_ = false;
  if (is_good) {
    to_fetch_ -= bytes.size();
    ready_ = std::move(bytes);
  } else {
    is_broken_ = true;
  }
  if (std::exchange(is_awaited_, false)) wake_();
}

}  // namespace millrace::http
